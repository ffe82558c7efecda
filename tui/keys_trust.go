package tui

// trustActions are those of the head, and of how the dashboard treats the terminal.
func trustActions() []action {
	return []action{
		{id: "figures.next", on: onPanes, keys: "%", does: "figures of the next endpoint, of all", run: (*model).nextFigures},
		{id: "redraw", on: onAll, keys: "ctrl+l", does: "draw the screen anew", run: (*model).redraw},
	}
}
