package tui

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
	screen *terminal
	cmd    *exec.Cmd
}

var _ tea.ExecCommand = (*program)(nil)

// programs returns how the dashboard runs programs outside: cmd gets the terminal, and done makes the message that tells how it has ended.
func programs(root context.Context, screen *terminal, outside func(tea.ExecCommand, tea.ExecCallback) tea.Cmd) func(cmd *exec.Cmd, done func(error) tea.Msg) tea.Cmd {
	return func(cmd *exec.Cmd, done func(error) tea.Msg) tea.Cmd {
		return outside(&program{root, screen, cmd}, done)
	}
}

// Run runs the program to its end. When the dashboard is to end, the program is asked to.
func (p *program) Run() error {
	p.screen.away()
	if told := p.screen.lent; told != nil {
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
