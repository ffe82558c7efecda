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

// SetStdin, SetStdout and SetStderr are there for programs that draw.
func (s *suspension) SetStdin(io.Reader)  {}
func (s *suspension) SetStdout(io.Writer) {}
func (s *suspension) SetStderr(io.Writer) {}
