//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long a visitor waits for the next byte. It only ends what would hang.
const patience = 30 * time.Second

// ask sends a request's head on a connection of its own. rcvbuf is its receive buffer in bytes; 0: the system's choice.
func (t *target) ask(method, path, fields string, rcvbuf int) (*net.TCPConn, error) {
	d := net.Dialer{Timeout: patience}
	if rcvbuf > 0 {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, rcvbuf) })
		}
	}
	raw, err := d.DialContext(t.b.ctx, "tcp", t.addr)
	if err != nil {
		return nil, err
	}
	c := raw.(*net.TCPConn)
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", method, path, host, fields); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// readHead reads the head of an answer, which must be a 200, and returns what came of its content.
func readHead(c net.Conn) (content []byte, err error) {
	buf, n := make([]byte, 4096), 0
	for {
		k, err := c.Read(buf[n:])
		n += k
		if head, rest, ok := bytes.Cut(buf[:n], []byte("\r\n\r\n")); ok {
			if !bytes.HasPrefix(head, []byte("HTTP/1.1 200")) {
				status, _, _ := bytes.Cut(head, []byte("\r\n"))
				return nil, fmt.Errorf("the answer is %q", status)
			}
			return rest, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// download asks for size bytes and takes them as fast as they come, until it has all or over is closed (nil: never). It counts them as they come.
func (t *target) download(size int64, over <-chan struct{}, count *atomic.Int64) error {
	c, err := t.ask("GET", fmt.Sprintf("/bytes/%d", size), "", 0)
	if err != nil {
		return err
	}
	defer c.Close()
	first, err := readHead(c)
	if err != nil {
		return err
	}
	count.Add(int64(len(first)))
	for left := size - int64(len(first)); left > 0; {
		select {
		case <-over:
			return nil
		default:
		}
		n, err := discard(c)
		if err != nil {
			return fmt.Errorf("%d bytes are missing: %w", left, err)
		}
		count.Add(int64(n))
		left -= int64(n)
	}
	return nil
}

// trash is what the kernel is told to read into, and does not.
var trash [mebi]byte

// discard has the kernel throw away what has come: a client that costs almost nothing.
func discard(c *net.TCPConn) (n int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	waited := raw.Read(func(fd uintptr) bool {
		n, _, err = syscall.Recvfrom(int(fd), trash[:], syscall.MSG_TRUNC)
		return !errors.Is(err, syscall.EAGAIN)
	})
	switch {
	case waited != nil:
		return 0, waited
	case err == nil && n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return max(n, 0), err
}

// upload sends size bytes, a multiple of a mebibyte, and demands that all have come.
func (t *target) upload(size int64) error {
	c, err := t.ask("POST", "/sink", fmt.Sprintf("Content-Length: %d\r\n", size), 0)
	if err != nil {
		return err
	}
	defer c.Close()
	for left := size; left > 0; left -= mebi {
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err := c.Write(block); err != nil {
			return err
		}
	}
	got, err := readHead(c)
	want := strconv.FormatInt(size, 10)
	if err == nil && len(got) < len(want) {
		rest := make([]byte, len(want)-len(got))
		_, err = io.ReadFull(c, rest)
		got = append(got, rest...)
	}
	if err == nil && string(got) != want {
		err = fmt.Errorf("%q of %d bytes came", got, size)
	}
	return err
}

// parallel does f n times at once and returns the first error.
func parallel(n int, f func() error) error {
	errs := make([]error, n)
	var over sync.WaitGroup
	for i := range n {
		over.Go(func() { errs[i] = f() })
	}
	over.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// unreadPath is of a download that nobody reads to its end.
var unreadPath = fmt.Sprintf("/bytes/%d", 100*mebi)

// unread opens n downloads of which nobody reads a byte; the caller closes them.
func (t *target) unread(n int) (connections, error) { return t.askAll(n, "GET", unreadPath, "") }

// unreads has n of them come.
func unreads(n int) func(t *target) (leave func(), err error) {
	return func(t *target) (func(), error) {
		all, err := t.unread(n)
		return all.close, err
	}
}

// tricklePause is how long a visitor who trickles waits before its next byte.
const tricklePause = 2 * time.Second

// trickles has n visitors come, of whom half send a byte of an upload now and then, half take one of a download.
func trickles(n int) func(t *target) (leave func(), err error) {
	return func(t *target) (func(), error) { return t.trickle(n) }
}

func (t *target) trickle(n int) (leave func(), err error) {
	up, err := t.askAll(n/2, "POST", "/sink", fmt.Sprintf("Content-Length: %d\r\n", mebi))
	if err != nil {
		return nil, err
	}
	down, err := t.askAll(n-n/2, "GET", unreadPath, "")
	if err != nil {
		up.close()
		return nil, err
	}
	over := make(chan struct{})
	var sender sync.WaitGroup
	sender.Go(func() {
		for tick := time.NewTicker(tricklePause); ; {
			for _, c := range up {
				_, _ = c.Write(block[:1]) // who is cut shows when they leave
			}
			for _, c := range down {
				_ = c.SetReadDeadline(time.Now().Add(patience))
				_, _ = c.Read(make([]byte, 1))
			}
			select {
			case <-over:
				return
			case <-tick.C:
			}
		}
	})
	return sync.OnceFunc(func() {
		close(over)
		sender.Wait()
		up.close()
		down.close()
	}), nil
}

// askAll asks on n connections with small receive buffers; the caller closes them.
func (t *target) askAll(n int, method, path, fields string) (all connections, err error) {
	for range n {
		c, err := t.ask(method, path, fields, 64<<10)
		if err != nil {
			all.close()
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

type connections []*net.TCPConn

func (all connections) close() {
	for _, c := range all {
		_ = c.Close()
	}
}
