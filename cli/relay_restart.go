package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

const (
	// heirsName is the environment variable in which a relay tells the process that takes its place which listeners it is given, a name a line. The files begin
	// at firstHeir; the one before is a pipe, into which the new process writes when it serves.
	heirsName = "ADIT_LISTENERS"
	firstHeir = readyPipe + 1
	readyPipe = 3

	// heirWithin is how long a new process may take until it serves.
	heirWithin = time.Minute
)

// ownPath is where this program is, or rather what stands there now: after an upgrade, the new one.
func ownPath() (string, error) {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return os.Executable()
	}
	return filepath.Abs(path)
}

// inheritance is what a relay was given by the process whose place it takes.
type inheritance struct {
	listeners map[string]*os.File
	ready     *os.File // nil: there was none before
}

// inherit takes what the process before has left; it is done once, and no other program learns of it.
func (a *app) inherit() inheritance {
	names := a.env(heirsName)
	if names == "" {
		return inheritance{}
	}
	_ = os.Unsetenv(heirsName) // fails only for names that cannot be
	a.environ = slices.DeleteFunc(slices.Clone(a.environ), func(v string) bool { return strings.HasPrefix(v, heirsName+"=") })
	i := inheritance{listeners: map[string]*os.File{}, ready: os.NewFile(readyPipe, "ready")}
	keepFromChildren(i.ready)
	for n, name := range strings.Split(names, "\n") {
		f := os.NewFile(uintptr(firstHeir+n), name)
		keepFromChildren(f)
		i.listeners[name] = f
	}
	return i
}

// serves tells the process before, if there was one, that this one serves; from now on that one takes nothing new.
func (i *inheritance) serves() bool {
	if i.ready == nil {
		return false
	}
	_, _ = i.ready.WriteString("ready") // if it has died meanwhile nobody needs to know
	_ = i.ready.Close()
	return true
}

// renewWhenAsked lets a new process take the relay's place when asked to. It ends when ctx does or the other process serves.
func (r *runningRelay) renewWhenAsked(ctx context.Context, path string, asked <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
		}
		r.log.Info("a new process is started to take over", "program", path)
		heir, err := r.renew(ctx, path)
		if err == nil {
			r.log.Info("another process serves now; this one answers what it has begun and ends", "pid", heir.Pid)
			r.tellManager("MAINPID=" + strconv.Itoa(heir.Pid)) // before this one can end
			if !r.HandOver() {
				_ = heir.Kill() // both are to stop
			}
			return
		}
		r.GoOn()
		r.count.renewFailures.Add(1)
		r.log.Error("no other process took over, and this one goes on", "err", err)
	}
}

// tellManager tells systemd, if that started this process and wants to know.
func (r *runningRelay) tellManager(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		r.log.Warn("systemd could not be told", "state", state, "err", err)
	}
}

// renew starts a process with the relay's listeners and returns when it serves; else it is no more.
func (r *runningRelay) renew(ctx context.Context, path string) (*os.Process, error) {
	if os.Getpid() == 1 {
		return nil, errors.New("this is a container's first process, with which the container ends: start another container instead")
	}
	answer, ready, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }()
	listeners, err := r.Listeners()
	if err != nil {
		return nil, errors.Join(err, ready.Close())
	}
	names := slices.Sorted(maps.Keys(listeners))
	c := exec.Command(path, os.Args[1:]...)
	c.Stdin, c.Stdout, c.Stderr = r.a.In, r.a.Out, r.a.Err
	c.Env = append(slices.Clone(r.a.environ), heirsName+"="+strings.Join(names, "\n"))
	c.ExtraFiles = []*os.File{ready}
	for _, name := range names {
		c.ExtraFiles = append(c.ExtraFiles, listeners[name])
	}
	err = c.Start()
	for _, f := range c.ExtraFiles {
		_ = f.Close() // the new process has its own
	}
	if err != nil {
		return nil, err
	}
	return c.Process, r.awaitHeir(ctx, c, answer)
}

// awaitHeir waits until the process says that it serves; else it ends it, and says why.
func (r *runningRelay) awaitHeir(ctx context.Context, c *exec.Cmd, answer *os.File) error {
	ctx, cancel := context.WithTimeoutCause(ctx, heirWithin, fmt.Errorf("it did not serve within %v", heirWithin))
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = answer.SetReadDeadline(time.Unix(1, 0)) })()
	word, err := io.ReadAll(answer)
	if string(word) == "ready" {
		r.a.guard.Go(func() { _ = c.Wait() }) // it is its own master
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	_ = c.Process.Signal(syscall.SIGKILL) // it may have ended by itself
	if end := c.Wait(); err == nil {
		err = fmt.Errorf("it ended before it served (%w); its own words stand above", end)
	}
	return err
}
