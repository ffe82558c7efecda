package diff

import (
	"strconv"

	"github.com/aymanbagabas/go-udiff/lcs"

	"github.com/adit-tunnel/adit/inspect/view"
)

// json compares contents by their paths; false: they are not both JSON, or not within the bounds of a tree.
func (m *Message) json(a, b *view.Plain) bool {
	if !a.IsJSON() || !b.IsJSON() {
		return false
	}
	older, ok := treeOf(a.Data)
	newer, too := treeOf(b.Data)
	if !ok || !too {
		return false
	}
	p := paths{}
	p.compare("$", &older, &newer)
	if m.How, m.Content = JSON, p.changes; len(m.Content) == 0 {
		m.Notes = append(m.Notes, "the same JSON in another order or layout")
	}
	return true
}

// paths gathers what differs between two trees, in the newer one's order.
type paths struct{ changes []Change }

func (p *paths) compare(path string, older, newer *node) {
	switch {
	case older.hash == newer.hash || len(p.changes) > maxChanges:
	case older.bracket == '{' && newer.bracket == '{':
		p.members(path, older.kids, newer.kids)
	case older.bracket == '[' && newer.bracket == '[':
		p.elements(path, older.kids, newer.kids)
	default:
		p.changes = append(p.changes, changed(path, older.String(), newer.String()))
	}
}

func (p *paths) added(path string, n *node) { p.changes = append(p.changes, added(path, n.String())) }

func (p *paths) removed(path string, n *node) {
	p.changes = append(p.changes, removed(path, n.String()))
}

// members compares objects by their keys. What was removed stands where it was.
func (p *paths) members(path string, older, newer []node) {
	at := map[string]int{}
	for i := range older {
		at[older[i].key] = i
	}
	there := map[string]bool{}
	for i := range newer {
		there[newer[i].key] = true
	}
	next := 0
	gone := func(until int) {
		for ; next < until; next++ {
			if n := &older[next]; !there[n.key] {
				p.removed(path+step(n.key), n)
			}
		}
	}
	for i := range newer {
		n := &newer[i]
		was, known := at[n.key]
		if !known {
			p.added(path+step(n.key), n)
			continue
		}
		gone(was)
		p.compare(path+step(n.key), &older[was], n)
	}
	gone(len(older))
}

// elements compares arrays: what was put in or taken out moves the others, and changes none of them.
func (p *paths) elements(path string, older, newer []node) {
	at := func(i int) string { return path + "[" + strconv.Itoa(i) + "]" }
	for _, d := range lcs.DiffLines(hashes(older), hashes(newer)) {
		was, now := older[d.Start:d.End], newer[d.ReplStart:d.ReplEnd]
		for i := range min(len(was), len(now)) {
			p.compare(at(d.ReplStart+i), &was[i], &now[i])
		}
		for i := len(now); i < len(was) && len(p.changes) <= maxChanges; i++ {
			p.removed(at(d.Start+i), &was[i])
		}
		for i := len(was); i < len(now) && len(p.changes) <= maxChanges; i++ {
			p.added(at(d.ReplStart+i), &now[i])
		}
	}
}

func hashes(nodes []node) []string {
	out := make([]string, len(nodes))
	for i := range nodes {
		out[i] = strconv.FormatUint(nodes[i].hash, 36)
	}
	return out
}
