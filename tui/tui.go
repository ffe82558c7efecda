// Package tui is how adit looks in a terminal: the dashboard (Run) and, where there is no terminal to draw on, lines (Plain). Package terminal
// tells which of the two fits.
//
//	if terminal.Interactive(os.Stdin, os.Stdout) {
//		err = tui.Run(ctx, source, tui.Options{})
//	} else {
//		err = tui.Plain(ctx, source, os.Stdout)
//	}
//
// The dashboard is one Bubble Tea model. Whatever waits, reads or sends is a command; Update only changes the state, and View only draws it. A file's name says
// what part it has in that:
//
//	model.go    the state, and the router of messages
//	keys….go    the table of all that keys do, a file for each part of it; what keys are called, and how a configuration changes them
//	handle_….go what keys and messages do to the state, a file for each thing they are about
//	sheet….go   what lies over the panes and has the keyboard: menus, forms, typed lines, texts
//	work….go    the commands; feed.go reads the list for them, reading….go and chunks.go the open exchange
//	layout.go   which part of the screen a pane has
//	frame….go   View: it puts the panes together, which package pane draws with the styles of package theme
//
// Parts of the state with rules of their own are in files of their names: the list (window….go), the marks, the document that the detail pane shows and what is
// found in it, drafts, terms of filters.
package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
	"github.com/adit-tunnel/adit/tui/terminal"
)

// framesPerSecond is how often the screen is drawn and the store read, at most.
const framesPerSecond = 30

// Source is all a face knows of adit. Reader and Observer must be set; without a Replayer or a Controller their keys say so.
type Source struct {
	Reader     inspect.Reader
	Replayer   inspect.Replayer
	Observer   inspect.Observer
	Controller inspect.Controller
	Keeper     inspect.Keeper  // nil: nothing is kept beyond the run
	Journal    inspect.Journal // nil: there is no log to be seen
	// Line writes an exchange as JSON lines have it, with the fields of the local API; request and response are as with export.HAR.Add. nil: none can be had.
	Line func(w io.Writer, it inspect.Item, request, response io.ReaderAt) error
}

// Options of the dashboard.
type Options struct {
	In  *os.File // nil: os.Stdin
	Out *os.File // nil: os.Stdout
	// Keys is which keys do what. Run refuses what its Check finds wrong.
	Keys Keys
	// ASCII draws with ASCII alone: for terminals of another character set, and fonts without lines and arrows.
	ASCII   bool
	MaskAll bool // nothing captured is readable: values, content, queries
	// Mask has paths of values within JSON content that are masked, until a key shows them, beside what is named like a secret.
	Mask   []string
	Inline bool   // drawn below what the terminal shows, which stays
	Mouse  bool   // the mouse is taken; a key gives it back
	Theme  string // light, dark, 16 (the terminal's own colours), or auto and "": as the terminal answers
	// Away, when set, is told while another program has the terminal: an editor, a pager. An interrupt that is typed then reaches the whole process group, and
	// is meant for that program.
	Away func(away bool)
	// Restored, when set, is told once, before the screen is drawn, a function that gives the terminal back, for a panic in a goroutine
	// that is not the dashboard's. The function may be called from any goroutine and more than once; after the first call nothing more is
	// drawn, and after Run has returned it does nothing.
	Restored func(restore func())
}

// PanicError is a panic inside the dashboard. The terminal has been given back; adit itself is unharmed.
type PanicError struct {
	Value any
	Stack []byte
}

// Error words the panic without its stack.
func (e *PanicError) Error() string { return fmt.Sprintf("dashboard panicked: %v", e.Value) }

// Run shows the dashboard until the person quits or ctx ends, and returns nil then; the terminal is as it was when it returns. A panic in
// the dashboard comes back as a *PanicError, anything the terminal refuses as an error.
//
// Run installs no handlers for signals that end a program: who calls it turns them into the end of ctx. Ctrl-Z suspends the process group
// as a shell expects it; while the process goes on in the background, Run leaves the terminal alone, and it draws again when it is back in
// front. When ctx ends in the background, Run returns without touching the terminal.
func Run(ctx context.Context, s Source, o Options) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hints, stop := s.Observer.Watch()
	defer stop()
	table, wrong := o.Keys.table()
	if len(wrong) > 0 {
		return wrong[0]
	}
	out := orFile(o.Out, os.Stdout)
	screen := terminal.New(orFile(o.In, os.Stdin), out)
	defer screen.Leave()
	screen.Lent = o.Away

	m := newModel(pane.Look{Zone: time.Local}, s, time.Now)
	m.dress(o, out, screen)
	m.maskAll = o.MaskAll
	if m.maskPaths, err = inspect.ParseJSONPaths(o.Mask); err != nil {
		return fmt.Errorf("dashboard: mask %w", err)
	}
	m.useKeys(table)
	m.equip(ctx, screen, newFeed(s, hints, ctx.Done()))
	defer m.work.sweep()
	defer m.endExport()

	p := tea.NewProgram(m, append(m.place(o, screen), tea.WithInput(screen.Keyboard()), tea.WithOutput(screen), tea.WithFPS(framesPerSecond),
		tea.WithoutSignalHandler(), tea.WithoutCatchPanics())...)
	if o.Restored != nil {
		o.Restored(screen.Restore)
	}
	// Not tea.WithContext: that kills the program, which closes the input under the hands of the goroutine that reads it.
	defer context.AfterFunc(ctx, p.Quit)()
	defer screen.OnContinued(ctx.Done(), func(again tea.ExecCommand) { p.Send(continued{again}) })()
	defer func() { err = settle(p, recover(), err) }()
	if _, err = p.Run(); err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	if m.panicked != nil {
		return m.panicked
	}
	return m.finish(ctx)
}

// equip gives the commands what they need of the world.
func (m *model) equip(ctx context.Context, screen *terminal.Screen, f *feed) {
	w := &m.work
	w.root, w.feed = ctx, f
	w.clip = terminal.NewClipboard(screen).Put
	w.browse = func(address string) bool { return terminal.Browse(ctx, address) }
	w.exec = func(cmd *exec.Cmd, done func(error) tea.Msg) tea.Cmd {
		return m.outside(screen.Program(ctx, cmd), done)
	}
	w.suspension = screen.Suspension(ctx.Done())
}

// place makes the model draw where the person wants it, with the mouse or without.
func (m *model) place(o Options, screen *terminal.Screen) (opts []tea.ProgramOption) {
	m.inline, m.mouse.never = o.Inline, o.Inline
	if o.Inline {
		screen.Inline()
		return nil
	}
	if m.mouse.taken = o.Mouse; o.Mouse {
		opts = append(opts, tea.WithMouseCellMotion())
	}
	return append(opts, tea.WithAltScreen())
}

// settle ends Run after a panic: Bubble Tea catches none here, because it would print them on the screen and swallow them.
func settle(p *tea.Program, panicked any, err error) error {
	switch panicked.(type) {
	case nil:
		return err
	case terminal.Abandoned:
		return nil
	}
	stack := debug.Stack()
	if e := p.ReleaseTerminal(); e != nil {
		return errors.Join(&PanicError{panicked, stack}, fmt.Errorf("restore terminal: %w", e))
	}
	return &PanicError{panicked, stack}
}

func orFile(f, otherwise *os.File) *os.File {
	if f == nil {
		return otherwise
	}
	return f
}
