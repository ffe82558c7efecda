package tui

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/tui/pane"
)

// find is what is looked for in the open tab, whatever the case of its letters.
type find struct {
	text   string
	found  []pane.Found // in the document that is here, in order
	full   bool         // there are more of them
	at     int          // the one that was shown last
	from   int          // strip on which the cursor was when typing began
	past   int          // chunks that were looked through although they are not here
	around bool         // nothing was found behind what is here
	end    func()       // ends the search of what is not here; nil: none is under way
}

// mostFound bounds what is kept of what was found.
const mostFound = 10_000

// search looks through a document.
func (f *find) search(doc *document) {
	f.found, f.full = f.found[:0:0], false
	if f.text == "" {
		return
	}
	for i := range doc.lines {
		text := doc.lines[i].String()
		for at := 0; ; {
			n := indexFold(text[at:], f.text)
			if n < 0 {
				break
			}
			if len(f.found) == mostFound {
				f.full = true
				return
			}
			at += n
			f.found = append(f.found, pane.Found{Line: i, From: at, To: at + len(f.text)})
			at += len(f.text)
		}
	}
}

// indexFold is strings.Index in whatever case. What is found has as many bytes as sub.
func indexFold(s, sub string) int {
	first := lower(sub[0])
	for at := 0; at+len(sub) <= len(s); at++ {
		if c := s[at]; lower(c) == first || c >= utf8.RuneSelf {
			if strings.EqualFold(s[at:at+len(sub)], sub) {
				return at
			}
		}
	}
	return -1
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// on are the places in a line that were found.
func (f *find) on(line int) []pane.Found {
	from := f.since(line)
	to := from
	for to < len(f.found) && f.found[to].Line == line {
		to++
	}
	return f.found[from:to]
}

// since is the first of the places found that is on that line or behind it.
func (f *find) since(line int) int {
	return sort.Search(len(f.found), func(i int) bool { return f.found[i].Line >= line })
}

// stop ends the search under way; false: there was none.
func (f *find) stop() bool {
	if f.end == nil {
		return false
	}
	f.end()
	f.end = nil
	return true
}

// count is "3 of 17".
func (d *detail) count() string {
	f := &d.find
	switch n := len(f.found); {
	case f.text == "":
		return ""
	case f.end != nil:
		return "searching on …"
	case n == 0 && !d.doc.whole():
		return "not in this part"
	case n == 0:
		return "not found"
	case f.full || !d.doc.whole():
		return fmt.Sprintf("%d of %d+", f.at+1, n)
	default:
		return fmt.Sprintf("%d of %d", f.at+1, n)
	}
}

// showFound puts the cursor on one of the places that were found.
func (d *detail) showFound(i int) {
	if i < 0 || i >= len(d.find.found) {
		return
	}
	d.find.at = i
	p := d.find.found[i]
	d.moveTo(d.doc.stripOf(p.Line, p.From))
	if w := d.have.width; d.unwrap && w > 0 {
		column := pane.Width(d.doc.lines[p.Line].String()[:p.From])
		if end := column + pane.Width(d.find.text); column < d.left || end > d.left+w {
			d.left = max(column-w/2, 0)
		}
	}
}

// nearest is the first place that was found on that strip or behind it; -1: there is none.
func (d *detail) nearest(strip int) int {
	if strip >= len(d.doc.strips) {
		return -1
	}
	s := d.doc.strips[strip]
	for i := d.find.since(s.Line); i < len(d.find.found); i++ {
		if p := d.find.found[i]; p.Line > s.Line || p.From >= s.From {
			return i
		}
	}
	return -1
}
