package tui

// sheetActions are those of what lies over the panes.
func sheetActions() []action {
	return []action{
		{id: "filter.keep", on: onFilter, keys: "enter", does: "keep what is typed", footer: "keep", run: (*model).keepFilter},
		{id: "filter.drop", on: onFilter, keys: "esc", does: "back to the list as it was", footer: "cancel", run: (*model).dropFilter},
		{id: "line.take", on: onLine, keys: "enter", does: "take what is typed", run: (*model).takeLine},
		{id: "line.drop", on: onLine, keys: "esc", does: "cancel", run: (*model).dropLine},
		{id: "menu.up", on: onMenu, keys: "up", does: "choose the one above", both: "choose", footer: "choose", run: (*model).menuUp},
		{id: "menu.down", on: onMenu, keys: "down", does: "choose the one below", with: "menu.up", run: (*model).menuDown},
		{id: "menu.take", on: onMenu, keys: "enter", does: "take what is chosen", footer: "take", run: (*model).takeChoice},
		{id: "menu.drop", on: onMenu, keys: "esc", does: "close the menu", footer: "cancel", run: (*model).lift},
		{id: "actions.up", on: onActions, keys: "up", does: "choose the action above", both: "choose an action", run: (*model).actionUp},
		{id: "actions.down", on: onActions, keys: "down", does: "choose the action below", with: "actions.up", run: (*model).actionDown},
		{id: "actions.page-up", on: onActions, keys: "pgup", does: "a page up", both: "a page up, a page down", run: (*model).actionPageUp},
		{id: "actions.page-down", on: onActions, keys: "pgdown", does: "a page down", with: "actions.page-up", run: (*model).actionPageDown},
		{id: "actions.take", on: onActions, keys: "enter", does: "do it", run: (*model).takeAction},
		{id: "actions.drop", on: onActions, keys: "esc", does: "close the list", run: (*model).lift},
	}
}

// appActions are those of the whole dashboard.
func appActions() []action {
	return []action{
		{id: "palette", on: onPanes, keys: ":", does: "find any action by a few letters", run: (*model).openPalette},
		{id: "reconnect", on: onAll, keys: "ctrl+r", does: "try to reconnect now", run: (*model).reconnect},
		{id: "suspend", on: onAll, keys: "ctrl+z", does: "suspend; fg brings it back", run: (*model).suspend},
		{id: "quit", on: onList, keys: "q", does: "quit", footer: "quit", run: (*model).quitAsking},
		{id: "quit.now", on: onAll, keys: "ctrl+c", does: "quit, from everywhere", run: (*model).quit},
		{id: "help", on: onAll &^ onActions, keys: "? f1", does: "show the keys that work here", footer: "help", run: (*model).openHelp},
	}
}
