package tui

import (
	"cmp"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/sahilm/fuzzy"

	"github.com/adit-tunnel/adit/tui/pane"
)

// openPalette lists all that can be done from the panes, with or without a key.
func (m *model) openPalette() tea.Cmd {
	return m.layActions(&actionSheet{opener: "palette", ask: ":", offers: (*model).paletteOffers, draw: (*model).drawPalette})
}

// drawPalette covers no more of the panes than it needs.
func (m *model) drawPalette(offers []offer, chosen, room int) []string {
	list := make([]pane.Entry, len(offers))
	for i, o := range offers {
		e := pane.Entry{Does: o.does, ID: strings.TrimSpace(o.id + " " + o.action.arg), Here: o.here, Where: o.on.String()}
		for _, key := range strings.Fields(o.keys) {
			e.Press = strings.TrimSpace(e.Press + " " + keyName(key))
		}
		list[i] = e
	}
	return m.look.Palette(list, chosen, room)
}

// paletteOffers are the actions that a few letters may mean, the best first; or the one whose name is typed with something behind it.
func (m *model) paletteOffers(typed string, below where) []offer {
	typed = strings.TrimSpace(typed)
	if o, ok := m.command(typed); ok {
		return []offer{o}
	}
	type match struct {
		offer
		named bool // it begins as it is typed
		score int
	}
	var found []match
	for i := range m.actions {
		a := &m.actions[i]
		score, fits := fit(typed, a.id, a.does)
		if a.on&onPanes != 0 && fits {
			found = append(found, match{offer{action: a, here: a.on&below != 0}, typed != "" && strings.HasPrefix(a.id, strings.ToLower(typed)), score})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(rank(b.named)-rank(a.named), rank(b.here)-rank(a.here), b.score-a.score)
	})
	offers := make([]offer, len(found))
	for i := range found {
		offers[i] = found[i].offer
	}
	return offers
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fit says how well the letters fit the better one of texts.
func fit(letters string, texts ...string) (score int, fits bool) {
	if letters == "" {
		return 0, true
	}
	matches := fuzzy.Find(letters, texts)
	if len(matches) == 0 {
		return 0, false
	}
	return matches[0].Score, true
}

// command is the action whose id, or the word before its dot, is typed with something behind it that the action takes; that works in both panes.
func (m *model) command(typed string) (offer, bool) {
	word, arg, _ := strings.Cut(typed, " ")
	if arg = strings.TrimSpace(arg); arg == "" {
		return offer{}, false
	}
	for i := range m.actions {
		if a := &m.actions[i]; a.take != nil && (a.id == word || strings.HasPrefix(a.id, word+".")) {
			return offer{action: a, here: true, arg: arg}, true
		}
	}
	return offer{}, false
}
