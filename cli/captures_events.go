package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/web"
)

// Cursor is the agent's own, RUN.VERSION.OTHERS.
func (p *agentAPI) Cursor(ctx context.Context) (string, error) {
	page, err := p.list(ctx, inspect.Query{}, 0, 1)
	return page.Cursor, err
}

// Changes follows the agent's events. What they do not tell any more, since it was too long ago, is read from the list.
func (p *agentAPI) Changes(ctx context.Context, cursor string, f *inspect.Filter) iter.Seq2[inspect.Item, error] {
	return func(yield func(inspect.Item, error) bool) {
		cursor, err := p.before(ctx, cursor, f, yield)
		if err != nil {
			yield(inspect.Item{}, err)
			return
		}
		if cursor == "" {
			return
		}
		for e, err := range p.events(ctx, cursor, f) {
			switch {
			case err != nil:
				yield(inspect.Item{}, err)
				return
			case e.name == "lagged":
				if !p.catchUp(ctx, cursor, f, yield) {
					return
				}
			case e.name == "exchange" && !p.tellEvent(ctx, e, yield):
				return
			}
			if e.id != "" {
				cursor = e.id
			}
		}
	}
}

// Unread is 0: the agent does the comparing.
func (*agentAPI) Unread() int { return 0 }

// before yields what is there already when cursor is fromStart, and returns the cursor to go on from; "": enough.
func (p *agentAPI) before(ctx context.Context, cursor string, f *inspect.Filter, yield func(inspect.Item, error) bool) (string, error) {
	if cursor != fromStart {
		return cursor, nil
	}
	cursor, err := p.Cursor(ctx)
	if err != nil {
		return "", err
	}
	items, err := inspect.Collect(p.List(ctx, inspect.Query{Filter: f, Limit: -1}))
	if err != nil {
		return "", err
	}
	for _, it := range slices.Backward(items) {
		if !p.tell(ctx, it.ID, yield) {
			return "", nil
		}
	}
	return cursor, nil
}

// catchUp yields what has changed since cursor in this run, oldest first.
func (p *agentAPI) catchUp(ctx context.Context, cursor string, f *inspect.Filter, yield func(inspect.Item, error) bool) bool {
	_, version, _ := strings.Cut(cursor, ".")
	version, _, _ = strings.Cut(version, ".")     // of this run; behind it stands what others have done
	seen, _ := strconv.ParseUint(version, 10, 64) // the agent has accepted it
	items, err := inspect.Collect(p.List(ctx, inspect.Query{Filter: f, Limit: -1, Run: 1}))
	if err != nil {
		return yield(inspect.Item{}, err) && false
	}
	slices.SortFunc(items, func(a, b inspect.Item) int { return cmp.Compare(a.Version, b.Version) })
	for _, it := range items {
		if it.Version > seen && !p.tell(ctx, it.ID, yield) {
			return false
		}
	}
	return true
}

// tellEvent yields the exchange of an event.
func (p *agentAPI) tellEvent(ctx context.Context, e event, yield func(inspect.Item, error) bool) bool {
	var x web.Exchange
	if err := json.Unmarshal(e.data, &x); err != nil {
		return yield(inspect.Item{}, err) && false
	}
	return p.tell(ctx, x.ID, yield)
}

// tell yields an exchange as it is now, with its heads, unless it has been deleted; false: that is enough.
func (p *agentAPI) tell(ctx context.Context, id inspect.ID, yield func(inspect.Item, error) bool) bool {
	it, err := p.head(ctx, id)
	if errors.Is(err, inspect.ErrNotFound) {
		return true
	}
	return yield(it, err) && err == nil
}

// event is a server-sent event.
type event struct {
	name, id string
	data     []byte
}

// maxEvent bounds a line of an event.
const maxEvent = 4 << 20

// events yields what the agent tells, from a cursor on. That the agent ends is an error.
func (p *agentAPI) events(ctx context.Context, cursor string, f *inspect.Filter) iter.Seq2[event, error] {
	return func(yield func(event, error) bool) {
		query := url.Values{"since": {cursor}}
		if f != nil {
			query.Set("filter", f.String())
		}
		q, err := p.request(ctx, http.MethodGet, "events?"+query.Encode(), nil)
		if err != nil {
			yield(event{}, err)
			return
		}
		answer, err := p.do(q)
		if err != nil {
			yield(event{}, err)
			return
		}
		defer answer.Body.Close()
		if err := readEvents(answer.Body, func(e event) bool { return yield(e, nil) }); err != nil {
			yield(event{}, cmp.Or(ctx.Err(), p.gone(err)))
		}
	}
}

// gone words that the agent's answer has ended.
func (p *agentAPI) gone(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the agent at %s has ended", p.base)
	}
	return fmt.Errorf("the agent at %s: %w", p.base, err)
}

// readEvents calls f for each event that r holds, until f is false. An end of r is io.EOF.
func readEvents(r io.Reader, f func(event) bool) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxEvent)
	var e event
	for s.Scan() {
		field, value, _ := bytes.Cut(s.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(s.Bytes()) > 0:
			e.add(string(field), value)
		case e.name != "" && !f(e):
			return nil
		default:
			e = event{}
		}
	}
	return cmp.Or(s.Err(), io.EOF)
}

func (e *event) add(field string, value []byte) {
	switch field {
	case "event":
		e.name = string(value)
	case "id":
		e.id = string(value)
	case "data":
		e.data = bytes.Clone(value)
	}
}
