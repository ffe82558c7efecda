package tui

import (
	"cmp"
	"context"
	"os"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"go.uber.org/goleak"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/theme"
)

// TestMain is also the child of the tests that need a process of their own on a terminal.
func TestMain(m *testing.M) {
	if role := os.Getenv("ADIT_TUI_CHILD"); role != "" {
		os.Exit(child(role))
	}
	goleak.VerifyTestMain(m)
}

// bench drives a model as Bubble Tea does, one message at a time, with a clock of its own.
type bench struct {
	t   *testing.T
	f   *fake
	m   *model
	now time.Time
}

func newBench(t *testing.T, width, height int) *bench {
	t.Helper()
	b := &bench{t: t, f: &fake{status: online()}, now: start}
	b.m = newTestModel(b.f)
	b.m.clock = func() time.Time { return b.now }
	b.m.work.root = t.Context()
	b.m.work.browse = func(string) bool { return false }
	b.send(tea.WindowSizeMsg{Width: width, Height: height})
	return b
}

// newTestModel makes a model without a terminal: no styles but attributes, in UTC, 120 by 40.
func newTestModel(f *fake) *model {
	m := newModel(pane.Look{Theme: theme.Colourless(), Zone: time.UTC, Width: 120}, f.source(), func() time.Time { return start })
	hints, _ := f.Watch()
	m.height = 40
	m.work.root, m.work.clip = context.Background(), f.clip
	m.work.feed = newFeed(f.source(), hints, nil)
	return m
}

// send gives the model a message and returns the command it asks for.
func (b *bench) send(msg tea.Msg) tea.Cmd {
	_, cmd := b.m.Update(msg)
	return cmd
}

// sync lets the model read what has changed, without waiting for the frame to be over, nor running the command for the next read. What is open is read
// again.
func (b *bench) sync() {
	b.t.Helper()
	b.m.work.feed.last = time.Time{}
	b.send(b.m.work.next()())
	b.fill()
}

// fill reads what the detail pane is waiting for.
func (b *bench) fill() {
	for a := b.m.detail.reading; a.id != ""; a = b.m.detail.reading {
		b.send(b.m.work.open(b.m.opening(a))())
	}
}

// run runs a command that a key has asked for, and what follows of it.
func (b *bench) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	msg := cmd()
	if batch, ok := msg.(tea.BatchMsg); ok {
		for _, c := range batch {
			b.run(c)
		}
		return
	}
	b.run(b.send(msg))
}

// put records exchanges and lets the model read them.
func (b *bench) put(xs ...*inspect.Exchange) {
	b.t.Helper()
	for _, x := range xs {
		b.f.put(x)
	}
	b.sync()
}

// press types keys and runs the command of each.
func (b *bench) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.run(b.send(keyOf(k)))
	}
}

// frame is the screen.
func (b *bench) frame() string { return b.m.View() }

// selected is the ID of the selected exchange, "" when none is.
func (b *bench) selected() inspect.ID {
	r, _ := b.m.rows.selected()
	return r.ID
}

// chosen is the row that is selected, or will be again as soon as it is back in the list.
func (b *bench) chosen() uint64 { return cmp.Or(b.m.rows.sel, b.m.rows.lost) }

// namedKeys are all keys that are no letters, by their names.
var namedKeys = func() map[string]tea.KeyMsg {
	keys := map[string]tea.KeyMsg{"space": {Type: tea.KeySpace, Runes: []rune{' '}}}
	for t := tea.KeyF20; t <= 127; t++ {
		if k := (tea.KeyMsg{Type: t}); t != tea.KeyRunes && t != tea.KeySpace && k.String() != "" {
			keys[k.String()] = k
		}
	}
	return keys
}()

func keyOf(name string) tea.KeyMsg {
	if k, ok := namedKeys[name]; ok {
		return k
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}
