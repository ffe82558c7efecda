package pane

import (
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"github.com/adit-tunnel/adit/inspect/view"
)

// showLiveAt is how long an exchange has to last before its time is counted on the screen.
const showLiveAt = time.Second

// Mark is how a row stands out.
type Mark struct {
	Selected bool // keys act on it
	Marked   bool // it is one of several that keys act on
	Under    bool // it is a replay, and stands below its original
}

// sign is what stands before the method.
func (m Mark) sign() string {
	switch {
	case m.Selected && m.Marked:
		return "›●"
	case m.Selected:
		return "› "
	case m.Marked:
		return "● "
	}
	return "  "
}

// Row draws one row of the list; now is for exchanges that have not ended.
func (t Table) Row(r *Row, m Mark, now time.Time) string {
	l := t.look
	var b strings.Builder
	add := func(text string, style lipgloss.Style) {
		if text != "" && !m.Selected && !r.Unkept {
			text = style.Render(text)
		}
		b.WriteString(text)
	}
	at := 0
	for _, c := range t.cells {
		if at <= t.sign && c.left > t.sign {
			b.WriteString(blank(t.sign-at) + m.sign())
			at = t.sign + signCells
		}
		b.WriteString(blank(c.left - at))
		at = c.left + c.width
		switch c.column {
		case ColMethod:
			b.WriteString(c.fit(t.text(r, c, now)))
		case ColPath:
			path, rest := pathCell(r, m, c.width, now)
			b.WriteString(path)
			add(rest, l.Note)
			b.WriteString(blank(c.width - Width(path+rest)))
		default:
			add(c.fit(t.text(r, c, now)), t.style(r, c.column))
		}
	}
	switch {
	case m.Selected:
		return l.Selected.Render(Pad(b.String(), l.Width))
	case r.Unkept:
		return l.Quiet.Render(Clip(b.String(), l.Width))
	}
	return Clip(b.String(), l.Width)
}

// pathCell is the path, and what stands behind it: the signs of what is late, of pin, tags and note always, their words and the kind where there is room.
func pathCell(r *Row, m Mark, width int, now time.Time) (path, rest string) {
	path = r.Path
	switch {
	case m.Under:
		path = "  ↻ " + path
	case r.ReplayOf != "":
		path = "↻ " + path
	}
	for _, sign := range []struct {
		there bool
		text  string
	}{{r.late(now), " ○"}, {r.Pinned, " ◆"}, {r.Tags != "", " #"}, {r.Noted, ` "`}} {
		if sign.there {
			rest += sign.text
		}
	}
	path = clipPath(r, path, max(width-Width(rest), 0))
	if more := strings.Replace(rest, " ○", " ○ not on the disk", 1); Width(path+more) <= width {
		rest = more
	}
	if more := strings.Replace(rest, " #", " "+r.Tags, 1); Width(path+more) <= width {
		rest = more
	}
	if more := " " + r.Kind + rest; r.Kind != "" && Width(path+more) <= width {
		rest = more
	}
	return path, Clip(rest, width)
}

// clipPath shortens a path at its end, and a connection's before its last part, so that what has passed stays.
func clipPath(r *Row, path string, width int) string {
	last := strings.LastIndex(path, " · ")
	if r.IsRequest() || last < 0 || Width(path[last:]) >= width {
		return Clip(path, width)
	}
	return Clip(path[:last], width-Width(path[last:])) + path[last:]
}

// text is what a column says of an exchange.
func (t Table) text(r *Row, c slot, now time.Time) string {
	switch c.column {
	case ColTime:
		return t.look.clockOrDay(r.Start, now, c.width)
	case ColMethod:
		return Clip(r.Method, methodCell-1)
	case ColStatus:
		return statusCellText(r, c.width)
	case ColDuration:
		return t.look.took(r, now)
	case ColSize:
		return view.Size(r.Size)
	case ColHost:
		return r.Host
	case ColEndpoint:
		return r.Endpoint
	case ColLabel:
		return r.Label
	}
	return ""
}

func (t Table) style(r *Row, c Column) lipgloss.Style {
	l := t.look
	switch {
	case c == ColStatus:
		return l.outcomeStyle(r)
	case c == ColDuration && r.Live, c == ColLabel:
		return l.Note
	}
	return l.Quiet
}

// Clock words the time at which an exchange began, as the list shows it.
func (l Look) Clock(t time.Time) string { return l.clock(t, clockFull) }

// clockOrDay is the time of day, or of another day than now the date.
func (l Look) clockOrDay(t, now time.Time, width int) string {
	t, now = t.In(l.Zone), now.In(l.Zone)
	switch {
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return l.clock(t, width)
	case width == clockFull:
		return t.Format("Jan 02 15:04")
	}
	return t.Format("Jan 02")
}

func (l Look) clock(t time.Time, width int) string {
	switch width {
	case clockFull:
		return t.In(l.Zone).Format("15:04:05.000")
	case clockShort:
		return t.In(l.Zone).Format("15:04:05")
	}
	return ""
}

func statusCellText(r *Row, width int) string {
	if width > statusCode {
		return r.Status
	}
	switch {
	case r.Failed, r.Cut:
		return "ERR"
	case !r.IsRequest() && r.Live:
		return "…"
	case !r.IsRequest():
		return "-"
	}
	code, _, _ := strings.Cut(r.Status, " ")
	return code
}

// took is the duration; of an exchange that has not ended, in whole seconds once there is one, and with an ellipsis. From a minute on it is the
// larger unit alone. Of one that was interrupted nobody knows it.
func (l Look) took(r *Row, now time.Time) string {
	d := r.Lasted(now)
	text := view.Duration(d)
	if words := strings.Fields(text); len(words) > 2 {
		text = words[0] + " " + words[1]
	}
	switch {
	case r.Cut:
		return "-"
	case !r.Live:
		return text
	case d < showLiveAt:
		return "…"
	case d < time.Minute:
		text = strconv.Itoa(int(d/time.Second)) + " s"
	}
	return text + " …"
}

// Focus is the sign before a pane's title that says whether it has the keyboard; nothing when it is alone on the screen.
func (l Look) Focus(focused, alone bool) string {
	switch {
	case alone:
		return ""
	case focused:
		return "▸ "
	}
	return "  "
}

// ListTitle draws the list's title behind its Focus, and a note at the right.
func (l Look) ListTitle(name, note, focus string) string {
	if note != "" {
		note = l.Quiet.Render(Clip(note, l.Width-min(Width(name)+Width(focus)+1, l.Width/2)))
	}
	return Ends(l.Title.Render(focus+name), note, l.Width)
}
