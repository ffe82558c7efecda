package diff

import (
	"strconv"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"

	"github.com/adit-tunnel/adit/inspect/view"
)

// linesAround is how many lines that are the same are shown before and after a change.
const linesAround = 3

// laid compares contents by their lines as they are shown, when that says more than their bytes: those of forms, XML and protobuf.
func (m *Message) laid(a, b view.Content) bool {
	switch a.Kind {
	case view.Form, view.XML, view.Protobuf, view.GRPC:
	default:
		return false
	}
	if a.Kind != b.Kind {
		return false
	}
	m.How, m.Content = Text, lines(shown(a.Lines), shown(b.Lines))
	if len(m.Content) == 0 {
		m.Notes = append(m.Notes, "the same but for spelling or layout, as far as it is shown")
	}
	return true
}

func shown(lines []view.Line) (all []string) {
	for _, l := range lines {
		all = append(all, l.String())
	}
	return all
}

// texts compares two texts that are not the same. A line end behind the last line is a difference when there is no other.
func texts(older, newer []byte) []Change {
	was, now := splitLines(older), splitLines(newer)
	if changes := lines(was, now); len(changes) > 0 {
		return changes
	}
	last := now[len(now)-1]
	with, without := last, last+" (no line end)"
	if len(newer) < len(older) {
		return []Change{changed(strconv.Itoa(len(now)), with, without)}
	}
	return []Change{changed(strconv.Itoa(len(now)), without, with)}
}

// splitLines are the lines without their ends, so that the last one is the same line when others follow it.
func splitLines(data []byte) []string {
	if len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// lines compares line by line. The search for the fewest changes is bounded: texts that have hardly anything in common are told as a few large changes.
func lines(older, newer []string) (changes []Change) {
	done := 0 // lines of older that are told, or left out
	same := func(from, to, shift int) {
		for i := from; i < to; i++ {
			changes = append(changes, Change{Kind: Same, Where: strconv.Itoa(i + shift + 1), New: []Span{{Text: short(older[i])}}})
		}
	}
	shift := 0 // how much further down lines of older are in newer
	for _, d := range lcs.DiffLines(older, newer) {
		if len(changes) > 0 {
			after := min(done+linesAround, d.Start)
			same(done, after, shift)
			done = after
		}
		same(max(done, d.Start-linesAround), d.Start, shift)
		changes = append(changes, block(older[d.Start:d.End], newer[d.ReplStart:d.ReplEnd], d.ReplStart)...)
		done, shift = d.End, d.ReplEnd-d.End
		if len(changes) > maxChanges {
			return changes
		}
	}
	if len(changes) > 0 {
		same(done, min(done+linesAround, len(older)), shift)
	}
	return changes
}

// block is lines that took the place of others, at that line of the newer text. As many as there were are compared with each other.
func block(was, now []string, at int) (changes []Change) {
	where := func(i int) string { return strconv.Itoa(at + i + 1) }
	pairs := len(was) == len(now)
	was, now = was[:min(len(was), maxChanges+1)], now[:min(len(now), maxChanges+1)] // one more than is shown, so that it is said
	if pairs {
		for i := range was {
			if was[i] != now[i] {
				changes = append(changes, changed(where(i), was[i], now[i]))
			}
		}
		return changes
	}
	for _, s := range was {
		changes = append(changes, removed(where(0), s))
	}
	for i, s := range now {
		changes = append(changes, added(where(i), s))
	}
	return changes
}
