package pane

import (
	"log/slog"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// logIndent is where the text of a log's entry begins: behind the time and the level.
const logIndent = clockShort + 1 + 5 + 1

// LogEntry draws a line of the program's log, on as many lines as it takes.
func (l Look) LogEntry(e inspect.Entry) []string {
	style := l.Quiet
	switch {
	case e.Level >= slog.LevelError:
		style = l.Bad
	case e.Level >= slog.LevelWarn:
		style = l.Warn
	}
	begin := l.Quiet.Render(l.clock(e.At, clockShort)) + " " + style.Render(Pad(e.Level.String(), 5)) + " "
	text := undisputed(view.Sanitize(e.Text))
	if l.Width < 2*logIndent {
		return append([]string{Clip(begin, l.Width)}, Words(text, l.Width)...)
	}
	var lines []string
	for _, part := range Words(text, l.Width-logIndent) {
		lines = append(lines, begin+part)
		begin = blank(logIndent)
	}
	return lines
}
