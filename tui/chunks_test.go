package tui

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// FuzzChunks: whatever content is, its chunks together are the content, and pages that shift by one reach all of it.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("a line\nanother one, with commas & so on\n"), 3000)
	f.Add([]byte("no line end at all "), 9000)
	f.Add([]byte("日本語"), 30_000)
	f.Add([]byte("\x00\x01binary"), 20_000)
	f.Add([]byte("\n"), 100_000)
	f.Add([]byte("no line end\tat all "), 9000)
	f.Add([]byte("\u0357\xa5澎\x9c\xc7語"), 30044)
	f.Fuzz(func(t *testing.T, piece []byte, times int) {
		data := bytes.Repeat(piece, min(max(times, 0), 140<<10/max(len(piece), 1)))
		chunks := contentChunks(bytes.NewReader(data), int64(len(data)))
		var all strings.Builder
		for i := range chunks {
			lines, err := chunks[i].read(&view.Mask{Off: true})
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(textOf(lines))
		}
		want := textOf(inOne(data, len(chunks) > 0 && chunks[0].piece.Hex))
		if anyLine(all.String()) != anyLine(want) {
			t.Errorf("%d chunks of %d bytes are not the whole", len(chunks), len(data))
		}
		for page := 0; page < len(chunks); page++ {
			if from, to := pageOf(chunks, page); from != page || to <= from {
				t.Errorf("page %d of %d is %d to %d", page, len(chunks), from, to)
			}
		}
		if from, to := pageOf(chunks, lastPage); len(chunks) > 0 && (to != len(chunks) || from >= to) {
			t.Errorf("the last page of %d is %d to %d", len(chunks), from, to)
		}
	})
}

var escapedRune = regexp.MustCompile(`\\u[0-9a-f]{4}|\\U[0-9a-f]{8}`)

// anyLine is a text without what depends on where its lines begin: how wide a tab is, and whether a mark has a letter that it belongs to.
func anyLine(s string) string {
	return escapedRune.ReplaceAllStringFunc(strings.ReplaceAll(s, " ", ""), func(escape string) string {
		if r, _, _, err := strconv.UnquoteChar(escape, 0); err == nil && unicode.Is(unicode.M, r) {
			return string(r)
		}
		return escape
	})
}

func textOf(lines []pane.Text) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.String())
	}
	return b.String()
}

func inOne(data []byte, hex bool) []pane.Text {
	c := chunk{piece: &view.Piece{Body: bytes.NewReader(data), To: int64(len(data)), Size: int64(len(data)), Hex: hex}}
	lines, _ := c.read(&view.Mask{Off: true})
	return lines
}

func TestIndexFold(t *testing.T) {
	for _, c := range []struct {
		s, sub string
		want   int
	}{
		{"A Needle", "needle", 2}, {"needle", "NEEDLE", 0}, {"ÄÖÜ", "ö", 2}, {"nee", "needle", -1}, {"nneedle", "needle", 1}, {"", "a", -1}, {"日本", "本", 3},
	} {
		if got := indexFold(c.s, c.sub); got != c.want {
			t.Errorf("indexFold(%q, %q) = %d, want %d", c.s, c.sub, got, c.want)
		}
	}
}
