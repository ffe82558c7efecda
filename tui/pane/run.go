package pane

import "strings"

// Outcome is what came of a request that was sent again with others. All of it is safe to show.
type Outcome struct {
	Verdict string // "passed", "differs", "failed", "not sent"
	Good    bool   // it is as it was
	Request string
	Was, Is string // the statuses
	Took    string
	Changed []string // what differs
}

// Outcome draws a line of the table of a run: what came of it, which request, what its status was and is, how long it took, what differs. The last ones
// give way in narrow terminals.
func (l Look) Outcome(o Outcome, chosen bool) string {
	status, sent := o.Is, o.Verdict != "not sent" // or else it is the reason
	if sent && o.Was != o.Is && o.Was != "" {
		status = o.Was + " → " + o.Is
	}
	line := "  "
	if chosen {
		line = "› "
	}
	verdict, request := Pad(o.Verdict, 9), max(l.Width/3, 16)
	rest := Pad(o.Request, request) + " " + status
	if o.Took != "" && sent {
		rest += " in " + o.Took
	}
	if len(o.Changed) > 0 && !(len(o.Changed) == 1 && strings.HasPrefix(o.Changed[0], "status ")) {
		rest += ": " + strings.Join(o.Changed, ", ")
	}
	if chosen {
		return l.Selected.Render(Pad(line+verdict+rest, l.Width))
	}
	style := l.Bad
	if o.Good {
		style = l.Good
	}
	return Clip(line+style.Render(verdict)+rest, l.Width)
}

// Bar shows how much of something is done, in w cells.
func Bar(done, all, w int) string {
	full := min(w*done/max(all, 1), w)
	return strings.Repeat("█", full) + strings.Repeat("░", w-full)
}
