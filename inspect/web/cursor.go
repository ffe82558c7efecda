package web

import (
	"net/http"
	"strconv"
	"strings"
)

// cursor names the present state of the exchanges: events since then are asked for with it.
func (s *Server) cursor() string { return cursorOf(s.reader.Run(), s.reader.Version(), s.others()) }

// others is the version up to which it is known what other agents have changed; below 0: it is not.
func (s *Server) others() int64 {
	if s.shared == nil {
		return -1
	}
	return s.shared.Others()
}

// cursorOf is RUN.VERSION or, with what others have changed, RUN.VERSION.OTHERS.
func cursorOf(run int64, version uint64, others int64) string {
	text := strconv.FormatInt(run, 10) + "." + strconv.FormatUint(version, 10)
	if others >= 0 {
		text += "." + strconv.FormatInt(others, 10)
	}
	return text
}

// place is how far a reader has seen the changes.
type place struct {
	version uint64
	others  int64 // of what other agents have changed; below 0: not known
	lagged  bool  // what has changed since is not known any more
}

// now is the present place.
func (s *Server) now() place { return place{version: s.reader.Version(), others: s.others()} }

// since is the place that the reader names in Last-Event-ID, when it comes again by itself, or asks for; otherwise the present one. That of another run is long
// ago.
func (s *Server) since(r *http.Request, p params) (place, *apiError) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = p.Get("since")
	}
	now := s.now()
	if text == "" {
		return now, nil
	}
	run, at, err := parseCursor(text)
	switch {
	case err != nil:
		return now, badRequest("since", strconv.Quote(text)+" is no cursor").saying("", "take the cursor of a list, or the id of an event")
	case run != s.reader.Run() || at.version > now.version:
		now.lagged = true
		return now, nil
	case at.others < 0 || at.others > now.others:
		at.others = now.others
	}
	return at, nil
}

// parseCursor reads what cursorOf writes.
func parseCursor(text string) (run int64, at place, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 2 && len(parts) != 3 {
		return 0, at, strconv.ErrSyntax
	}
	at.others = -1
	if len(parts) == 3 {
		if at.others, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
			return 0, at, err
		}
	}
	if at.version, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return 0, at, err
	}
	run, err = strconv.ParseInt(parts[0], 10, 64)
	return run, at, err
}
