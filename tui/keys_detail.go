package tui

// detailActions are those of the open exchange, and of how it shares the screen with the list.
func detailActions() []action {
	return []action{
		{id: "detail.up", on: onDetail, keys: "up k", does: "scroll", footer: "scroll", run: (*model).lineUp},
		{id: "detail.down", on: onDetail, keys: "down j enter", with: "detail.up", run: (*model).lineDown},
		{id: "detail.close", on: onDetail, keys: "esc q backspace", does: "back to the list", footer: "back", run: (*model).backOnDetail},
		{id: "detail.next-section", on: onDetail, keys: "]", does: "from request to response and back", footer: "response", run: (*model).nextSection},
		{id: "detail.page-up", on: onDetail, keys: "pgup ctrl+b", does: "a page up, a page down", run: (*model).scrollPageUp},
		{id: "detail.page-down", on: onDetail, keys: "pgdown ctrl+f space", with: "detail.page-up", run: (*model).scrollPageDown},
		{id: "detail.half-up", on: onDetail, keys: "ctrl+u", does: "half a page up, half a page down", run: (*model).scrollHalfUp},
		{id: "detail.half-down", on: onDetail, keys: "ctrl+d", with: "detail.half-up", run: (*model).scrollHalfDown},
		{id: "detail.begin", on: onDetail, keys: "g home", does: "the beginning, the end", run: (*model).scrollHome},
		{id: "detail.end", on: onDetail, keys: "G end", with: "detail.begin", run: (*model).scrollEnd},
		{id: "detail.scroll-up", on: onList, keys: "K", does: "scroll the open request, the list keeps the keyboard", run: (*model).lineUp},
		{id: "detail.scroll-down", on: onList, keys: "J", with: "detail.scroll-up", run: (*model).lineDown},
		{id: "pane.other", on: onPanes, keys: "tab shift+tab", does: "the other pane", run: (*model).otherPane},
		{id: "pane.grow", on: onPanes, keys: "+", does: "more of the screen for the open request, less", run: (*model).grow},
		{id: "pane.shrink", on: onPanes, keys: "_", with: "pane.grow", run: (*model).shrink},
		{id: "pane.turn", on: onPanes, keys: "-", does: "list and request beside or below each other", run: (*model).turn},
	}
}
