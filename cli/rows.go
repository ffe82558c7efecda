package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/inspect/web"
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

// The columns of a row, in three parts: the middle one has a colour.
const (
	beginColumns  = "%-8s  %-12s  %-7s  "
	statusColumn  = "%-24s"
	behindColumns = "  %9s  %10s  %s"
)

// heading stands over the columns.
var heading = fmt.Sprintf(beginColumns+statusColumn+behindColumns, "ID", "TIME", "METHOD", "STATUS", "TOOK", "SIZE", "PATH")

func (r *rows) print(it inspect.Item) error {
	if r.asJSON {
		e := json.NewEncoder(r.w)
		e.SetEscapeHTML(false)
		return e.Encode(web.ExchangeOf(it))
	}
	if !r.headed {
		r.headed = true
		if _, err := fmt.Fprintln(r.w, r.paint(hueQuiet, r.cut(heading))); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(r.w, r.line(it))
	return err
}

func (r *rows) line(it inspect.Item) string {
	x := it.Exchange
	outcome := outcomeOf(x)
	begin := fmt.Sprintf(beginColumns, shortID(x.ID), r.time(x.Start), view.Sanitize(x.Request.Method))
	status := fmt.Sprintf(statusColumn, outcome)
	rest := fmt.Sprintf(behindColumns, view.Duration(x.Duration), view.Size(responseSize(x)), view.Sanitize(x.Request.Target))
	if marks := marksOf(it); marks != "" {
		rest += "  " + marks
	}
	whole := r.cut(begin + status + rest)
	if !r.colour || len(whole) < len(begin)+len(status) {
		return whole
	}
	return begin + r.paint(hueOf(x), status) + whole[len(begin)+len(status):]
}

// time is the time of day for today's exchanges, and the date for older ones.
func (r *rows) time(t time.Time) string {
	t = t.Local()
	if y, m, d := t.Date(); y == r.now.Year() && m == r.now.Month() && d == r.now.Day() {
		return t.Format("15:04:05")
	}
	return t.Format("Jan _2 15:04")
}

// cut makes a line fit the terminal.
func (r *rows) cut(line string) string {
	if r.width < 2 || utf8.RuneCountInString(line) <= r.width {
		return line
	}
	runes := []rune(line)
	return string(runes[:r.width-1]) + "…"
}

// shortID is the end of an ID: its beginning is the time, which exchanges share.
func shortID(id inspect.ID) string {
	const width = 8
	return string(id[max(0, len(id)-width):])
}

// outcomeOf is the status as people say it, or how far it is.
func outcomeOf(x *inspect.Exchange) string {
	s := view.Status(x)
	switch {
	case s == "":
		return x.State.String()
	case x.State == inspect.Open, x.State == inspect.Interrupted:
		return s + " (" + x.State.String() + ")"
	}
	return s
}

func responseSize(x *inspect.Exchange) int64 {
	if x.Response == nil {
		return 0
	}
	return x.Response.Size
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
	}{{it.ReplayOf != "", "replay of " + shortID(it.ReplayOf)}, {it.Edited, "edited"}, {it.Pinned, "pinned"}, {it.Summary, "line only"}} {
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
	case x.Response == nil:
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
