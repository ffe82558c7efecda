package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

const (
	mostReplays = 200
	mostEdited  = 256 << 10 // bytes of content that a browser's form takes easily
)

// related is an exchange that has to do with the one that is shown.
type related struct {
	inspect.Item
	Relation string // "original", "replay", "edited replay"
	Other    bool   // it is not the one that is shown
	Compare  *further
}

// replaysPanel is the original and all replays of it, newest first; empty when there is one exchange only.
func (s *Server) replaysPanel(r *http.Request, it inspect.Item, _ string) (any, error) {
	all, err := s.family(r.Context(), it)
	if err != nil || len(all) < 2 {
		return []related(nil), err
	}
	return all, nil
}

// family is an exchange with its original and that one's replays, newest first.
func (s *Server) family(ctx context.Context, it inspect.Item) ([]related, error) {
	root := it
	if it.ReplayOf != "" {
		original, err := s.reader.Get(ctx, it.ReplayOf)
		switch {
		case err == nil:
			root = original
		case !errors.Is(err, inspect.ErrNotFound):
			return nil, err
		}
	}
	var all []related
	add := func(o inspect.Item, relation string) {
		all = append(all, related{o, relation, o.ID != it.ID, furtherOf(it.ID, "diff", url.Values{"with": {string(o.ID)}})})
	}
	replays, err := asked(&inspect.Term{Field: inspect.KeyReplay})
	if err != nil {
		return nil, err
	}
	q := inspect.Query{Filter: replays, Endpoint: it.Endpoint, After: root.Seq, Limit: -1}
	for o, err := range s.reader.List(ctx, q) {
		if err != nil {
			return nil, err
		}
		if o.ReplayOf != root.ID && o.ID != it.ID {
			continue
		}
		if add(o, map[bool]string{false: "replay", true: "edited replay"}[o.Edited]); len(all) == mostReplays {
			break
		}
	}
	if root.ReplayOf == "" {
		add(root, "original")
	}
	return all, nil
}

// editPanel is the form in which a request is changed before it is sent again.
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
}

func (s *Server) editPanel(r *http.Request, it inspect.Item, _ string) (any, error) {
	m := &it.Request.Message
	p := &editPanel{ID: it.ID, Method: it.Request.Method, Target: it.Request.Target}
	var lines strings.Builder
	for _, f := range view.Headers(m.Head) {
		lines.WriteString(f.Name + ": " + f.Value + "\n")
	}
	p.Headers = lines.String()
	if !m.Complete() {
		p.Refused = "Only a part of the request was kept."
	}
	if p.Why = notEditable(m); p.Why != "" {
		return p, nil
	}
	bodies := s.contents(r, it)
	defer bodies.close()
	text, err := io.ReadAll(bodies.kept(inspect.RequestSide, m))
	switch {
	case err != nil:
		return nil, err
	case !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		p.Why = "The body is not text."
	default:
		p.Editable, p.Body = true, string(text)
		p.CRLF = bytes.Contains(text, []byte("\r\n")) && bytes.Count(text, []byte("\n")) == bytes.Count(text, []byte("\r\n"))
	}
	return p, nil
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
