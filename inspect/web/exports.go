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
	p, problem := paramsOf(r, "format", "to", "side")
	if problem != nil {
		return problem
	}
	it, problem := s.item(r, r.PathValue("id"))
	if problem != nil {
		return problem
	}
	format := p.Get("format")
	if format == "har" {
		return s.inTurn(func(w http.ResponseWriter, r *http.Request) *apiError {
			out := s.newHAR(w, string(it.ID))
			out.add(it, s.contents(r, it))
			out.end()
			return nil
		})(w, r)
	}
	bodies := s.contents(r, it)
	defer bodies.Close()
	if format == "raw" {
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

// exportAll sends what a filter asks for as one archive, newest first, one exchange in memory at a time.
func (s *Server) exportAll(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "format", "filter", "run")
	if problem != nil {
		return problem
	}
	if p.Get("format") != "har" {
		return badRequest("format", "want har")
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
	for it, err := range s.reader.List(r.Context(), q) {
		if err == nil {
			it, err = s.reader.Get(r.Context(), it.ID)
		}
		switch {
		case errors.Is(err, inspect.ErrNotFound):
			continue // gone meanwhile
		case err != nil:
			s.cut("export exchanges", err)
		}
		out.add(it, s.contents(r, it))
	}
	out.end()
	return nil
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

// add writes one exchange, and closes its content.
func (h *har) add(it inspect.Item, bodies *inspect.Contents) {
	defer bodies.Close()
	if err := h.file.Add(it, bodies.At(inspect.RequestSide), bodies.At(inspect.ResponseSide)); err != nil {
		h.s.cut("export an exchange", err)
	}
}

func (h *har) end() {
	if err := h.file.Close(); err != nil {
		h.s.cut("export exchanges", err)
	}
	_ = h.out.Flush()
}
