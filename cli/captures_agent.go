package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/inspect/web"
)

var _ captures = (*agentAPI)(nil)

// openAgent is the agent that --api names.
func (a *app) openAgent(c *cobra.Command) (captures, error) {
	addrs, password, err := a.apiPlaces(c)
	if err != nil {
		return nil, err
	}
	return &agentAPI{base: "http://" + addrs[0], password: password}, nil
}

// listPage is how many exchanges are asked for at once.
const listPage = 500

// List asks page by page.
func (p *agentAPI) List(ctx context.Context, q inspect.Query) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		left := q.Limit
		if left == 0 {
			left = listPage
		}
		before := q.Before
		for {
			page, err := p.list(ctx, q, before, left)
			if err != nil {
				yield(inspect.Item{}, err)
				return
			}
			for _, x := range page.Exchanges {
				it, err := x.Item()
				if left--; !yield(it, err) || err != nil || left == 0 {
					return
				}
				before = it.Seq
			}
			if page.Next == nil {
				return
			}
		}
	}
}

// exchangeList is a page of a list. Cursor is the place behind the last change before it was made.
type exchangeList struct {
	Exchanges []web.Exchange `json:"exchanges"`
	Next      *string        `json:"next"`
	Cursor    string         `json:"cursor"`
}

func (p *agentAPI) list(ctx context.Context, q inspect.Query, before uint64, limit int) (page exchangeList, err error) {
	if limit < 0 {
		limit = listPage
	}
	query := url.Values{"limit": {strconv.Itoa(min(limit, listPage))}}
	if q.Filter != nil {
		query.Set("filter", q.Filter.String())
	}
	if before > 0 {
		query.Set("before", strconv.FormatUint(before, 10))
	}
	if q.Run != 0 {
		query.Set("run", "current")
	}
	return page, p.call(ctx, http.MethodGet, "exchanges?"+query.Encode(), nil, &page)
}

// Get reads heads, and content as far as memory may hold it.
func (p *agentAPI) Get(ctx context.Context, id inspect.ID) (inspect.Item, error) {
	it, err := p.head(ctx, id)
	if err != nil {
		return it, err
	}
	for _, side := range []inspect.Side{inspect.RequestSide, inspect.ResponseSide} {
		m := it.Message(side)
		if m == nil || m.Kept == 0 {
			continue
		}
		if m.Body, err = p.bytes(ctx, id, side, 0, inMemory); err != nil {
			return it, err
		}
	}
	return it, nil
}

// inMemory is how much of a message's content Get holds.
const inMemory = 1 << 20

// head is Get without content.
func (p *agentAPI) head(ctx context.Context, id inspect.ID) (inspect.Item, error) {
	var d web.Detail
	if err := p.call(ctx, http.MethodGet, exchangePath(id), nil, &d); err != nil {
		return inspect.Item{}, err
	}
	return d.Item()
}

// Body reads content piece by piece.
func (p *agentAPI) Body(ctx context.Context, id inspect.ID, side inspect.Side) (inspect.Body, error) {
	it, err := p.head(ctx, id)
	if err != nil {
		return nil, err
	}
	m := it.Message(side)
	if m == nil || m.Kept == 0 {
		return nil, fmt.Errorf("content of the %s of exchange %q: %w", side, id, inspect.ErrNotFound)
	}
	return &remoteBody{ctx: ctx, from: p, id: id, side: side, size: m.Kept}, nil
}

// remoteBody is kept content that is read through the API. The last piece is kept: readers mostly go on from there.
type remoteBody struct {
	ctx  context.Context // of who has opened it
	from *agentAPI
	id   inspect.ID
	side inspect.Side
	size int64

	at    int64
	piece []byte
}

// ReadAt implements io.ReaderAt, for one caller at a time.
func (b *remoteBody) ReadAt(into []byte, off int64) (n int, err error) {
	for n < len(into) {
		at := off + int64(n)
		if at >= b.size {
			return n, io.EOF
		}
		if at < b.at || at >= b.at+int64(len(b.piece)) {
			if b.piece, err = b.from.bytes(b.ctx, b.id, b.side, at, inMemory); err != nil {
				return n, err
			}
			b.at = at
		}
		n += copy(into[n:], b.piece[at-b.at:])
	}
	return n, nil
}

func (b *remoteBody) Size() int64 { return b.size }
func (*remoteBody) Close() error  { return nil }

