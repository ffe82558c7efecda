package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"
)

// guard ends the program decently when a goroutine panics: the terminal is given back, the details go to a file, and the exit
// code is 70. Rooms start their goroutines through Go.
type guard struct {
	app *app

	mu      sync.Mutex
	restore func() // gives the terminal back; nil when nobody has it
	dir     string // where the details go; "" the temporary directory
}

func newGuard(a *app) *guard { return &guard{app: a} }

// Go starts f in a goroutine of its own.
func (g *guard) Go(f func()) {
	go func() {
		defer g.catch()
		f()
	}()
}

func (g *guard) setRestore(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.restore = f
}

func (g *guard) setDir(dir string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dir = dir
}

// giveBack restores the terminal, if a face has it.
func (g *guard) giveBack() {
	g.mu.Lock()
	f := g.restore
	g.restore = nil
	g.mu.Unlock()
	if f != nil {
		f()
	}
}

// catch must be deferred.
func (g *guard) catch() {
	if v := recover(); v != nil {
		g.die(v, debug.Stack())
	}
}

func (g *guard) die(v any, stack []byte) {
	g.giveBack()
	where := "the details could not be saved:\n\n" + string(stack)
	if path, err := g.save(v, stack); err == nil {
		where = "the details are in " + path
	}
	fmt.Fprintf(g.app.Err, "adit: internal error: %v\n  this is a defect in adit; %s\n", v, where)
	os.Exit(exitInternal)
}

func (g *guard) save(v any, stack []byte) (path string, err error) {
	g.mu.Lock()
	dir := g.dir
	g.mu.Unlock()
	if dir == "" {
		dir = os.TempDir()
	}
	path = filepath.Join(dir, "crash-"+time.Now().UTC().Format("20060102T150405.000")+".txt")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(f, fmt.Sprintf("adit %s\npanic: %v\n\n%s", Version, v, stack))
	return path, closeWith(f, err)
}

// closeWith closes c and returns err, or what closing said.
func closeWith(c io.Closer, err error) error {
	if cerr := c.Close(); err == nil {
		err = cerr
	}
	return err
}
