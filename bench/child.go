//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// child is a process that ends with the bench, however that ends.
type child struct {
	cmd   *exec.Cmd
	log   string // what it said on stderr
	first string // its first line on stdout, if that was waited for
	ended chan struct{}
}

// children starts processes in a directory of their own and knows which still run.
type children struct {
	ctx  context.Context
	dir  string
	over sync.WaitGroup
}

// start runs a program whose output goes nowhere. With waits, it returns when the program has said its first line.
func (k *children) start(waits bool, name string, args ...string) (*child, error) {
	log, err := os.CreateTemp(k.dir, filepath.Base(name)+"-*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := &child{cmd: k.command(name, args...), log: log.Name(), ended: make(chan struct{})}
	c.cmd.Stderr = log
	var out io.ReadCloser
	if waits {
		if out, err = c.cmd.StdoutPipe(); err != nil {
			return nil, err
		}
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if waits {
		// The pipe stays open as long as the process lives: it must be able to say more.
		c.first, err = bufio.NewReader(out).ReadString('\n')
	}
	k.over.Add(1)
	go func() {
		defer k.over.Done()
		_ = c.cmd.Wait()
		close(c.ended)
	}()
	if err != nil {
		c.kill()
		return nil, fmt.Errorf("%s says nothing: %w: %s", filepath.Base(name), err, c.last())
	}
	return c, nil
}

// command is killed when the bench is interrupted, and by the system when the bench is killed. A group of its own keeps the terminal's interrupt from it, so
// that there is an order in which things end.
func (k *children) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(k.ctx, name, args...)
	cmd.Dir, cmd.Env = k.dir, environment(k.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// environment is the bench's own without what would change adit: its settings, and a home with a configuration.
func environment(home string) []string {
	env := []string{"HOME=" + home}
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ADIT_") && !strings.HasPrefix(v, "XDG_") && !strings.HasPrefix(v, "HOME=") {
			env = append(env, v)
		}
	}
	return env
}

// kill ends the process at once; nothing of it is wanted any more.
func (c *child) kill() {
	if c != nil {
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// stop ends it as a person would.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	<-c.ended
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// last is the end of what the process said.
func (c *child) last() string {
	b, _ := os.ReadFile(c.log)
	return strings.TrimSpace(string(b[max(0, len(b)-400):]))
}
