package tui

import (
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

const (
	beatsPerInterval = 6  // seconds that are one cell of a sparkline
	keptIntervals    = 60 // cells that are kept
)

// traffic is which figures the head shows, and how many requests there were lately, by endpoint; "" is all of them together.
type traffic struct {
	of     string
	beats  int
	before map[string]int64   // requests in all at the last beat
	recent map[string][]int64 // in each interval, the present one last
}

// newTraffic begins to count: what has come before is not of now.
func newTraffic(st inspect.Status) traffic { return traffic{before: countsOf(st)} }

// countsOf are the requests in all, by endpoint.
func countsOf(st inspect.Status) map[string]int64 {
	counts := map[string]int64{"": st.Requests.Count}
	for _, e := range st.Endpoints {
		counts[e.Name] = e.Requests.Count
	}
	return counts
}

// beat counts what has come in the last second.
func (t *traffic) beat(st inspect.Status) {
	counts := countsOf(st)
	recent := map[string][]int64{}
	for name, n := range counts {
		cells := t.recent[name]
		if t.beats%beatsPerInterval == 0 || len(cells) == 0 {
			cells = append(cells, 0)
			cells = cells[max(len(cells)-keptIntervals, 0):]
		}
		cells[len(cells)-1] += max(n-t.before[name], 0)
		recent[name] = cells
	}
	t.before, t.recent = counts, recent
	t.beats++
}

// seen is what the head shows.
func (t *traffic) seen(st inspect.Status) pane.Traffic {
	out := pane.Traffic{Choice: len(st.Endpoints) > 1, Conns: st.Conns, Requests: st.Requests, Recent: t.recent[""]}
	if i := t.find(st); i >= 0 {
		e := st.Endpoints[i]
		out.Of, out.Conns, out.Requests, out.Recent = e.Name, e.Conns, e.Requests, t.recent[e.Name]
	}
	return out
}

// find is the place of the endpoint whose figures are shown; -1: those of all.
func (t *traffic) find(st inspect.Status) int {
	return slices.IndexFunc(st.Endpoints, func(e inspect.Endpoint) bool { return t.of != "" && e.Name == t.of })
}

// nextFigures shows the figures of the next endpoint, behind the last one those of all.
func (m *model) nextFigures() tea.Cmd {
	i := m.traffic.find(m.status) + 1
	m.traffic.of = ""
	if i < len(m.status.Endpoints) {
		m.traffic.of = m.status.Endpoints[i].Name
	}
	return nil
}
