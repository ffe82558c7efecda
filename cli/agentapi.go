package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// agentAPI is a client of /api/v1 of a running agent's local API (docs/api.md).
type agentAPI struct {
	base     string // http://HOST:PORT
	password string // "": none
}

// request makes a request for a path below /api/v1/. in, if any, is sent as JSON.
func (p *agentAPI) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var content io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(b)
	}
	q, err := http.NewRequestWithContext(ctx, method, p.base+"/api/v1/"+path, content)
	if err != nil {
		return nil, err
	}
	if in != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if p.password != "" {
		q.SetBasicAuth("adit", p.password)
	}
	return q, nil
}

// do sends q. An answer that is no success is an error. The caller closes the answer's content.
func (p *agentAPI) do(q *http.Request) (*http.Response, error) {
	answer, err := directly.Do(q)
	switch {
	case err != nil && q.Context().Err() != nil:
		return nil, q.Context().Err()
	case err != nil:
		return nil, &exitError{exitNo, fmt.Errorf("no agent answers at %s\n  start one, such as \"adit http 8000\", or leave --api out to read what is stored", p.base)}
	case answer.StatusCode/100 == 2:
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, p.refused(answer)
}

// refused is what an answer says that is no success.
func (p *agentAPI) refused(answer *http.Response) error {
	var said struct {
		Error *struct{ Code, Message, Hint string }
	}
	err := json.NewDecoder(io.LimitReader(answer.Body, apiAnswer)).Decode(&said)
	if err != nil || said.Error == nil {
		return fmt.Errorf("%s: %w: %s", p.base, errNoAgent, answer.Status)
	}
	text := view.Sanitize(said.Error.Message)
	if said.Error.Hint != "" {
		text += "\n  " + view.Sanitize(said.Error.Hint)
	}
	if what, wrong, ok := strings.Cut(strings.TrimPrefix(text, "invalid edit: "), ": "); ok && said.Error.Code == "invalid_edit" {
		return &exitError{exitUsage, &inspect.EditError{Key: what, Text: wrong}}
	}
	switch answer.StatusCode {
	case http.StatusNotFound:
		return &exitError{exitNo, notThere(text)}
	case http.StatusBadRequest:
		return usage("%s", text)
	case http.StatusUnauthorized:
		return &exitError{exitNo, errPassword}
	}
	return &exitError{exitNo, errors.New(text)}
}

// notThere is an inspect.ErrNotFound in the agent's words.
type notThere string

func (e notThere) Error() string { return string(e) }
func (notThere) Unwrap() error   { return inspect.ErrNotFound }

// call sends in and decodes the answer into out.
func (p *agentAPI) call(ctx context.Context, method, path string, in, out any) error {
	q, err := p.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	answer, err := p.do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
		return p.gone(err)
	}
	return nil
}
