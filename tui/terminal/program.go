package terminal

import (
	"context"
	"io"
	"os/exec"
	"syscall"

	tea "github.com/charmbracelet/bubbletea"
)

// program is a program that has the terminal for a while: an editor, a pager. It is a command to Bubble Tea, which gives the terminal back before and
// takes it again afterwards.
type program struct {
	root   context.Context
	screen *Screen
	cmd    *exec.Cmd
}

var _ tea.ExecCommand = (*program)(nil)

// Program is cmd for Bubble Tea's Exec: it gets the terminal for as long as it runs, and is asked to end when root does.
func (s *Screen) Program(root context.Context, cmd *exec.Cmd) tea.ExecCommand {
	return &program{root, s, cmd}
}

// Run runs the program to its end.
func (p *program) Run() error {
	p.screen.away()
	if told := p.screen.Lent; told != nil {
		told(true)
		defer told(false)
	}
	defer p.screen.settle()
	p.cmd.Stdout, p.cmd.Stderr = p.screen.out, p.screen.out
	if p.cmd.Stdin == nil { // a pager gets what it shows there, and asks the terminal for keys by itself
		p.cmd.Stdin = p.screen.in
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	defer context.AfterFunc(p.root, func() {
		if p.cmd.Process.Signal(syscall.SIGTERM) != nil {
			_ = p.cmd.Process.Kill() // it has ended, or this is Windows
		}
	})()
	return p.cmd.Wait()
}

// SetStdin, SetStdout and SetStderr would give the program what stands between Bubble Tea and the terminal: it needs the terminal itself.
func (p *program) SetStdin(io.Reader)  {}
func (p *program) SetStdout(io.Writer) {}
func (p *program) SetStderr(io.Writer) {}
