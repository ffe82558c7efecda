//go:build unix

package tui

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
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

// ownSession keeps a program that outlives its call (a browser, xclip with what was copied) out of our process group and terminal: it goes on when the
// dashboard is suspended, and when the terminal is closed.
func ownSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// suspension is Ctrl-Z: a command to Bubble Tea, which gives the terminal back before it runs and takes it again afterwards.
type suspension struct {
	screen *terminal
	done   <-chan struct{}
	front  func() bool
	stop   func() error
}

var _ tea.ExecCommand = (*suspension)(nil)

func newSuspension(screen *terminal, done <-chan struct{}) tea.ExecCommand {
	return &suspension{
		screen: screen,
		done:   done,
		front:  func() bool { return Foreground(screen.in) },
		// The whole process group, as the terminal would do it: a `go run` around us has to stop with us, or the shell does not notice.
		stop: func() error { return unix.Kill(0, unix.SIGTSTP) },
	}
}

// newResumption gives the terminal back and takes it again.
func newResumption(screen *terminal, done <-chan struct{}) tea.ExecCommand {
	return &suspension{screen: screen, done: done, front: func() bool { return true }, stop: func() error { return nil }}
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
			panic(abandoned{})
		case <-continued:
		case <-look.C:
		}
	}
	return nil
}

// onContinued calls again each time that the process goes on in front after somebody else has stopped it (kill -STOP): whoever had the terminal meanwhile
// has left a mode and a screen of its own. The function it returns ends that.
func onContinued(screen *terminal, again func()) (end func()) {
	continued, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(continued, unix.SIGCONT)
	go func() {
		for {
			select {
			case <-continued:
				if screen.held.Load() && Foreground(screen.in) { // else a suspension waits already, or the shell will bring us here and say so again
					again()
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
