package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// verdict is what became of a request, as its visitor could see it.
type verdict int

const (
	whole    verdict = iota // answered, whole and right
	refused                 // nobody took the connection
	page                    // adit's own page said why not
	crossed                 // a kept connection ended just as the request was sent: no answer, and the service never saw it
	cut                     // the connection ended before the answer was whole, and the visitor could tell
	hung                    // nothing came within hangs
	foreign                 // an answer that belongs to another request
	pretends                // an answer that was cut and looks whole
	verdicts
)

func (v verdict) String() string {
	return [...]string{"whole", "refused", "page", "crossed", "cut", "hung", "foreign", "pretends"}[v]
}

// hangs is how long a visitor waits for the next byte.
const hangs = 2 * time.Minute

// visitor is somebody who sends one request after another and never sends one twice. It speaks HTTP/1.1 itself: a client that repeats
// or hides what happened on the connection would be no judge.
type visitor struct {
	kind       string // of the way it takes
	addr, host string
	keeps      bool         // one connection for many requests
	secure     *tls.Config  // nil: without TLS
	web        *http.Client // of HTTP/2, which then does the asking
	service    *witness

	conn  net.Conn
	in    *bufio.Reader
	fresh bool // nothing was sent on conn yet
	alive int  // connections on which an answer of the service came
}

// question is one request. size is the answer's length; sent is the length of a POST's content, written in pieces with pauses.
type question struct {
	id      int64
	post    bool
	sent    int
	size    int
	chunked bool // the content, or without one the answer, has no known length
	pieces  int
	pause   time.Duration
}

// nth is the mixture of requests: small ones, uploads, downloads, quick and slow, of known length and without.
func nth(id int64) question {
	q := question{id: id, size: 200, pieces: 1}
	switch id % 10 {
	case 0, 1, 2:
	case 3, 4:
		q.post, q.sent = true, 100+int(id%40)<<10
	case 5:
		q.post, q.chunked, q.sent = true, true, 20<<10
	case 6:
		q.post, q.sent, q.pieces, q.pause = true, 8<<10, 8, 30*time.Millisecond
	case 7:
		q.size = 100 << 10
	case 8:
		q.size, q.chunked, q.pieces, q.pause = 20<<10, true, 10, 20*time.Millisecond
	case 9:
		q.size, q.pieces, q.pause = 64<<10, 8, 50*time.Millisecond
	}
	return q
}

// line is the request's method and target.
func (q question) line() (method, target string) {
	method, target = "GET", fmt.Sprintf("/%d?size=%d", q.id, q.size)
	switch {
	case q.post:
		method, target = "POST", target+fmt.Sprintf("&sent=%d", q.sent)
	case q.chunked:
		target += "&chunked=1"
	}
	if !q.post {
		target += fmt.Sprintf("&pieces=%d&pause=%s", q.pieces, q.pause)
	}
	return method, target
}

// head is the request's head, and what its content is made of.
func (q question) head(host string, keeps bool) string {
	var b strings.Builder
	method, target := q.line()
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, host)
	if !keeps {
		b.WriteString("Connection: close\r\n")
	}
	switch {
	case q.post && q.chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n")
	case q.post:
		fmt.Fprintf(&b, "Content-Length: %d\r\n", q.sent)
	}
	return b.String() + "\r\n"
}

// write sends the request; a small one is one write.
func (q question) write(c net.Conn, host string, keeps bool) error {
	out := []byte(q.head(host, keeps))
	content := pattern(q.id, q.sent)
	for i := range q.pieces {
		piece := content[i*len(content)/q.pieces : (i+1)*len(content)/q.pieces]
		switch {
		case !q.post:
		case q.chunked:
			out = fmt.Appendf(out, "%x\r\n%s\r\n", len(piece), piece)
		default:
			out = append(out, piece...)
		}
		if last := !q.post || i == q.pieces-1; last {
			if q.post && q.chunked {
				out = append(out, "0\r\n\r\n"...)
			}
			_, err := c.Write(out)
			return err
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
		out = out[:0]
		time.Sleep(q.pause) // a slow visitor
	}
	return nil
}

// ask sends one request, on the kept connection if there is one, and judges what comes back. what says more about it.
func (v *visitor) ask(q question) (verdict, string) {
	if v.web != nil {
		return v.fetch(q)
	}
	if v.conn == nil || v.over() {
		v.leave()
		c, err := net.DialTimeout("tcp", v.addr, hangs)
		if err != nil {
			return refused, err.Error()
		}
		if v.secure != nil {
			c = tls.Client(c, v.secure) // a handshake that fails is one before the answer
		}
		v.conn, v.in, v.fresh = c, bufio.NewReader(c), true
	}
	// Written beside the reading, because an answer may come early. When it is over, so is the connection's use: the write ends with it.
	written := make(chan error, 1)
	c, begin := v.conn, time.Now()
	var sent time.Duration
	go func() {
		err := q.write(c, v.host, v.keeps)
		sent = time.Since(begin)
		written <- err
	}()
	kind, what, again := v.hear(q)
	heard := time.Since(begin)
	if !again || !v.keeps {
		v.leave()
	}
	if err := <-written; err != nil {
		v.leave()
	}
	v.fresh = false
	if kind == cut || kind == crossed { // whose fault that is shows here: nobody can answer what was not sent
		what += fmt.Sprintf(" (sent after %v, heard after %v)", sent, heard)
	}
	return kind, what
}

// over says that the kept connection was ended by the other side before anything was sent on it.
func (v *visitor) over() bool {
	_ = v.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := v.in.Peek(1)
	var timeout net.Error
	return err == nil || !errors.As(err, &timeout) || !timeout.Timeout()
}

func (v *visitor) leave() {
	if v.conn != nil {
		_ = v.conn.Close()
		v.conn = nil
	}
}

// hear reads and judges the answer; again says that the connection can be used again.
func (v *visitor) hear(q question) (kind verdict, what string, again bool) {
	_ = v.conn.SetReadDeadline(time.Now().Add(hangs))
	if _, err := v.in.Peek(1); err != nil {
		return v.silence(q, err), fmt.Sprintf("before the answer: %v", err), false
	}
	a, err := http.ReadResponse(v.in, nil)
	if err != nil {
		return cut, fmt.Sprintf("in the head: %v", err), false
	}
	kind, what, came := v.judge(q, a)
	return kind, what, came && !a.Close
}

// judge reads an answer's content; came says that it ended as such.
func (v *visitor) judge(q question, a *http.Response) (kind verdict, what string, came bool) {
	body, err := io.ReadAll(a.Body)
	code := a.Header.Get("Adit-Error")
	switch {
	case code != "":
		return page, code, err == nil
	case a.Header.Get("X-Id") != strconv.FormatInt(q.id, 10):
		return foreign, fmt.Sprintf("status %d, answer to %q", a.StatusCode, a.Header.Get("X-Id")), false
	}
	kind, what = compare(body, pattern(q.id, q.size), err)
	if v.fresh {
		v.alive++
	}
	return kind, what, err == nil
}

func (v *visitor) silence(q question, err error) verdict {
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return hung
	case !v.fresh && !v.service.reached(q.id):
		return crossed
	}
	return cut
}

func compare(got, want []byte, err error) (verdict, string) {
	what := fmt.Sprintf("%d of %d bytes, %v", len(got), len(want), err)
	switch {
	case !bytes.HasPrefix(want, got):
		return foreign, "content of another, " + what
	case err != nil:
		return cut, what
	case len(got) < len(want):
		return pretends, what
	}
	return whole, ""
}
