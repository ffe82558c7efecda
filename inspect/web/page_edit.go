package web

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// mostEdited is how many bytes of content a browser's form takes easily.
const mostEdited = 256 << 10

// editPanel is the form in which a request is changed before it is sent again, and how it is sent.
type editPanel struct {
	ID       inspect.ID
	Method   string
	Target   string
	Headers  string
	Body     string
	CRLF     bool   // the lines of the body ended so; a form makes LF of it
	Editable bool   // the body is text that a form can hold
	Why      string // it is not
	Refused  string // why the request can not be sent again
	Mask     string // stands for what is hidden, and is sent as it was recorded
	Reveal   string // where the secrets are shown that are hidden, "": none is
	Upstream string // where it goes by itself
	Verdict  inspect.Verdict
}

func (s *Server) editPanel(r *http.Request, it inspect.Item, t string) (any, error) {
	m, mask := &it.Request.Message, s.maskOf(r)
	p := &editPanel{ID: it.ID, Method: it.Request.Method, Mask: view.Masked, Upstream: s.upstreamOf(it)}
	var err error
	if p.Verdict, err = s.replayer.Verdict(r.Context(), it.ID); err != nil {
		return nil, err
	}
	if !m.Complete() {
		p.Refused = "Only a part of the request was kept."
	}
	hidden := p.head(&it.Request, mask)
	if p.Why = notEditable(m); p.Why == "" {
		bodies := s.contents(r, it)
		defer bodies.Close()
		text, err := io.ReadAll(keptOf(m, bodies.At(inspect.RequestSide)))
		if err != nil {
			return nil, err
		}
		hidden = p.body(text, mask) || hidden
	}
	if hidden {
		p.Reveal = s.revealed(it.ID, t)
	}
	return p, nil
}

// head fills in what is above the content, and says whether something of it is hidden.
func (p *editPanel) head(q *inspect.Request, mask *view.Mask) (hidden bool) {
	p.Target = mask.Target(q.Target)
	hidden = p.Target != q.Target
	var lines strings.Builder
	for _, f := range view.Headers(q.Head) {
		f, masked := mask.Field(f)
		lines.WriteString(f.Name + ": " + f.Value + "\n")
		hidden = hidden || masked
	}
	p.Headers = lines.String()
	return hidden
}

// body fills in the content, if a form can hold it, and says whether it is hidden.
func (p *editPanel) body(text []byte, mask *view.Mask) (hidden bool) {
	switch {
	case !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		p.Why = "The body is not text."
	case mask.Text(string(text)) != string(text):
		p.Why = "Something in the body is masked."
		return true
	default:
		p.Editable, p.Body = true, string(text)
		p.CRLF = bytes.Contains(text, []byte("\r\n")) && bytes.Count(text, []byte("\n")) == bytes.Count(text, []byte("\r\n"))
	}
	return false
}

// upstreamOf is where the exchange's endpoint forwards to, in words.
func (s *Server) upstreamOf(it inspect.Item) string {
	for _, e := range s.observer.Status().Endpoints {
		if e.Name == it.Endpoint {
			return view.Sanitize(e.Upstream)
		}
	}
	return "its own local service"
}

// notEditable says why content is not put into a form; "": it may be.
func notEditable(m *inspect.Message) string {
	if m.Kept > mostEdited {
		return "The body has " + view.Size(m.Kept) + ", more than a form should hold."
	}
	if coding := view.Get(view.Headers(m.Head), "Content-Encoding"); coding != "" {
		return "The body is encoded with " + view.Sanitize(coding) + "."
	}
	return ""
}
