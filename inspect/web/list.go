package web

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// flushAfter: what has been found is sent on while the search goes on.
const flushAfter = 100 * time.Millisecond

// list writes {"NAME":[…], …} as the values come: all together may be too large for memory, and the first are wanted before the last are found.
type list struct {
	out   *bufio.Writer
	flush func() error
	sent  time.Time
	any   bool
}

func (s *Server) newList(w http.ResponseWriter, name string) *list {
	p := s.patiently(w)
	l := &list{out: bufio.NewWriterSize(p, 32<<10), flush: p.control.Flush, sent: time.Now()}
	_, _ = l.out.WriteString(`{"` + name + `":[`)
	return l
}

// add writes v; false: the reader has gone.
func (l *list) add(v any) bool {
	b, err := json.Marshal(v)
	if err != nil {
		panic(http.ErrAbortHandler) // a value that is no JSON: the answer must not look whole
	}
	if l.any {
		_ = l.out.WriteByte(',')
	}
	l.any = true
	if _, err = l.out.Write(b); err != nil || time.Since(l.sent) < flushAfter {
		return err == nil
	}
	l.sent = time.Now()
	return l.out.Flush() == nil && l.flush() == nil
}

// end writes what follows the values.
func (l *list) end(rest map[string]any) {
	b, err := json.Marshal(rest)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = l.out.WriteString("],")
	_, _ = l.out.Write(append(b[1:], '\n'))
	_ = l.out.Flush()
}

// cut ends an answer that has begun, so that it does not look whole. Readers that have gone are no news.
func (s *Server) cut(doing string, err error) {
	if !errors.Is(err, context.Canceled) {
		s.log.Error(doing, "err", err)
	}
	panic(http.ErrAbortHandler)
}

// patient is an answer of any length: the reader has the time limit for each piece rather than for the whole.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

func (s *Server) patiently(w http.ResponseWriter) *patient {
	return &patient{w, http.NewResponseController(w), s.limits.write}
}

func (p *patient) Write(b []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(p.limit))
	return p.ResponseWriter.Write(b)
}
