package web

import "net/http"

// access tells of each request that comes in, and of its answer.
type access struct {
	tell func(path string) (answered func(status int))
	next http.Handler
}

func (a *access) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answered := a.tell(r.URL.Path)
	seen := &seen{ResponseWriter: w, status: http.StatusOK}
	defer func() { answered(seen.status) }()
	a.next.ServeHTTP(seen, r)
}

// seen notes the status of an answer.
type seen struct {
	http.ResponseWriter
	status int
}

func (s *seen) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (s *seen) Unwrap() http.ResponseWriter { return s.ResponseWriter }
