package tui

import (
	"os"
	"sync/atomic"

	"golang.org/x/term"
)

// giveBack ends all that the dashboard has switched on: styles, bracketed paste, the mouse, the alternate screen, the hidden cursor. Inline
// there is no such screen: the terminal would take what ends it for a place to go to.
const (
	giveBack       = "\x1b[0m\x1b[?2004l\x1b[?1002l\x1b[?1006l\x1b[?1049l\x1b[?25h"
	giveBackInline = "\x1b[0m\x1b[?2004l\x1b[?25h\r\n"
)

// terminal is the person's terminal as Bubble Tea gets it: what is drawn passes through a gate that can be shut at once and from any
// goroutine, which Bubble Tea's own way of restoring cannot.
type terminal struct {
	in, out *os.File
	state   *term.State // of in, before the dashboard; nil: in is no terminal

	question string // is asked as soon as the dashboard reads what is answered
	asked    bool
	back     string // ends all that the dashboard has switched on

	lent func(bool) // is told while another program has the terminal; nil: nobody is

	held atomic.Bool // something has been drawn and not been taken back
	shut atomic.Bool // nothing may be drawn any more
}

func newTerminal(in, out *os.File) *terminal {
	t := &terminal{in: in, out: out, back: giveBack}
	if state, err := term.GetState(int(in.Fd())); err == nil {
		t.state = state
	}
	return t
}

// Read, Write, Close and Fd make the terminal a file for Bubble Tea, which asks it for its size. Close does nothing: the file is the caller's.
func (t *terminal) Read(p []byte) (int, error) { return t.out.Read(p) }

func (t *terminal) Write(p []byte) (int, error) {
	if t.shut.Load() {
		return len(p), nil
	}
	t.held.Store(true)
	n, err := t.out.Write(p)
	if !t.asked && err == nil { // Bubble Tea writes nothing before it has the terminal's mode
		t.asked = true
		_, err = t.out.WriteString(t.question)
	}
	return n, err
}

// tell writes a sequence that is no part of any frame, and says whether it was: not while the terminal has been given back. Frames are written whole, and the
// file takes one write after the other, so that it is never within one.
func (t *terminal) tell(sequence string) bool {
	if t.shut.Load() || !t.held.Load() {
		return false
	}
	_, err := t.out.WriteString(sequence)
	return err == nil
}

func (t *terminal) Close() error { return nil }

func (t *terminal) Fd() uintptr { return t.out.Fd() }

// restore gives the terminal back from outside the dashboard. The mode goes first: setting it does not wait for the terminal to read.
func (t *terminal) restore() {
	t.shut.Store(true)
	if !t.held.CompareAndSwap(true, false) {
		return
	}
	if t.state != nil {
		_ = term.Restore(int(t.in.Fd()), t.state) // there is nobody left to tell
	}
	_, _ = t.out.WriteString(t.back)
}

// settle sets the mode that the terminal had before the dashboard: a program that is killed leaves its own.
func (t *terminal) settle() {
	if t.state != nil {
		_ = term.Restore(int(t.in.Fd()), t.state) // there is nothing else to be done about it
	}
}

// away says that the terminal has been given back for a while.
func (t *terminal) away() { t.held.Store(false) }

// leave says that the dashboard is over.
func (t *terminal) leave() {
	t.shut.Store(true)
	t.held.Store(false)
}
