package tui

// listActions are those of the list.
func listActions() []action {
	return []action{
		{id: "list.up", on: onList | onFilter, keys: "up k", does: "select a request", footer: "select", run: (*model).rowUp},
		{id: "list.down", on: onList | onFilter, keys: "down j", with: "list.up", run: (*model).rowDown},
		{id: "detail.open", on: onList, keys: "enter right l", does: "open the selected request", footer: "open", run: (*model).openSelected},
		{id: "filter.open", on: onList, keys: "/", does: "filter the list, and find in earlier runs", footer: "filter", run: (*model).openFilter,
			arg: "FILTER", take: (*model).filterBy},
		{id: "list.page-up", on: onList, keys: "pgup ctrl+b", does: "a page up, a page down", run: (*model).pageUp},
		{id: "list.page-down", on: onList, keys: "pgdown ctrl+f", with: "list.page-up", run: (*model).pageDown},
		{id: "list.half-up", on: onList, keys: "ctrl+u", does: "half a page up, half a page down", run: (*model).halfUp},
		{id: "list.half-down", on: onList, keys: "ctrl+d", with: "list.half-up", run: (*model).halfDown},
		{id: "list.oldest", on: onList, keys: "g home", does: "the oldest request", run: (*model).oldest},
		{id: "list.newest", on: onList, keys: "G end", does: "the newest, and follow", run: (*model).newest},
		{id: "list.mark", on: onList, keys: "space", does: "mark the request: keys act on all that are marked", run: (*model).markSelected},
		{id: "list.back", on: onList, keys: "esc", does: "away with the detail, then the filter; then the newest", run: (*model).backOnList},
	}
}
