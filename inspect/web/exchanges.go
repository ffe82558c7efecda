package web

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

const (
	mostListed = 1000                   // exchanges in one answer
	flushAfter = 100 * time.Millisecond // what has been found is sent on while the search goes on
)

// exchanges lists what a filter asks for, newest first, and sends it as it is found.
func (s *Server) exchanges(w http.ResponseWriter, r *http.Request) *apiError {
	q, problem := s.listQuery(r)
	if problem != nil {
		return problem
	}
	cursor := s.cursor() // before the list: what changes meanwhile comes twice rather than never
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		return nil
	}
	out := s.newList(w, "exchanges")
	limit, next := q.Limit, (*string)(nil)
	q.Limit++ // one more says whether there is a next page
	var last string
	for it, err := range s.reader.List(r.Context(), q) {
		if err != nil {
			s.cut("list exchanges", err)
		}
		if limit--; limit < 0 {
			next = &last
			break
		}
		item := itemOf(s.labelled(r.Context(), it))
		if last = item.Seq; !out.add(item) {
			return nil
		}
	}
	out.end(map[string]any{"next": next, "cursor": cursor})
	return nil
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request) *apiError {
	it, problem := s.item(r, r.PathValue("id"))
	if problem == nil {
		writeJSON(w, http.StatusOK, detailOf(it))
	}
	return problem
}

// item reads the exchange of an ID.
func (s *Server) item(r *http.Request, id string) (inspect.Item, *apiError) {
	it, err := s.reader.Get(r.Context(), inspect.ID(id))
	if err != nil {
		return it, missing("exchange "+strconv.Quote(id), err)
	}
	return it, nil
}

// labelled is an item of a list with its label: what is not stored yet has none, and a label may need the content, which lists do without.
func (s *Server) labelled(ctx context.Context, it inspect.Item) inspect.Item {
	if it.Label != "" || it.Version == 0 {
		return it
	}
	if whole, err := s.reader.Get(ctx, it.ID); err == nil {
		it.Label = view.Label(whole.Exchange)
	}
	return it
}

// cursor names the present state of this run's exchanges: events since then are asked for with it.
func (s *Server) cursor() string { return cursorOf(s.reader.Run(), s.reader.Version()) }

func cursorOf(run int64, version uint64) string {
	return strconv.FormatInt(run, 10) + "." + strconv.FormatUint(version, 10)
}

// listQuery reads what a list is asked with.
func (s *Server) listQuery(r *http.Request) (q inspect.Query, problem *apiError) {
	p, problem := paramsOf(r, "filter", "before", "limit", "run")
	if problem != nil {
		return q, problem
	}
	if q, problem = s.query(p); problem != nil {
		return q, problem
	}
	if q.Before, problem = p.number("before", 0); problem != nil {
		return q, problem
	}
	q.Limit, problem = p.limit()
	return q, problem
}

// query reads which exchanges are meant.
func (s *Server) query(p params) (q inspect.Query, problem *apiError) {
	if q.Filter, problem = p.filter(); problem != nil {
		return q, problem
	}
	q.Run, problem = s.runOf(p)
	return q, problem
}

// runOf reads run=current or run=all, which is the default.
func (s *Server) runOf(p params) (int64, *apiError) {
	switch p.Get("run") {
	case "", "all":
		return 0, nil
	case "current":
		return s.reader.Run(), nil
	}
	return 0, badRequest("run", "want current or all")
}

// params are the parameters of a URL.
type params struct{ url.Values }

// paramsOf reads the parameters; any but the known ones is a mistake, since what would be left out might be a filter.
func paramsOf(r *http.Request, known ...string) (params, *apiError) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return params{}, badRequest("invalid query", err.Error())
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return params{}, badRequest("unknown parameter", strconv.Quote(name)).saying("", "known here: "+cmp.Or(strings.Join(known, ", "), "none"))
		}
		if len(all) > 1 {
			return params{}, badRequest(name, "it is there twice")
		}
	}
	return params{values}, nil
}

// number reads a whole number, 0 or more.
func (p params) number(name string, otherwise uint64) (uint64, *apiError) {
	text := p.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, badRequest(name, "want a number, not "+strconv.Quote(text))
	}
	return n, nil
}

// missing words why the store gave nothing.
func missing(what string, err error) *apiError {
	if errors.Is(err, inspect.ErrNotFound) {
		return notFound(what + " is not kept, or no longer")
	}
	return internal("read "+what, err)
}

// filter reads a filter; nil: there is none.
func (p params) filter() (*inspect.Filter, *apiError) {
	if p.Get("filter") == "" {
		return nil, nil
	}
	f, err := inspect.ParseFilter(p.Get("filter"))
	var wrong *inspect.FilterError
	switch {
	case errors.As(err, &wrong):
		problem := badRequest("filter", wrong.Text).saying("invalid_filter", "docs/filter.md describes the language")
		problem.at = &wrong.At
		return nil, problem
	case err != nil:
		return nil, badRequest("filter", err.Error())
	}
	return f, nil
}

// limit reads how many are wanted at most.
func (p params) limit() (int, *apiError) {
	n, problem := p.number("limit", 100)
	if problem == nil && (n < 1 || n > mostListed) {
		problem = badRequest("limit", "want a number from 1 to "+strconv.Itoa(mostListed))
	}
	return int(n), problem
}

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

// cut ends an answer that has begun, so that it does not look whole.
func (s *Server) cut(doing string, err error) {
	s.log.Error(doing, "err", err)
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
