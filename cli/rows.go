package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/inspect/web"
	"github.com/adit-tunnel/adit/tui/pane"
)

// rows prints exchanges as they are found, one line each: a table for people, or objects for programs. Everything in a row is safe for a terminal.
type rows struct {
	w      io.Writer
	asJSON bool
	colour bool
	width  int // of the terminal; 0: there is none, and lines are as long as they are
	now    time.Time
	headed bool
}

func (a *app) rows(asJSON bool) *rows {
	r := &rows{w: a.Out, asJSON: asJSON, now: time.Now(), colour: a.screenOf(a.Out).colour}
	if asJSON {
		r.w = a.recorded()
	}
	if w, _, err := term.GetSize(int(a.Out.Fd())); err == nil {
		r.width = w
	}
	return r
}

// columns is how wide the columns of a row are that can give way; 0 leaves one out. The path has what is left.
type columns struct{ time, status, took, size int }

// Widths of columns that mean something else than room.
const (
	idColumn     = 8
	methodColumn = 7
	longTime     = 12 // Nov 26 15:04
	shortTime    = 8  // 15:04:05
	codeOnly     = 6  // 200, below its heading
)

// columnSteps is the order in which columns give way to a terminal: each needs one with at least so many cells.
var columnSteps = []struct {
	least int
	columns
}{
	{115, columns{time: longTime, status: 26, took: 9, size: 9}},
	{100, columns{time: longTime, status: 16, took: 9, size: 9}},
	{75, columns{time: shortTime, status: 14, took: 9}},
	{55, columns{time: shortTime, status: codeOnly, took: 9}},
	{0, columns{status: codeOnly}},
}

// columns are those that fit; without a terminal everything does.
func (r *rows) columns() (c columns) {
	for _, s := range columnSteps {
		if c = s.columns; r.width == 0 || r.width >= s.least {
			break
		}
	}
	return c
}

// cells are the texts of a row.
type cells struct{ id, time, method, status, took, size, path string }

// lay puts texts in their columns. The part in the middle has a colour.
func (r *rows) lay(t cells) (begin, status, behind string) {
	c := r.columns()
	begin = column(t.id, idColumn) + column(t.time, c.time) + column(t.method, methodColumn)
	status = column(t.status, c.status)
	behind = rightColumn(t.took, c.took) + rightColumn(t.size, c.size) + t.path
	if r.width > 0 {
		behind = pane.Clip(behind, r.width-pane.Width(begin+status))
	}
	return begin, status, behind
}

func column(text string, width int) string {
	if width == 0 {
		return ""
	}
	return pane.Pad(text, width) + "  "
}

func rightColumn(text string, width int) string {
	if width == 0 {
		return ""
	}
	return pane.PadLeft(text, width) + "  "
}

func (r *rows) print(it inspect.Item) error {
	if r.asJSON {
		e := json.NewEncoder(r.w)
		e.SetEscapeHTML(false)
		return e.Encode(web.ExchangeOf(it))
	}
	if !r.headed {
		r.headed = true
		begin, status, behind := r.lay(cells{"ID", "TIME", "METHOD", "STATUS", "TOOK", "SIZE", "PATH"})
		if _, err := fmt.Fprintln(r.w, r.paint(hueQuiet, begin+status+behind)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(r.w, r.line(it))
	return err
}

func (r *rows) line(it inspect.Item) string {
	x, c := it.Exchange, r.columns()
	method, path := view.Title(x)
	t := cells{
		id: shortID(x.ID), time: r.time(x.Start, c.time), method: view.Sanitize(method), status: outcomeOf(x),
		took: r.took(x), size: view.Size(x.Size()), path: view.Sanitize(path),
	}
	if c.status == codeOnly {
		t.status = codeOf(x)
	}
	if marks := marksOf(it); marks != "" {
		t.path += "  " + marks
	}
	begin, status, behind := r.lay(t)
	return begin + r.paint(hueOf(x), status) + behind
}

// time is the time of day for today's exchanges, and the date for older ones.
func (r *rows) time(t time.Time, width int) string {
	t = t.Local()
	y, m, d := t.Date()
	switch {
	case y == r.now.Year() && m == r.now.Month() && d == r.now.Day():
		return t.Format("15:04:05")
	case width == shortTime:
		return t.Format("Jan _2")
	}
	return t.Format("Jan _2 15:04")
}

// took is how long x took, or has taken by now; nobody knows how long one did whose end was not seen.
func (r *rows) took(x *inspect.Exchange) string {
	switch {
	case x.State == inspect.Interrupted:
		return "-"
	case !x.Ended():
		return view.Duration(x.Lasted(time.Now())) + " …"
	}
	return view.Duration(x.Duration)
}

// shortID is the end of an ID: its beginning is the time, which exchanges share.
func shortID(id inspect.ID) string {
	const width = 8
	return string(id[max(0, len(id)-width):])
}

// outcomeOf is the status as people say it, or how far it is. A status of a response that was not whole does not speak for itself.
func outcomeOf(x *inspect.Exchange) string {
	r := x.Response
	switch {
	case x.IsConnection(), r == nil || r.Made:
		return cmp.Or(view.Status(x), x.State.String())
	case x.Failure != nil:
		return strconv.Itoa(r.Status) + " " + view.Sanitize(x.Failure.Name)
	case x.State != inspect.Done:
		return strconv.Itoa(r.Status) + " " + x.State.String()
	}
	return view.Status(x)
}

// codeOf is outcomeOf in a narrow column.
func codeOf(x *inspect.Exchange) string {
	switch {
	case x.Failure != nil:
		return "ERR"
	case x.IsConnection():
		return outcomeOf(x)
	case x.Response == nil:
		return "…"
	}
	return strconv.Itoa(x.Response.Status)
}

// marksOf is what else there is to say about an exchange.
func marksOf(it inspect.Item) string {
	var all []string
	if label := labelOf(it); label != "" {
		all = append(all, label)
	}
	for _, m := range []struct {
		is   bool
		text string
	}{{it.ReplayOf != "", "replay of " + shortID(it.ReplayOf) + view.ReplayNotes(it.Exchange)}, {it.Pinned, "pinned"}, {it.Summary, "line only"}} {
		if m.is {
			all = append(all, m.text)
		}
	}
	for _, t := range it.Tags {
		all = append(all, "#"+view.Sanitize(t))
	}
	return strings.Join(all, ", ")
}

// The colours are the terminal's own sixteen.
const (
	hueGood  = "32"
	hueNote  = "36"
	hueWarn  = "33"
	hueBad   = "1;31"
	hueQuiet = "2"
)

func (r *rows) paint(hue, text string) string {
	if !r.colour || hue == "" {
		return text
	}
	return "\x1b[" + hue + "m" + text + "\x1b[0m"
}

func hueOf(x *inspect.Exchange) string {
	switch {
	case x.Failure != nil, x.State == inspect.Interrupted:
		return hueBad
	case x.Response == nil, x.IsConnection():
		return hueQuiet
	case x.Response.Status >= 500:
		return hueBad
	case x.Response.Status >= 400:
		return hueWarn
	case x.Response.Status >= 300, x.Response.Status < 200:
		return hueNote
	}
	return hueGood
}
