package pane

import (
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Traffic is what the table of figures shows: of all endpoints together, or of one.
type Traffic struct {
	Of       string // the endpoint; "": all
	Choice   bool   // there are others to be shown
	Conns    inspect.Meters
	Requests inspect.Meters
	Recent   []int64 // requests in each of the last intervals, oldest first
}

const (
	figure     = 6          // characters a number may have
	meterWidth = figure + 1 // a column of the table
)

// meter is one column of the table. need says which stay when not all fit: the highest go first.
type meter struct {
	name string
	need int
	show func(m inspect.Meters) string
}

var meterTable = []meter{
	{"ttl", 0, func(m inspect.Meters) string { return count(m.Count) }},
	{"opn", 1, func(m inspect.Meters) string { return count(m.Open) }},
	{"rt1", 5, func(m inspect.Meters) string { return decimal(m.Rate1) }},
	{"rt5", 6, func(m inspect.Meters) string { return decimal(m.Rate5) }},
	{"p50", 4, func(m inspect.Meters) string { return seconds(m.P50) }},
	{"p90", 3, func(m inspect.Meters) string { return seconds(m.P90) }},
	{"err", 2, errorRate},
}

// meters draws the table of connections, and the same for requests below it with what they were like lately.
func (l Look) meters(t Traffic) []Line {
	pad := l.label()
	fit := (l.Width - pad) / meterWidth
	names, conns, requests := "", "", ""
	for _, m := range meterTable {
		if m.need >= fit {
			continue
		}
		names += Pad(m.name, meterWidth)
		if m.name != "err" { // connections do not go wrong: what comes over them does
			conns += Pad(m.show(t.Conns), meterWidth)
		}
		requests += Pad(m.show(t.Requests), meterWidth)
	}
	of := ""
	switch {
	case t.Of != "":
		of = "of " + safe(t.Of, pathLimit)
	case t.Choice:
		of = "of all"
	}
	trim := func(s string) string { return strings.TrimRight(s, " ") }
	return []Line{
		{Pad("Connections", pad) + l.Quiet.Render(trim(names)), RankConnections},
		{Pad(l.Quiet.Render(Clip(of, pad-1)), pad) + trim(conns), RankConnections},
		{l.spark(Pad("Requests ", pad), t.Recent) + trim(requests), RankRequests},
	}
}

// levels are the heights of a sparkline: nothing, then from low to high.
var levels = []rune("▁▂▃▄▅▆▇█")

// leastSpark is how many intervals a sparkline shows at least, or there is none.
const leastSpark = 6

// spark puts a line of the latest intervals into the blank end of a label.
func (l Look) spark(label string, recent []int64) string {
	text := strings.TrimRight(label, " ") + " "
	room := len(label) - len(text) - 1
	if room < leastSpark {
		return label
	}
	recent = recent[max(len(recent)-room, 0):]
	most := int64(0)
	for _, n := range recent {
		most = max(most, n)
	}
	var b strings.Builder
	for _, n := range recent {
		at := 0
		if n > 0 {
			at = 1 + int((n-1)*int64(len(levels)-2)/max(most-1, 1))
		}
		b.WriteRune(levels[at])
	}
	return text + blank(room-len(recent)) + l.Note.Render(b.String()) + " "
}

// errorRate shows how many of the requests went wrong.
func errorRate(m inspect.Meters) string {
	percent := 100 * float64(m.Errors) / float64(max(m.Count, 1))
	switch {
	case m.Errors == 0:
		return "0%"
	case percent < 0.1:
		return "<0.1%"
	case percent < 10:
		return strconv.FormatFloat(percent, 'f', 1, 64) + "%"
	}
	return strconv.FormatFloat(min(percent, 100), 'f', 0, 64) + "%"
}

// count shows a number: whole below a million, then in millions.
func count(n int64) string {
	if n < 1_000_000 {
		return strconv.FormatInt(n, 10)
	}
	return decimals(float64(n)/1e6, 1, figure-1) + "M"
}

func seconds(d time.Duration) string { return decimal(d.Seconds()) }

// decimal shows f with two decimals, with fewer where there is no room.
func decimal(f float64) string { return decimals(f, 2, figure) }

func decimals(f float64, digits, room int) string {
	for ; ; digits-- {
		s := strconv.FormatFloat(f, 'f', digits, 64)
		if len(s) <= room || digits == 0 {
			return s
		}
	}
}