// bytes reads up to limit bytes of content, at least one.
func (p *agentAPI) bytes(ctx context.Context, id inspect.ID, side inspect.Side, at int64, limit int) ([]byte, error) {
	q, err := p.request(ctx, http.MethodGet, exchangePath(id)+"/"+side.String()+"/body", nil)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", at, at+int64(limit)-1))
	answer, err := p.do(q)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, int64(limit)))
	if err == nil && len(b) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// Find looks through the list.
func (p *agentAPI) Find(ctx context.Context, part string, limit int) (ids []inspect.ID, err error) {
	for it, err := range p.List(ctx, inspect.Query{Limit: -1}) {
		if err != nil {
			return nil, err
		}
		if id := string(it.ID); strings.HasPrefix(id, part) || strings.HasSuffix(id, part) {
			ids = append(ids, it.ID)
		}
		if len(ids) == limit {
			break
		}
	}
	return ids, nil
}

// Purge deletes what q's filter selects.
func (p *agentAPI) Purge(ctx context.Context, q inspect.Query) (int, error) {
	query := url.Values{"all": {"1"}}
	if q.Filter != nil {
		query = url.Values{"filter": {q.Filter.String()}}
	}
	var done struct{ Deleted int }
	return done.Deleted, p.call(ctx, http.MethodDelete, "exchanges?"+query.Encode(), nil, &done)
}

// resendJSON is how a request is sent again, in the words of the API.
type resendJSON struct {
	Method      string      `json:"method,omitempty"`
	Target      string      `json:"target,omitempty"`
	Headers     [][2]string `json:"headers,omitzero"`
	Body        *[]byte     `json:"body_base64,omitempty"`
	To          string      `json:"to,omitempty"`
	Resign      bool        `json:"resign,omitempty"`
	DropCookies bool        `json:"drop_cookies,omitempty"`
}

func resendOf(r inspect.Resend) resendJSON {
	in := resendJSON{To: r.To, Resign: r.Resign, DropCookies: r.DropCookies}
	e := r.Edit
	if e == nil {
		return in
	}
	in.Method, in.Target = e.Method, e.Target
	if e.Fields != nil {
		in.Headers = [][2]string{}
	}
	for _, f := range e.Fields {
		in.Headers = append(in.Headers, [2]string{f.Name, f.Value})
	}
	if e.Body != nil {
		in.Body = &e.Body
	}
	return in
}

// Replay sends a request again and returns the new exchange's ID.
func (p *agentAPI) Replay(ctx context.Context, id inspect.ID, r inspect.Resend) (inspect.ID, error) {
	var out struct {
		ID inspect.ID `json:"id"`
	}
	err := p.call(ctx, http.MethodPost, exchangePath(id)+"/replay", resendOf(r), &out)
	return out.ID, err
}

// Prepare says what Replay would send.
func (p *agentAPI) Prepare(ctx context.Context, id inspect.ID, r inspect.Resend) (inspect.Prepared, error) {
	var out struct {
		To   string `json:"to"`
		Head []byte `json:"head"`
		Size int64  `json:"size"`
	}
	err := p.call(ctx, http.MethodPost, exchangePath(id)+"/replay/preview", resendOf(r), &out)
	return inspect.Prepared(out), err
}

// Verdict says what a webhook's signature is worth.
func (p *agentAPI) Verdict(ctx context.Context, id inspect.ID) (v inspect.Verdict, err error) {
	var out struct {
		Provider, State, Text string
		Signed                *time.Time
		CanSign               bool `json:"can_sign"`
	}
	err = p.call(ctx, http.MethodGet, exchangePath(id)+"/signature", nil, &out)
	v = inspect.Verdict{Provider: out.Provider, State: inspect.SignatureState(out.State), Text: view.Sanitize(out.Text), CanSign: out.CanSign}
	if out.Signed != nil {
		v.Signed = *out.Signed
	}
	return v, err
}

// Memos are the texts on a list.
func (p *agentAPI) Memos(ctx context.Context, list inspect.MemoList) ([]string, error) {
	var out struct {
		Texts []string `json:"texts"`
	}
	err := p.call(ctx, http.MethodGet, "memos/"+url.PathEscape(string(list)), nil, &out)
	return out.Texts, err
}

// Close does nothing.
func (*agentAPI) Close() error { return nil }

func exchangePath(id inspect.ID) string { return "exchanges/" + url.PathEscape(string(id)) }
