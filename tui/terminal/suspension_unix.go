//go:build unix

package terminal

import (
	"io"
	"os"
	"os/signal"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/sys/unix"
)

const (
	// orphanAfter is how long a stop may take to arrive. A process group without a shell that could continue it is not stopped at all.
	orphanAfter = 250 * time.Millisecond
	// frontEvery is how often a suspended dashboard looks whether it is in front again. Shells say nothing to a running job they bring there.
	frontEvery = 200 * time.Millisecond
)

// suspension is a command to Bubble Tea, which gives the terminal back before it runs and takes it again afterwards.
type suspension struct {
	screen *Screen
	done   <-chan struct{}
	front  func() bool
	stop   func() error
}

var _ tea.ExecCommand = (*suspension)(nil)

// Suspension is Ctrl-Z, for Bubble Tea's Exec; nil where there is no job control. When done is closed while the process is in the background, it panics with
// Abandoned.
func (s *Screen) Suspension(done <-chan struct{}) tea.ExecCommand {
	return &suspension{
		screen: s,
		done:   done,
		front:  func() bool { return Foreground(s.in) },
		// The whole process group, as the terminal would do it: a `go run` around us has to stop with us, or the shell does not notice.
		stop: func() error { return unix.Kill(0, unix.SIGTSTP) },
	}
}

// Run stops the process group and returns when it is in the terminal's foreground again, having run in the background or not.
func (s *suspension) Run() error {
	s.screen.away()
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, unix.SIGCONT)
	defer signal.Stop(continued)
	wasFront := s.front() // false when it is not our controlling terminal: then nobody can put us into the background of it
	if err := s.stop(); err != nil {
		return err
	}
	orphan := time.NewTimer(orphanAfter)
	defer orphan.Stop()
	select {
	case <-continued:
	case <-orphan.C:
	}
	look := time.NewTicker(frontEvery)
	defer look.Stop()
	for wasFront && !s.front() {
		select {
		case <-s.done:
			panic(Abandoned{})
		case <-continued:
		case <-look.C:
		}
	}
	return nil
}

// OnContinued calls again each time that the process goes on in front after somebody else has stopped it (kill -STOP): whoever had the terminal meanwhile
// has left a mode and a screen of its own. What again gets is for Bubble Tea's Exec, and takes the terminal anew. The function returned ends that.
func (s *Screen) OnContinued(done <-chan struct{}, again func(tea.ExecCommand)) (end func()) {
	continued, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(continued, unix.SIGCONT)
	go func() {
		for {
			select {
			case <-continued:
				if s.held.Load() && Foreground(s.in) { // else a suspension waits already, or the shell will bring us here and say so again
					again(&suspension{screen: s, done: done, front: func() bool { return true }, stop: func() error { return nil }})
				}
			case <-ended:
				return
			}
		}
	}()
	return func() {
		signal.Stop(continued)
		close(ended)
	}
}

// SetStdin, SetStdout and SetStderr are there for programs that draw.
func (s *suspension) SetStdin(io.Reader)  {}
func (s *suspension) SetStdout(io.Writer) {}
func (s *suspension) SetStderr(io.Writer) {}
