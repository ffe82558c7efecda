//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
)

// beOrigin makes the bench run as the origin, a process of its own.
const beOrigin = "origin"

const (
	smallHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 128\r\n"
	bytesHead = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
	mebi      = 1 << 20
	// notSentLowat is TCP_NOTSENT_LOWAT, which syscall does not name.
	notSentLowat = 25
)

var (
	content    = append(bytes.Repeat([]byte("x"), 127), '\n')
	small      = append([]byte(smallHead+"\r\n"), content...)
	smallClose = append([]byte(smallHead+"Connection: close\r\n\r\n"), content...)
	block      = bytes.Repeat([]byte("0123456789abcdef"), mebi/16)
)

// runOrigin says its address and answers until it is killed.
func runOrigin() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return serveOrigin(ln)
}

// serveOrigin answers GET /small with 128 bytes, GET /bytes/N with N, POST /sink with how many bytes came. It costs as little as an origin can, so that what
// is measured is the way to it. It ends when ln is closed.
func serveOrigin(ln net.Listener) error {
	for {
		c, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			continue
		}
		// The kernel does not keep megabytes for somebody who does not read: the tunnel is measured, not tcp_wmem.
		if raw, err := c.(*net.TCPConn).SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, notSentLowat, 128<<10) })
		}
		go func() {
			defer c.Close()
			in := bufio.NewReaderSize(c, 8<<10)
			for q, err := readQuestion(in); err == nil && q.answer(c, in) == nil && !q.close; q, err = readQuestion(in) {
			}
		}()
	}
}

// question is what the origin needs of a request.
type question struct {
	post  bool
	bytes int64 // of /bytes/N; -1: another path
	sent  int64 // Content-Length
	close bool
}

func readQuestion(in *bufio.Reader) (q question, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return q, err
	}
	q.post, q.bytes = bytes.HasPrefix(line, []byte("POST ")), -1
	if rest, ok := bytes.CutPrefix(line, []byte("GET /bytes/")); ok {
		n, _, _ := bytes.Cut(rest, []byte(" "))
		if q.bytes, err = strconv.ParseInt(string(n), 10, 64); err != nil {
			return q, err
		}
	}
	for {
		if line, err = in.ReadSlice('\n'); err != nil || len(line) <= 2 {
			return q, err
		}
		if line[0]|0x20 != 'c' {
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Connection")):
			q.close = bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, []byte("Content-Length")):
			if q.sent, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return q, err
			}
		}
	}
}

func (q question) answer(c net.Conn, in *bufio.Reader) (err error) {
	switch {
	case q.post:
		if _, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.LimitReader(in, q.sent), make([]byte, 256<<10)); err == nil {
			n := strconv.FormatInt(q.sent, 10)
			_, err = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(n), n)
		}
	case q.bytes >= 0:
		_, err = fmt.Fprintf(c, bytesHead, q.bytes)
		for left := q.bytes; left > 0 && err == nil; left -= mebi {
			_, err = c.Write(block[:min(left, mebi)])
		}
	case q.close:
		_, err = c.Write(smallClose)
	default:
		_, err = c.Write(small)
	}
	return err
}
