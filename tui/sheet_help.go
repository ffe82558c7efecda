package tui

import (
	"cmp"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/tui/pane"
)

// openHelp lists the keys that work where it is opened.
func (m *model) openHelp() tea.Cmd {
	return m.layActions(&actionSheet{opener: "help", ask: "?", offers: (*model).helpOffers, draw: (*model).drawHelp})
}

// drawHelp covers the panes.
func (m *model) drawHelp(offers []offer, chosen, room int) []string {
	list := make([]pane.Entry, len(offers))
	for i, o := range offers {
		list[i] = pane.Entry{Group: o.group, Press: o.press, Does: o.line()}
	}
	name := m.name()
	return full(append(name, m.look.Help(list, chosen, room-len(name))...), room)
}

// helpOffers are the actions whose keys work in the place below: its own, then those of both panes, then those that work everywhere. All words that
// are typed must be there.
func (m *model) helpOffers(typed string, below where) []offer {
	words := strings.Fields(strings.ToLower(typed))
	var offers []offer
	for i := range m.actions {
		a := &m.actions[i]
		press := m.shown(a, below)
		if a.with != "" || press == "" {
			continue
		}
		text := strings.ToLower(a.id + " " + a.line() + " " + press)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			offers = append(offers, offer{action: a, group: a.group(below), press: press, here: true})
		}
	}
	order := []string{below.title(), bothPanes, everywhere}
	slices.SortStableFunc(offers, func(a, b offer) int {
		return cmp.Compare(slices.Index(order, a.group), slices.Index(order, b.group))
	})
	return offers
}

// line is what the help says of the action, and of those that are with it.
func (a *action) line() string { return cmp.Or(a.both, a.does) }

const (
	bothPanes  = "Both panes"
	everywhere = "Everywhere"
)

// group is the part of the help that the action stands in.
func (a *action) group(below where) string {
	switch {
	case a.on&onLine != 0 && a.on&onPanes == onPanes:
		return everywhere
	case below&onPanes != 0 && a.on&onPanes == onPanes:
		return bothPanes
	}
	return below.title()
}

// title names a place as a heading.
func (w where) title() string {
	name := w.String()
	return strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
}
