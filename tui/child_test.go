//go:build unix

package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/terminal"
)

// child is what the test binary does as a process of its own.
func child(role string) int {
	switch role {
	case "import": // only be a program that imports this package
		return 0
	case "foreground":
		return childForeground()
	case "report":
		fmt.Printf("foreground=%v interactive=%v\n", terminal.Foreground(os.Stdin), terminal.Interactive(os.Stdin, os.Stdin))
		return 0
	}
	return childRun(role)
}

// childForeground reports for itself and for a process in the background of the same terminal.
func childForeground() int {
	fmt.Printf("foreground=%v interactive=%v\n", terminal.Foreground(os.Stdin), terminal.Interactive(os.Stdin, os.Stdout))
	back := exec.Command(os.Args[0])
	back.Env = append(os.Environ(), "ADIT_TUI_CHILD=report")
	back.Stdin = os.Stdin
	back.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := back.CombinedOutput()
	fmt.Printf("behind: %s%v\n", out, err)
	return 0
}

// childRun shows the dashboard and says how it ended.
func childRun(role string) int {
	term, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	ctx := term
	f := &fake{status: online()}
	f.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
	s, o := f.source(), Options{Mouse: true}
	switch role {
	case "panic":
		s.Reader = panics{f}
	case "inline":
		o.Inline = true
	case "restore":
		ctx = context.Background() // the end comes from another goroutine
		o.Restored = func(restore func()) {
			go func() {
				<-term.Done()
				restore()
				restore()
				fmt.Println("given back")
				os.Exit(70)
			}()
		}
	}
	err := Run(ctx, s, o)
	var p *PanicError
	if errors.As(err, &p) {
		fmt.Printf("panic: %v, stack: %v\n", p, len(p.Stack) > 0)
	} else {
		fmt.Printf("returned: %v\n", err)
	}
	return 0
}

// panics is a store that panics when something is opened.
type panics struct{ inspect.Reader }

func (panics) Get(context.Context, inspect.ID) (inspect.Item, error) { panic("broken store") }
