package diff

import (
	"slices"
	"strconv"

	"github.com/aymanbagabas/go-udiff/lcs"

	"github.com/adit-tunnel/adit/inspect/view"
)

// json compares contents by their paths; false: they are not both JSON, or not within the bounds of a tree.
func (m *Message) json(a, b *view.Plain, rules Rules) bool {
	if !a.IsJSON() || !b.IsJSON() {
		return false
	}
	older, ok := treeOf(a.Data)
	newer, too := treeOf(b.Data)
	if !ok || !too {
		return false
	}
	off := rules.paths()
	settle(&older, nil, off)
	settle(&newer, nil, off)
	p := paths{}
	p.compare("$", &older, &newer)
	if m.How, m.Content = JSON, p.changes; len(m.Content) == 0 {
		m.Notes = slices.Insert(m.Notes, m.quiet, "the same JSON in another order or layout")
		m.quiet++
	}
	return true
}

// settle gives the node at path, and all within, its firm hash: what is at the paths that are off does not count.
func settle(n *node, path []step, off [][]step) {
	if len(off) == 0 {
		n.firm = n.hash
	}
	for i := range n.kids {
		s := step{index: i}
		if n.bracket == '{' {
			s = step{name: shownKey(n.kids[i].key), index: -1}
		}
		settle(&n.kids[i], append(path, s), off)
	}
	switch {
	case len(off) == 0:
	case slices.ContainsFunc(off, func(rule []step) bool { return covers(rule, path) }):
		n.firm = 0
	default:
		n.firm = n.mixed(func(kid *node) uint64 { return kid.firm })
	}
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
				p.removed(path+member(n.key), n)
			}
		}
	}
	for i := range newer {
		n := &newer[i]
		was, known := at[n.key]
		if !known {
			p.added(path+member(n.key), n)
			continue
		}
		gone(was)
		p.compare(path+member(n.key), &older[was], n)
	}
	gone(len(older))
}

// elements compares arrays: what was put in or taken out moves the others, and changes none of them. What rules leave out does not tell elements apart.
func (p *paths) elements(path string, older, newer []node) {
	at := func(i int) string { return path + "[" + strconv.Itoa(i) + "]" }
	next := 0 // of newer
	alike := func(was, until int) {
		for ; next < until; next++ {
			p.compare(at(next), &older[was], &newer[next])
			was++
		}
	}
	for _, d := range lcs.DiffLines(hashes(older), hashes(newer)) {
		alike(d.Start-(d.ReplStart-next), d.ReplStart)
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
		next = d.ReplEnd
	}
	alike(len(older)-(len(newer)-next), len(newer))
}

func hashes(nodes []node) []string {
	out := make([]string, len(nodes))
	for i := range nodes {
		out[i] = strconv.FormatUint(nodes[i].firm, 36)
	}
	return out
}
