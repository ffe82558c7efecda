package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// pattern is the n bytes of content that belong to the number id and to no other.
func pattern(id int64, n int) []byte {
	unit := fmt.Appendf(nil, "%015d\n", id)
	return bytes.Repeat(unit, n/len(unit)+1)[:n]
}

// witness is the local service under the faults. It knows each request by its number and swears to how often it came, and how.
type witness struct {
	mu     sync.Mutex
	begun  map[int64]int  // how often a request came
	posts  map[int64]int  // of these, POSTs
	missed chan time.Time // when a visitor was found to have left before its answer was whole; the first one
	wrong  []string       // what must not be: content of another request, cut content that looks whole
}

func newWitness() *witness {
	return &witness{begun: map[int64]int{}, posts: map[int64]int{}, missed: make(chan time.Time, 1)}
}

// ServeHTTP answers /ID?size=N&pieces=P&pause=D with N bytes of ID's pattern, in P pieces with pauses, of known length unless chunked=1. A POST's
// content must be sent=N bytes of the same pattern.
func (s *witness) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	id, err := strconv.ParseInt(q.URL.Path[1:], 10, 64)
	if err != nil {
		http.Error(w, "no number", http.StatusNotFound)
		return
	}
	s.came(id, q.Method)
	ask := q.URL.Query()
	if q.Method == http.MethodPost && !s.takes(id, number(ask.Get("sent")), q.Body) {
		panic(http.ErrAbortHandler)
	}
	body, pieces := pattern(id, number(ask.Get("size"))), max(1, number(ask.Get("pieces")))
	w.Header().Set("X-Id", strconv.FormatInt(id, 10))
	if ask.Get("chunked") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	pause, _ := time.ParseDuration(ask.Get("pause"))
	for i := range pieces {
		if _, err := w.Write(body[i*len(body)/pieces : (i+1)*len(body)/pieces]); err != nil {
			s.misses()
			return
		}
		_ = http.NewResponseController(w).Flush()
		if i < pieces-1 && !pauseFor(q, pause) {
			s.misses()
			return
		}
	}
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// pauseFor is false when the other side has gone meanwhile.
func pauseFor(q *http.Request, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-q.Context().Done():
		return false
	}
}

func (s *witness) misses() {
	select {
	case s.missed <- time.Now():
	default:
	}
}

func (s *witness) came(id int64, method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun[id]++
	if method == http.MethodPost {
		s.posts[id]++
	}
}

// takes reads an upload; false: it was cut, and could be seen to be.
func (s *witness) takes(id int64, size int, r io.Reader) bool {
	got, err := io.ReadAll(r)
	want := pattern(id, size)
	switch {
	case err == nil && bytes.Equal(got, want):
		return true
	case !bytes.HasPrefix(want, got):
		err = errors.New("it has content of another")
	case err != nil:
		return false
	default:
		err = errors.New("it was cut and looked whole")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, fmt.Sprintf("the service got request %d with %d of %d bytes: %v", id, len(got), size, err))
	return false
}

// reached says whether the request came to the service at all.
func (s *witness) reached(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun[id] > 0
}

// twice is how many POSTs came more than once.
func (s *witness) twice() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.posts {
		if times > 1 {
			n++
		}
	}
	return n
}

func (s *witness) mistakes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.wrong...)
}
