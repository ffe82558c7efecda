package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/theme"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// frameSizes are those that each scene is kept in: the smallest terminal, the one that everything must fit in, one with both panes, and one with them
// beside each other.
var frameSizes = []struct{ width, height int }{{30, 8}, {80, 24}, {120, 40}, {200, 60}}

// lightSize is the one that scenes are kept in on a light ground, too. At each other size only colours could differ, which frames of one size tell.
const lightSize = 80

// TestFrames compares each scene with the frames that are kept of it, without colours and with them. Without colours attributes are left out, too: the
// text alone has to tell all there is, so it is the same in both. On a light ground nothing but the colours is different.
func TestFrames(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			var a txtar.Archive
			for _, size := range frameSizes {
				plain := drawScene(t, s, size.width, size.height, theme.Colourless())
				coloured := drawScene(t, s, size.width, size.height, theme.Colourful(theme.Dark))
				text := ansi.Strip(plain)
				if diff := cmp.Diff(text, ansi.Strip(coloured)); diff != "" && s.name != "qr" { // its paper is light where there are colours
					t.Errorf("colours change the text (-without +with):\n%s", diff)
				}
				if secret := secrets.FindString(text); secret != "" && s.name != "detail-request-bare" {
					t.Errorf("%q is to be read", secret)
				}
				name := fmt.Sprintf("%dx%d", size.width, size.height)
				a.Files = append(a.Files, txtar.File{Name: name, Data: trimmed(text)}, txtar.File{Name: name + " in colours", Data: trimmed(coloured)})
				if size.width != lightSize {
					continue
				}
				light := drawScene(t, s, size.width, size.height, theme.Colourful(theme.Light))
				if diff := cmp.Diff(uncoloured(coloured), uncoloured(light)); diff != "" {
					t.Errorf("a light ground changes more than colours (-dark +light):\n%s", diff)
				}
				a.Files = append(a.Files, txtar.File{Name: name + " on a light ground", Data: trimmed(light)})
			}
			golden(t, s.name, &a)
		})
	}
}

// secrets are those of hook.
var secrets = regexp.MustCompile(`hunter2|Bearer abc|tok123`)

func drawScene(t *testing.T, s scene, width, height int, look theme.Theme) string {
	t.Helper()
	b := newBench(t, width, height)
	b.m.look.Theme = look
	s.play(b)
	return strings.Join(b.lines(width, height), "\n") + "\n"
}

// uncoloured is a frame without saying which colours it has, only where there are any.
func uncoloured(frame string) string { return colours.ReplaceAllString(frame, "38;5;n") }

var colours = regexp.MustCompile(`38;5;\d+`)

// trimmed is a frame as it is kept: without blanks at the ends of lines, and with sequences that can be read.
func trimmed(frame string) []byte {
	var b strings.Builder
	for line := range strings.Lines(frame) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return []byte(strings.ReplaceAll(b.String(), "\x1b", "␛"))
}

// lines returns the frame's lines after checking what holds for every frame: as many lines as the terminal has, none wider, and no control
// characters but styles.
func (b *bench) lines(width, height int) []string {
	b.t.Helper()
	lines := strings.Split(b.frame(), "\n")
	if len(lines) != height {
		b.t.Errorf("%dx%d: %d lines", width, height, len(lines))
	}
	for _, line := range lines {
		if w := pane.Width(line); w > width {
			b.t.Errorf("%dx%d: a line of %d cells: %q", width, height, w, line)
		}
		bare := styles.ReplaceAllString(line, "")
		if i := strings.IndexFunc(bare, func(r rune) bool {
			return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
		}); i >= 0 || !utf8.ValidString(bare) {
			b.t.Errorf("%dx%d: what a terminal acts on, in %q", width, height, line)
		}
	}
	return lines
}

var styles = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// golden compares an archive with the one that is kept, part by part.
func golden(t *testing.T, name string, got *txtar.Archive) {
	t.Helper()
	path := filepath.Join("testdata", "frames", name+".txtar")
	if *update {
		if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Files) != len(got.Files) {
		t.Errorf("%s has %d frames, want %d", path, len(want.Files), len(got.Files))
		return
	}
	for i, f := range got.Files {
		if diff := cmp.Diff(string(want.Files[i].Data), string(f.Data)); diff != "" || want.Files[i].Name != f.Name {
			t.Errorf("%s, %s (-want +got; make frames writes it anew):\n%s", path, f.Name, diff)
		}
	}
}

// Each golden file is that of a scene.
func TestNoFrameIsLeftOver(t *testing.T) {
	known := map[string]bool{}
	for _, s := range scenes {
		if known[s.name] {
			t.Errorf("two scenes are called %s", s.name)
		}
		known[s.name] = true
	}
	files, err := filepath.Glob("testdata/frames/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !known[strings.TrimSuffix(filepath.Base(path), ".txtar")] {
			t.Errorf("%s belongs to no scene", path)
		}
	}
}

// everyWidth and everyHeight are on both sides of each size from which on something is drawn otherwise, and far from them.
var (
	everyWidth  = []int{1, 2, 9, 20, 29, 30, 42, 57, 71, 80, 99, 100, 119, 149, 150, 240, 400}
	everyHeight = []int{1, 2, 3, 4, 7, 8, 12, 16, 23, 24, 33, 50, 80, 120}
)

// Every scene fits every terminal, also while it is being resized, and the URL is there whole whenever there is room for it.
func TestEverySize(t *testing.T) {
	for n, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, 80, 24)
			s.play(b)
			for i, width := range everyWidth {
				for j, height := range everyHeight {
					if (n+i+j)%11 == 0 { // the scenes share the grid
						b.fitsIn(width, height)
					}
				}
			}
			b.fitsIn(30, 8) // the least and the most that is promised
			b.fitsIn(400, 120)
		})
	}
}

// fitsIn resizes the terminal and looks at the frame.
func (b *bench) fitsIn(width, height int) {
	b.t.Helper()
	b.send(tea.WindowSizeMsg{Width: width, Height: height})
	b.fill()
	lines := b.lines(width, height)
	url := firstURL(b.m.status)
	if b.m.top() != nil || !b.m.boxes.list.seen() || url == "" || width < 29 || height < 8 {
		return
	}
	if text := ansi.Strip(strings.Join(lines, "")); !strings.Contains(strings.ReplaceAll(text, " ", ""), url) {
		b.t.Errorf("%dx%d: the URL is cut:\n%s", width, height, strings.Join(lines, "\n"))
	}
}
