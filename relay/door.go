package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// unclaimed is how long listeners of the process before are kept that nobody has asked for yet: those of endpoints with a port of their own, whose agents are
// on their way.
const unclaimed = 5 * time.Second

// errPassed is why a listener that belongs to the next process, too, is closed and nothing else: what is set on the socket would hold for both.
var errPassed = errors.New("the listener was handed over to the next process")

// doors are the listeners of a relay. A name is what the listener is for and its address as it was asked for, such as "http :8080": under it the next process
// finds the listener again.
type doors struct {
	log *slog.Logger

	mu        sync.Mutex
	open      map[string]*door
	inherited map[string]*os.File // from the process before, until somebody wants them
}

func newDoors(inherited map[string]*os.File, log *slog.Logger) *doors {
	d := &doors{log: log, open: map[string]*door{}, inherited: map[string]*os.File{}}
	for name, f := range inherited {
		d.inherited[name] = f
	}
	return d
}

// door is a TCP listener that may pass to the next process: that one has a copy of the socket, and connections that wait in it are lost to neither.
type door struct {
	*net.TCPListener
	all    *doors
	name   string
	passed atomic.Bool
}

// listen takes the listener of that purpose and address over from the process before, or opens one and waits up to limit for its address to become free.
func (d *doors) listen(ctx context.Context, limit time.Duration, purpose, addr string) (net.Listener, error) {
	name := purpose + " " + addr
	ln, err := d.inherit(name)
	if ln == nil && err == nil {
		ln, err = listenWithin(ctx, limit, addr, d.log)
	}
	if err != nil {
		return nil, err
	}
	t, ok := ln.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%s is no TCP listener", name), ln.Close())
	}
	one := &door{TCPListener: t, all: d, name: name}
	d.mu.Lock()
	d.open[name] = one
	d.mu.Unlock()
	return one, nil
}

// inherit returns the listener of that name that the process before has left; nil: there is none.
func (d *doors) inherit(name string) (net.Listener, error) {
	d.mu.Lock()
	f := d.inherited[name]
	delete(d.inherited, name)
	d.mu.Unlock()
	if f == nil {
		return nil, nil
	}
	ln, err := net.FileListener(f)
	return ln, errors.Join(err, f.Close())
}

// copies are files of all listeners, which the caller closes.
func (d *doors) copies() (files map[string]*os.File, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	files = map[string]*os.File{}
	for name, one := range d.open {
		f, err := one.File()
		if err != nil {
			closeAll(files)
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = f
	}
	return files, nil
}

// pass says that from now on the next process accepts at these listeners.
func (d *doors) pass() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.open {
		one.passed.Store(true)
	}
}

// forget closes what of the process before nobody has wanted.
func (d *doors) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	closeAll(d.inherited)
	clear(d.inherited)
}

func closeAll[C io.Closer](all map[string]C) {
	for _, c := range all {
		_ = c.Close() // nothing was written to it
	}
}

// Close implements net.Listener. Connections that wait in a listener that was passed on are the next process's.
func (d *door) Close() error {
	d.all.mu.Lock()
	if d.all.open[d.name] == d {
		delete(d.all.open, d.name)
	}
	d.all.mu.Unlock()
	return d.TCPListener.Close()
}

// SetDeadline implements a listener whose Accept can be ended; not when it was passed on: then there is no last call to be made.
func (d *door) SetDeadline(t time.Time) error {
	if d.passed.Load() {
		return errPassed
	}
	return d.TCPListener.SetDeadline(t)
}

// SyscallConn implements syscall.Conn.
func (d *door) SyscallConn() (syscall.RawConn, error) {
	if d.passed.Load() {
		return nil, errPassed
	}
	return d.TCPListener.SyscallConn()
}
