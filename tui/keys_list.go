package tui

// listActions are those of the list.
func listActions() []action {
	return []action{
		{id: "list.up", on: onList, keys: "up k", does: "select the request above", both: "select a request", label: unlessEmpty("select", "earlier"), run: (*model).rowUp},
		{id: "list.down", on: onList, keys: "down j", does: "select the request below", with: "list.up", run: (*model).rowDown},
		{id: "detail.open", on: onList, keys: "enter right l", does: "open the selected request", label: unlessMarked("open"), run: (*model).openSelected},
		{id: "filter.open", on: onList, keys: "/", does: "filter the list, and find in earlier runs", label: unlessMarked("filter"), run: (*model).openFilter,
			arg: "FILTER", take: (*model).setFilter},
		{id: "list.page-up", on: onList, keys: "pgup ctrl+b", does: "a page up", both: "a page up, a page down", run: (*model).pageUp},
		{id: "list.page-down", on: onList, keys: "pgdown ctrl+f", does: "a page down", with: "list.page-up", run: (*model).pageDown},
		{id: "list.half-up", on: onList, keys: "ctrl+u", does: "half a page up", both: "half a page up, half a page down", run: (*model).halfUp},
		{id: "list.half-down", on: onList, keys: "ctrl+d", does: "half a page down", with: "list.half-up", run: (*model).halfDown},
		{id: "list.oldest", on: onList, keys: "g home", does: "go to the oldest request", run: (*model).oldest},
		{id: "list.newest", on: onList, keys: "G end", does: "go to the newest, and follow what comes", run: (*model).newest},
		{id: "list.follow", on: onList, keys: "F", does: "follow what comes, or stand still", run: (*model).toggleFollow},
		{id: "list.mark", on: onList, keys: "space", does: "mark the request: keys act on all that are marked", run: (*model).markSelected},
		{id: "list.mark-range", on: onList, keys: "v", does: "mark a range while moving; again: it ends here", run: (*model).markRange},
		{id: "list.mark-all", on: onList, keys: "*", does: "mark all that are shown; again: none", run: (*model).markAll},
		{id: "list.marked-only", on: onList, keys: "M", does: "show the marked ones only", run: (*model).onlyMarked},
		{id: "filter.by-value", on: onList, keys: "f", does: "filter by a value that the request has", run: (*model).filterByValue},
		{id: "filter.without", on: onPanes, keys: "!", does: "exclude: the value that is chosen next is left out", run: (*model).leaveOutNext},
		{id: "list.order", on: onList, keys: "o", does: "sort by duration, size, status, path …", run: (*model).openOrder},
		{id: "list.columns", on: onList, keys: "s", does: "choose the columns", run: (*model).openColumns},
		{id: "list.clear", on: onList, keys: "z", does: "hide what has come until now; nothing is deleted", run: (*model).clearView},
		{id: "view.next", on: onList, keys: ">", does: "the next saved view", both: "the next saved view, the one before", run: (*model).nextView},
		{id: "view.previous", on: onList, keys: "<", does: "the saved view before", with: "view.next", run: (*model).previousView},
		{id: "view.menu", on: onList, keys: "V", does: "choose or delete a saved view", run: (*model).openViews,
			arg: "NAME", take: (*model).viewNamed},
		{id: "view.save", on: onList | onFilter, keys: "ctrl+s", does: "save the filter as a view", run: (*model).saveView},
		{id: "list.back", on: onList, keys: "esc", does: "close the request, show hidden rows, clear the filter", run: (*model).backOnList},
		{id: "filter.earlier", on: onFilter, keys: "up", does: "a filter that was kept earlier", both: "a filter that was kept earlier, a later one", footer: "earlier", run: (*model).earlierFilter},
		{id: "filter.later", on: onFilter, keys: "down", does: "a filter that was kept later", with: "filter.earlier", run: (*model).laterFilter},
		{id: "filter.complete", on: onFilter, keys: "tab", does: "complete the word", footer: "complete", run: (*model).completeFilter},
		{id: "filter.row-up", on: onFilter, keys: "ctrl+p", does: "select the request above meanwhile", both: "select a request meanwhile", run: (*model).rowUp},
		{id: "filter.row-down", on: onFilter, keys: "ctrl+n", does: "select the request below meanwhile", with: "filter.row-up", run: (*model).rowDown},
	}
}
