package terminal

import (
	"os"
	"runtime"
	"sync/atomic"

	"golang.org/x/term"
)

// giveBack ends all that the dashboard has switched on: styles, bracketed paste, the mouse, the alternate screen, the hidden cursor. Inline
// there is no such screen: the terminal would take what ends it for a place to go to.
const (
	giveBack       = "\x1b[0m\x1b[?2004l\x1b[?1002l\x1b[?1006l\x1b[?1049l\x1b[?25h"
	giveBackInline = "\x1b[0m\x1b[?2004l\x1b[?25h\r\n"
)

// Screen is the person's terminal as Bubble Tea gets it: what is drawn passes through a gate that can be shut at once and from any
// goroutine, which Bubble Tea's own way of restoring cannot.
type Screen struct {
	// Lent, when set, is told while another program has the terminal.
	Lent func(lent bool)

	in, out *os.File
	keys    *Keyboard
	state   *term.State // of in, before the dashboard; nil: in is no terminal

	question string // is asked as soon as the dashboard reads what is answered
	asked    bool
	back     string // ends all that the dashboard has switched on

	held atomic.Bool // something has been drawn and not been taken back
	shut atomic.Bool // nothing may be drawn any more
}

// New makes a Screen of files that stay the caller's. It touches nothing yet.
func New(in, out *os.File) *Screen {
	s := &Screen{in: in, out: out, keys: &Keyboard{File: in}, back: giveBack}
	if state, err := term.GetState(int(in.Fd())); err == nil {
		s.state = state
	}
	return s
}

// Keyboard is what the person types.
func (s *Screen) Keyboard() *Keyboard { return s.keys }

// Inline says that the dashboard is drawn below what the terminal shows. It comes before anything is drawn.
func (s *Screen) Inline() { s.back = giveBackInline }

// AskBackground has the terminal asked for the colour of its background, once it is drawn on. The answer comes, or never does. nil: it is not asked, since on
// Windows nothing but keys comes from the keyboard.
func (s *Screen) AskBackground() (answers <-chan string) {
	if runtime.GOOS == "windows" {
		return nil
	}
	answered := make(chan string, 1)
	s.keys.answers, s.question = answered, backgroundQuestion
	return answered
}

// Read is there because Bubble Tea takes a file only: it asks that for its size. So are Close and Fd.
func (s *Screen) Read(p []byte) (int, error) { return s.out.Read(p) }

// Write draws, unless the terminal has been given back for good.
func (s *Screen) Write(p []byte) (int, error) {
	if s.shut.Load() {
		return len(p), nil
	}
	s.held.Store(true)
	n, err := s.out.Write(p)
	if !s.asked && err == nil { // Bubble Tea writes nothing before it has the terminal's mode
		s.asked = true
		_, err = s.out.WriteString(s.question)
	}
	return n, err
}

// tell writes a sequence that is no part of any frame, and says whether it was: not while the terminal has been given back. Frames are written whole, and the
// file takes one write after the other, so that it is never within one.
func (s *Screen) tell(sequence string) bool {
	if s.shut.Load() || !s.held.Load() {
		return false
	}
	_, err := s.out.WriteString(sequence)
	return err == nil
}

// Close does nothing: the file is the caller's.
func (s *Screen) Close() error { return nil }

// Fd is the file's.
func (s *Screen) Fd() uintptr { return s.out.Fd() }

// Restore gives the terminal back from outside the dashboard, from any goroutine and more than once. The mode goes first: setting it does not wait for the terminal to read.
func (s *Screen) Restore() {
	s.shut.Store(true)
	if !s.held.CompareAndSwap(true, false) {
		return
	}
	if s.state != nil {
		_ = term.Restore(int(s.in.Fd()), s.state) // there is nobody left to tell
	}
	_, _ = s.out.WriteString(s.back)
}

// settle sets the mode that the terminal had before the dashboard: a program that is killed leaves its own.
func (s *Screen) settle() {
	if s.state != nil {
		_ = term.Restore(int(s.in.Fd()), s.state) // there is nothing else to be done about it
	}
}

// away says that the terminal has been given back for a while.
func (s *Screen) away() { s.held.Store(false) }

// Leave says that the dashboard is over: nothing more is drawn.
func (s *Screen) Leave() {
	s.shut.Store(true)
	s.held.Store(false)
}
