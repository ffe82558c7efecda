package tui

// headActions are those of the head, and of how the dashboard treats the terminal.
func headActions() []action {
	return []action{
		{id: "figures.next", on: onPanes, keys: "%", does: "show figures of the next endpoint, or of all", run: (*model).nextFigures},
		{id: "url.qr", on: onPanes, keys: "U", does: "show the public URL as a QR code", run: (*model).openQR},
		{id: "log", on: onPanes, keys: "L", does: "show adit's log of this run", run: (*model).openLog},
		{id: "text.up", on: onText, keys: "up k", does: "scroll up", both: "scroll", footer: "scroll", run: (*model).textUp},
		{id: "text.down", on: onText, keys: "down j", does: "scroll down", with: "text.up", run: (*model).textDown},
		{id: "text.page-up", on: onText, keys: "pgup ctrl+b ctrl+u", does: "a page up", both: "a page up, a page down", run: (*model).textPageUp},
		{id: "text.page-down", on: onText, keys: "pgdown ctrl+f ctrl+d space", does: "a page down", with: "text.page-up", run: (*model).textPageDown},
		{id: "text.begin", on: onText, keys: "g home", does: "go to the beginning", both: "the beginning, the end", run: (*model).textBegin},
		{id: "text.end", on: onText, keys: "G end", does: "go to the end", with: "text.begin", run: (*model).textEnd},
		{id: "text.close", on: onText, keys: "esc q enter L U", does: "close", footer: "close", run: (*model).lift},
		{id: "mouse", on: onAll, keys: "ctrl+t", does: "give the mouse to the terminal, or take it back", run: (*model).toggleMouse},
		{id: "redraw", on: onAll, keys: "ctrl+l", does: "redraw the screen", run: (*model).redraw},
	}
}
