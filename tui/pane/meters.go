package pane

import (
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const meterWidth = 8 // ngrok's column: up to seven characters and a space

// meter is one column of the table. need says which stay when not all fit: the highest go first.
type meter struct {
	name string
	need int
	show func(m inspect.Meters) string
}

var meterTable = []meter{
	{"ttl", 0, func(m inspect.Meters) string { return count(m.Count) }},
	{"opn", 1, func(m inspect.Meters) string { return count(m.Open) }},
	{"rt1", 4, func(m inspect.Meters) string { return decimal(m.Rate1) }},
	{"rt5", 5, func(m inspect.Meters) string { return decimal(m.Rate5) }},
	{"p50", 3, func(m inspect.Meters) string { return seconds(m.P50) }},
	{"p90", 2, func(m inspect.Meters) string { return seconds(m.P90) }},
}

// meters draws the table of connections, and the same for requests below it.
func (l Look) meters(st inspect.Status) []Line {
	fit := (l.Width - l.label()) / meterWidth
	names, conns, requests := "", "", ""
	for _, m := range meterTable {
		if m.need >= fit {
			continue
		}
		names += Pad(m.name, meterWidth)
		conns += Pad(m.show(st.Conns), meterWidth)
		requests += Pad(m.show(st.Requests), meterWidth)
	}
	pad := l.label()
	trim := func(s string) string { return strings.TrimRight(s, " ") }
	return []Line{
		{Pad("Connections", pad) + l.Quiet.Render(trim(names)), RankConnections},
		{blank(pad) + trim(conns), RankConnections},
		{Pad("Requests", pad) + trim(requests), RankRequests},
	}
}

// count shows a number in at most seven characters: whole below ten million, then in millions.
func count(n int64) string {
	if n < 10_000_000 {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + "M"
}

func seconds(d time.Duration) string { return decimal(d.Seconds()) }

// decimal shows f with two decimals, with fewer where they would not fit into seven characters.
func decimal(f float64) string {
	for digits := 2; ; digits-- {
		s := strconv.FormatFloat(f, 'f', digits, 64)
		if len(s) < meterWidth || digits == 0 {
			return s
		}
	}
}
