package pane

import "strings"

// Pattern is a square of dark and light modules.
type Pattern struct {
	Size int
	Dark func(x, y int) bool
}

// quietZone is how many light modules are around a QR code: readers want four, and take two.
const quietZone = 2

// QR draws a QR code; nil: there is no room for it.
func (l Look) QR(p Pattern, room int) []string {
	size := p.Size + 2*quietZone
	dark := func(x, y int) bool {
		x, y = x-quietZone, y-quietZone
		return x >= 0 && y >= 0 && x < p.Size && y < p.Size && p.Dark(x, y)
	}
	if l.ASCII {
		return l.qrOfSpaces(size, dark, room)
	}
	if size > l.Width || (size+1)/2 > room {
		return nil
	}
	var lines []string
	for y := 0; y < size; y += 2 {
		var b strings.Builder
		for x := range size {
			up, down := dark(x, y), y+1 < size && dark(x, y+1)
			b.WriteRune(halves[l.inked(up)][l.inked(down)])
		}
		lines = append(lines, l.Paper.Render(b.String()))
	}
	return lines
}

// halves are the characters of two modules above each other, by whether they are inked.
var halves = [2][2]rune{{' ', '▄'}, {'▀', '█'}}

// inked says whether a module is drawn in the foreground's colour. Without colours of its own that is what is light on most terminals.
func (l Look) inked(dark bool) int {
	if dark == l.PaperIsLight {
		return 1
	}
	return 0
}

// qrOfSpaces draws a module as two cells of a line.
func (l Look) qrOfSpaces(size int, dark func(x, y int) bool, room int) []string {
	if 2*size > l.Width || size > room {
		return nil
	}
	lines := make([]string, size)
	for y := range lines {
		var b strings.Builder
		for x := range size {
			b.WriteString([2]string{"  ", "##"}[l.inked(dark(x, y))])
		}
		lines[y] = l.Paper.Render(b.String())
	}
	return lines
}
