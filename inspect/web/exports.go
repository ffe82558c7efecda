package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/export"
)

// commands are the languages in which a request is told as text, and how the file's name ends.
var commands = map[string]struct {
	write func(x *inspect.Exchange, body io.ReaderAt, to string) (string, error)
	ends  string
}{
	"curl":   {export.Curl, ".curl.sh"},
	"httpie": {export.HTTPie, ".httpie.sh"},
	"fetch":  {export.Fetch, ".fetch.js"},
}

// export tells one exchange in the language of another program.
func (s *Server) export(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "format", "to", "side", "redact")
	if problem != nil {
		return problem
	}
	redact, problem := p.redact()
	if problem != nil {
		return problem
	}
	it, problem := s.requestItem(r, r.PathValue("id"))
	if problem != nil {
		return problem
	}
	write := func(w http.ResponseWriter, r *http.Request) *apiError {
		it, bodies := s.exported(r, it, redact)
		defer bodies.Close()
		return s.exportAs(w, p, it, bodies)
	}
	if redact || p.Get("format") == "har" { // contents are in memory then
		write = s.inTurn(write)
	}
	return write(w, r)
}

// exported is an exchange as it is exported, with its content.
func (s *Server) exported(r *http.Request, it inspect.Item, redact bool) (inspect.Item, *inspect.Contents) {
	bodies := s.contents(r, it)
	if !redact {
		return it, bodies
	}
	defer bodies.Close()
	return export.Redacted(it, bodies.At(inspect.RequestSide), bodies.At(inspect.ResponseSide)), &inspect.Contents{}
}

// exportAs writes one exchange in the form that is asked for.
func (s *Server) exportAs(w http.ResponseWriter, p params, it inspect.Item, bodies *inspect.Contents) *apiError {
	format := p.Get("format")
	switch format {
	case "har":
		out := s.newHAR(w, string(it.ID))
		out.add(it, bodies)
		out.end()
		return nil
	case "raw":
		return s.exportRaw(w, p, it, bodies)
	}
	c, known := commands[format]
	if !known {
		return badRequest("format", "want curl, httpie, fetch, raw or har")
	}
	to := p.Get("to")
	if u, err := url.Parse(to); to != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return badRequest("to", "want a URL such as http://localhost:8000, not "+strconv.Quote(to))
	}
	text, err := c.write(it.Exchange, bodies.At(inspect.RequestSide), to)
	if err != nil {
		return notExported(err)
	}
	contain(w.Header(), string(it.ID)+c.ends)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(s.patiently(w), text+"\n")
	return nil
}

// exportRaw sends the bytes of one side's message.
func (s *Server) exportRaw(w http.ResponseWriter, p params, it inspect.Item, bodies *inspect.Contents) *apiError {
	side := inspect.RequestSide
	switch p.Get("side") {
	case "", "request":
	case "response":
		side = inspect.ResponseSide
	default:
		return badRequest("side", "want request or response")
	}
	m := it.Message(side)
	switch {
	case m == nil:
		return notFound("no response has come")
	case len(m.Head) == 0:
		return notFound("only the line of this exchange was kept")
	}
	contain(w.Header(), string(it.ID)+"."+side.String()+".http")
	tellMissing(w.Header(), m)
	if err := export.Raw(s.patiently(w), m, bodies.At(side)); err != nil {
		s.cut("export a message", err)
	}
	return nil
}

func notExported(err error) *apiError {
	var part *export.PartialError
	var large *export.LargeError
	var method *export.MethodError
	switch {
	case errors.As(err, &part):
		return fail(codeFailed, http.StatusConflict, "not recorded whole", err.Error()).saying("not_whole", "")
	case errors.As(err, &method):
		return badRequest("format", err.Error())
	case errors.As(err, &large):
		return fail(codeFailed, http.StatusRequestEntityTooLarge, "too large", err.Error())
	}
	return missing("the request", err)
}

// exportAll sends those that are named, in that order, or what a filter asks for, newest first, as one archive, one exchange in memory at a time.
func (s *Server) exportAll(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "format", "ids", "filter", "run", "redact")
	if problem != nil {
		return problem
	}
	if p.Get("format") != "har" {
		return badRequest("format", "want har")
	}
	redact, problem := p.redact()
	if problem != nil {
		return problem
	}
	ids, problem := p.ids()
	if problem != nil {
		return problem
	}
	q, problem := s.query(p)
	if problem != nil {
		return problem
	}
	q.Limit = -1
	out := s.newHAR(w, "exchanges")
	if r.Method == http.MethodHead {
		return nil
	}
	for _, id := range ids {
		s.exportOne(r, out, id, redact)
	}
	if ids == nil {
		for it, err := range s.reader.List(r.Context(), q) {
			if err != nil {
				s.cut("export exchanges", err)
			}
			s.exportOne(r, out, it.ID, redact)
		}
	}
	out.end()
	return nil
}

// exportOne adds one exchange to an archive, unless it is gone meanwhile. Connections the archive counts.
func (s *Server) exportOne(r *http.Request, out *har, id inspect.ID, redact bool) {
	it, err := s.reader.Get(r.Context(), id)
	switch {
	case errors.Is(err, inspect.ErrNotFound):
		return
	case err != nil:
		s.cut("export exchanges", err)
	}
	it, bodies := s.exported(r, it, redact)
	defer bodies.Close()
	out.add(it, bodies)
}

// har is an archive on its way.
type har struct {
	s    *Server
	out  *bufio.Writer
	file *export.HAR
}

func (s *Server) newHAR(w http.ResponseWriter, name string) *har {
	contain(w.Header(), name+".har")
	w.Header().Set("Content-Type", "application/json")
	out := bufio.NewWriterSize(s.patiently(w), 32<<10)
	return &har{s, out, export.NewHAR(out, s.observer.Status().Version)}
}

// add writes one exchange.
func (h *har) add(it inspect.Item, bodies *inspect.Contents) {
	var connection *inspect.ConnectionError
	if err := h.file.Add(it, bodies.At(inspect.RequestSide), bodies.At(inspect.ResponseSide)); err != nil && !errors.As(err, &connection) {
		h.s.cut("export an exchange", err)
	}
}

func (h *har) end() {
	if err := h.file.Close(); err != nil {
		h.s.cut("export exchanges", err)
	}
	_ = h.out.Flush()
}
