package pane

import (
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect/view"
)

const (
	clockFull  = 12 // 15:04:05.000
	clockShort = 8  // 15:04:05
	methodCell = 8  // OPTIONS and a space
	markCell   = 2  // the mark of the selected row and a space
	statusFull = 26 // 500 Internal Server Error
	statusText = 16 // 200 OK, 404 Not Found, LOCAL_REFUSED
	statusCode = 3  // 200
	tookCell   = 8  // 1.23 s
	gap        = 2  // between path, status and duration
	showLiveAt = time.Second
)

// columns is how wide the columns of the list are; 0 leaves a column out. The path has what is left.
type columns struct{ clock, status, took, path int }

// steps is the fixed order in which columns give way to a narrow terminal: each needs a path of at least its own least width.
var steps = []struct {
	columns
	least int
}{
	{columns{clock: clockFull, status: statusFull, took: tookCell}, 40},
	{columns{clock: clockFull, status: statusText, took: tookCell}, 22},
	{columns{clock: clockFull, status: statusCode, took: tookCell}, 20},
	{columns{clock: clockShort, status: statusCode, took: tookCell}, 16},
	{columns{status: statusCode, took: tookCell}, 12},
	{columns{status: statusCode}, 0},
}

func columnsFor(width int) columns {
	var c columns
	for _, s := range steps {
		c = s.columns
		c.path = width - c.clock - markCell - methodCell - gap - c.status
		if c.took > 0 {
			c.path -= gap + c.took
		}
		if c.path >= s.least {
			break
		}
	}
	return c
}

// Mark is how a row stands out.
type Mark struct {
	Selected bool // keys act on it
	Marked   bool // it is one of several that keys act on
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
func (l Look) Row(r Row, m Mark, now time.Time) string {
	c := columnsFor(l.Width)
	mark := m.sign()
	path, kind := r.Path, ""
	if r.ReplayOf != "" {
		path = "↻ " + path
	}
	if r.Kind != "" && Width(path)+1+Width(r.Kind) <= c.path {
		kind = " " + r.Kind
	}
	method := Pad(Clip(r.Method, methodCell-1), methodCell)
	path = Clip(path, c.path)
	rest := blank(c.path - Width(path+kind) + gap)
	status := Pad(statusCellText(r, c.status), c.status)
	took := ""
	if c.took > 0 {
		took = blank(gap) + PadLeft(l.took(r, now), c.took)
	}
	clock := l.clock(r.Start, c.clock)
	if m.Selected {
		return l.Selected.Render(Pad(clock+mark+method+path+kind+rest+status+took, l.Width))
	}
	if r.Dim {
		return l.Quiet.Render(Clip(clock+mark+method+path+kind+rest+status+took, l.Width))
	}
	style := l.Status(r.Code)
	if r.Failed {
		style = l.Bad
	}
	tookStyle := l.Quiet
	if r.Live {
		tookStyle = l.Note
	}
	if kind != "" {
		kind = l.Note.Render(kind)
	}
	line := l.Quiet.Render(clock) + mark + method + path + kind + rest + style.Render(status) + tookStyle.Render(took)
	return Clip(line, l.Width)
}

// Clock words the time at which an exchange began, as the list shows it.
func (l Look) Clock(t time.Time) string { return l.clock(t, clockFull) }

func (l Look) clock(t time.Time, width int) string {
	switch width {
	case clockFull:
		return t.In(l.Zone).Format("15:04:05.000")
	case clockShort:
		return t.In(l.Zone).Format("15:04:05")
	}
	return ""
}

func statusCellText(r Row, width int) string {
	if width > statusCode {
		return r.Status
	}
	if r.Failed {
		return "ERR"
	}
	code, _, _ := strings.Cut(r.Status, " ")
	return code
}

// took is the duration; of an exchange that has not ended, in whole seconds once there is one, and with an ellipsis. From a minute on it is the
// larger unit alone.
func (l Look) took(r Row, now time.Time) string {
	d := r.Lasted(now)
	text := view.Duration(d)
	if words := strings.Fields(text); len(words) > 2 {
		text = words[0] + " " + words[1]
	}
	switch {
	case !r.Live:
		return text
	case d < showLiveAt:
		return "…"
	case d < time.Minute:
		text = strconv.Itoa(int(d/time.Second)) + " s"
	}
	return text + " …"
}

// ListTitle draws the list's heading and its rule; note stands at the right.
func (l Look) ListTitle(note string) []Line {
	const title = "HTTP Requests"
	if note != "" {
		note = l.Quiet.Render(note)
	}
	return []Line{
		{Ends(l.Theme.Title.Render(title), note, l.Width), RankTitle},
		{l.Quiet.Render(strings.Repeat("-", min(len(title), l.Width))), RankRule},
	}
}

// Empty draws what stands in the list's place while no request has come: the line to copy and, when room lines are enough, the keys that
// matter; withKeys tells.
func (l Look) Empty(url, keys string, room int) (lines []string, withKeys bool) {
	if url == "" {
		return l.words("The public URL will be here in a moment.", l.Quiet.Render), false
	}
	say, curl := Words("No request yet. Send the first one:", l.Width), l.curl(view.Sanitize(url))
	need := len(say) + len(curl)
	if need+1 > room {
		return append(say, curl...), false
	}
	lines = append(append(say, ""), curl...)
	if need+3 > room {
		return lines, false
	}
	return append(lines, "", Clip(keys, l.Width)), true
}

// NoEndpoint draws what stands in the list's place while nothing is online: where the local API, if there is one, takes endpoints.
func (l Look) NoEndpoint(api string) []string {
	text := "No endpoint is started."
	if api != "" {
		text += " The local API adds them: POST to " + view.Sanitize(api) + "/api/tunnels"
	}
	return l.words(text, l.Quiet.Render)
}

// curl draws the command for url. Where the command is wider than the terminal and the URL is not, a shell's line continuation keeps both whole.
func (l Look) curl(url string) []string {
	lines := Break("curl "+url, l.Width)
	if len(lines) > 1 && Width(url) <= l.Width {
		lines = []string{"curl \\", url}
	}
	for i := range lines {
		lines[i] = l.Key.Render(lines[i])
	}
	return lines
}
