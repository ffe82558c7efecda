package tui

import (
	"strconv"

	"github.com/adit-tunnel/adit/tui/pane"
)

// detailActions are those of the open exchange, and of how it shares the screen with the list.
func detailActions() []action {
	actions := []action{
		{id: "detail.up", on: onDetail, keys: "up k", does: "a line up", both: "a line up, a line down", footer: "move", run: (*model).lineUp},
		{id: "detail.down", on: onDetail, keys: "down j", does: "a line down", with: "detail.up", run: (*model).lineDown},
		{id: "tab.previous", on: onPanes, keys: "[", does: "the tab before", both: "the tab before, the next tab", label: whenOpen("tab"), run: (*model).previousTab},
		{id: "tab.next", on: onPanes, keys: "]", does: "the next tab", with: "tab.previous", run: (*model).nextTab},
		{id: "find.open", on: onDetail, keys: "/", does: "find in the open tab", label: unlessThing("find"), run: (*model).openFind},
		{id: "detail.close", on: onDetail, keys: "esc q backspace", does: "clear the search; back to the list", footer: "back", run: (*model).backOnDetail},
		{id: "detail.enter", on: onDetail, keys: "enter", does: "open the replay or message under the cursor", label: whenThing("open"), run: (*model).enter},
		{id: "find.next", on: onDetail, keys: "n", does: "the next place that was found", both: "the next place that was found, the one before", run: (*model).findNext},
		{id: "find.previous", on: onDetail, keys: "N", does: "the place before that was found", with: "find.next", run: (*model).findPrevious},
		{id: "filter.by-this", on: onDetail, keys: "f", does: "filter the list by the value under the cursor", run: (*model).filterByThing},
		{id: "secrets.show", on: onDetail | onPreview, keys: ".", does: "show the masked secrets for ten seconds", run: (*model).reveal},
		{id: "body.open", on: onDetail, keys: "b", does: "the whole body in your pager, jq, or as a picture", run: (*model).openBody},
		{id: "body.path", on: onDetail, keys: "|", does: "show only what a JSON path leads to", run: (*model).openPath},
		{id: "diff.ignore", on: onDetail, keys: "I", does: "leave this difference out from now on, or no more", label: whenThing("ignore", "compare"), run: (*model).ignore},
		{id: "detail.wrap", on: onDetail, keys: "W", does: "wrap long lines, or not", run: (*model).wrap},
		{id: "detail.left", on: onDetail, keys: "left h", does: "scroll long lines to the left by half a screen", both: "scroll long lines sideways by half a screen", run: (*model).scrollLeft},
		{id: "detail.right", on: onDetail, keys: "right l", does: "scroll long lines to the right by half a screen", with: "detail.left", run: (*model).scrollRight},
		{id: "detail.page-up", on: onDetail, keys: "pgup ctrl+b", does: "a page up", both: "a page up, a page down", run: (*model).scrollPageUp},
		{id: "detail.page-down", on: onDetail, keys: "pgdown ctrl+f space", does: "a page down", with: "detail.page-up", run: (*model).scrollPageDown},
		{id: "detail.half-up", on: onDetail, keys: "ctrl+u", does: "half a page up", both: "half a page up, half a page down", run: (*model).scrollHalfUp},
		{id: "detail.half-down", on: onDetail, keys: "ctrl+d", does: "half a page down", with: "detail.half-up", run: (*model).scrollHalfDown},
		{id: "detail.begin", on: onDetail, keys: "g home", does: "go to the beginning", both: "go to the beginning, to the end", run: (*model).scrollHome},
		{id: "detail.end", on: onDetail, keys: "G end", does: "go to the end", with: "detail.begin", run: (*model).scrollEnd},
		{id: "detail.scroll-up", on: onList, keys: "K", does: "scroll the open request up from the list", both: "scroll the open request, the list keeps the keyboard", run: (*model).scrollUp},
		{id: "detail.scroll-down", on: onList, keys: "J", does: "scroll the open request down from the list", with: "detail.scroll-up", run: (*model).scrollDown},
		{id: "pane.other", on: onPanes, keys: "tab shift+tab", does: "go to the other pane", run: (*model).otherPane},
		{id: "pane.grow", on: onPanes, keys: "+", does: "more room for the open request", both: "more room for the open request, less", run: (*model).grow},
		{id: "pane.shrink", on: onPanes, keys: "_", does: "less room for the open request", with: "pane.grow", run: (*model).shrink},
		{id: "pane.turn", on: onPanes, keys: "-", does: "list and request beside or below each other", run: (*model).turn},
	}
	for t := range pane.Tabs {
		name := pane.Tab(t).String()
		a := action{id: "tab." + name, on: onPanes, keys: strconv.Itoa(t + 1), does: "open the tab " + name, with: "tab." + pane.Overview.String(), run: tabKey(pane.Tab(t))}
		if t == 0 {
			a.with, a.both = "", "open a tab: overview, request, response, raw …"
		}
		actions = append(actions, a)
	}
	return actions
}
