package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/adit-tunnel/adit/sock"
)

// unclaimed is how long listeners of the process before are kept that nobody has asked for yet: those of endpoints with a port of their own, whose agents are
// on their way.
const unclaimed = 5 * time.Second

// errSuccession is why no port is opened while another process is about to take this one's place, or has: it would not be given that one.
var errSuccession = errors.New("another process takes this relay's place")

// errPassed is why a listener that belongs to the next process, too, is closed and nothing else: what is set on the socket would hold for both.
var errPassed = errors.New("the listener was handed over to the next process")

// doors are the listeners of a relay. A name is what the listener is for and its address as it was asked for, such as "http :8080": under it the next process
// finds the listener again.
type doors struct {
	log *slog.Logger

	mu        sync.Mutex
	open      map[string]*door
	inherited map[string]*os.File // from the process before, until somebody wants them
	copied    chan struct{}       // closed when it is known whether the process that has copies takes over; nil: there is none
	passed    bool                // it has
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
	if one, err := d.inherit(name); one != nil || err != nil {
		return one, err
	}
	ln, err := listenWithin(ctx, limit, addr, d.log)
	if errors.Is(err, syscall.EADDRINUSE) && d.succeeded() {
		err = errSuccession // it was given back after the next process had a copy
	}
	if err != nil {
		return nil, err
	}
	one := &door{TCPListener: ln.(*net.TCPListener), all: d, name: name}
	if err := d.add(ctx, one); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return one, nil
}

// inherit returns the listener of that name that the process before has left; nil: there is none. The next process has been given it already, if there is one.
func (d *doors) inherit(name string) (net.Listener, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.inherited[name]
	if f == nil {
		return nil, nil
	}
	delete(d.inherited, name)
	ln, err := net.FileListener(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t, ok := ln.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%s is no TCP listener", name), ln.Close())
	}
	one := &door{TCPListener: t, all: d, name: name}
	one.passed.Store(d.passed)
	d.open[name] = one
	return one, nil
}

// add waits, as long as it is not known who goes on, with a listener that the next process was not given.
func (d *doors) add(ctx context.Context, one *door) error {
	for {
		d.mu.Lock()
		copied, passed := d.copied, d.passed
		if copied == nil && !passed {
			d.open[one.name] = one
		}
		d.mu.Unlock()
		switch {
		case passed:
			return errSuccession
		case copied == nil:
			return nil
		}
		select {
		case <-copied:
		case <-ctx.Done():
			return errSuccession
		}
	}
}

// succeeded says that another process is about to take over, or has.
func (d *doors) succeeded() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.copied != nil || d.passed
}

// copies are files of all listeners, those included that nobody has wanted yet. The caller closes them, and says with pass or stay what became of the process that
// they were for.
func (d *doors) copies() (files map[string]*os.File, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	files = map[string]*os.File{}
	for name, one := range d.open {
		if err := keep(files, one.TCPListener, name); err != nil {
			return nil, err
		}
	}
	for name, f := range d.inherited {
		if err := keep(files, f, name); err != nil {
			return nil, err
		}
	}
	if d.copied == nil {
		d.copied = make(chan struct{})
	}
	return files, nil
}

// keep adds a copy of a socket to files, or closes them all.
func keep(files map[string]*os.File, c syscall.Conn, name string) error {
	f, err := duplicate(c, name)
	if err != nil {
		closeAll(files)
		return fmt.Errorf("%s: %w", name, err)
	}
	files[name] = f
	return nil
}

// pass says that from now on the next process accepts at these listeners.
func (d *doors) pass() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passed = true
	for _, one := range d.open {
		one.passed.Store(true)
	}
	d.known()
}

// stay says that there is no next process.
func (d *doors) stay() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known()
}

// known ends what copies began. d.mu is held.
func (d *doors) known() {
	if d.copied != nil {
		close(d.copied)
		d.copied = nil
	}
}

// unwanted counts the listeners of the process before for that purpose that nobody has wanted yet, but for the one at addr, and says whether there is that one.
func (d *doors) unwanted(purpose, addr string) (others int, own bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.inherited {
		switch {
		case name == purpose+" "+addr:
			own = true
		case strings.HasPrefix(name, purpose+" "):
			others++
		}
	}
	return others, own
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

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	c, err := d.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return sock.OfTCP(c), nil
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
