package tui

// sheetActions are those of what lies over the panes.
func sheetActions() []action {
	return []action{
		{id: "filter.keep", on: onFilter, keys: "enter", does: "keep what is typed", footer: "keep", run: (*model).keepFilter},
		{id: "filter.drop", on: onFilter, keys: "esc", does: "back to the list as it was", footer: "cancel", run: (*model).dropFilter},
		{id: "line.take", on: onLine, keys: "enter", does: "take what is typed", run: (*model).takeLine},
		{id: "line.drop", on: onLine, keys: "esc", does: "away with it", run: (*model).dropLine},
		{id: "menu.up", on: onMenu, keys: "up", does: "choose", footer: "choose", run: (*model).menuUp},
		{id: "menu.down", on: onMenu, keys: "down", with: "menu.up", run: (*model).menuDown},
		{id: "menu.take", on: onMenu, keys: "enter", does: "take what is chosen", footer: "take", run: (*model).takeChoice},
		{id: "menu.drop", on: onMenu, keys: "esc", does: "away with the menu", footer: "cancel", run: (*model).lift},
		{id: "help.close", on: onHelp, keys: "esc q ? enter", does: "close this help", footer: "close", run: (*model).lift},
		{id: "help.up", on: onHelp, keys: "up k", does: "scroll", footer: "scroll", run: (*model).helpUp},
		{id: "help.down", on: onHelp, keys: "down j", with: "help.up", run: (*model).helpDown},
	}
}

// appActions are those of the whole dashboard.
func appActions() []action {
	return []action{
		{id: "help", on: onPanes, keys: "?", does: "this help", footer: "help", run: (*model).openHelp},
		{id: "reconnect", on: onAll, keys: "ctrl+r", does: "try to reconnect now", run: (*model).reconnect},
		{id: "suspend", on: onAll, keys: "ctrl+z", does: "suspend; fg brings it back", run: (*model).suspend},
		{id: "quit", on: onList, keys: "q", does: "quit", footer: "quit", run: (*model).quit},
		{id: "quit.now", on: onAll, keys: "ctrl+c", does: "quit, from everywhere", run: (*model).quit},
	}
}
