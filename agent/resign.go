package agent

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/sign"
)

// resign gives r a fresh signature of the provider that signed x, for the URL that x came to. The error is an *inspect.EditError.
func (a *Agent) resign(ctx context.Context, reader inspect.Reader, x *inspect.Exchange, r *resend) error {
	wrong := func(format string, args ...any) error {
		return &inspect.EditError{Key: "resign", Text: fmt.Sprintf(format, args...)}
	}
	j, err := a.judge(ctx, reader, x)
	switch {
	case err != nil:
		return err
	case j.by == nil:
		return wrong("%s; nobody's signature can be made", j.Text)
	case len(j.by.secrets) == 0:
		return wrong("%s", j.Text)
	}
	body, err := readSigned(r.content, r.size)
	if err != nil {
		return wrong("%v", err)
	}
	head := &http1.Request{Head: http1.Head{Wire: true}}
	if _, err := head.Parse(r.req.Head); err != nil {
		return fmt.Errorf("replay: the head cannot be read: %w", err)
	}
	fields, err := j.by.Sign(signable(head, withTarget(j.url, string(head.Path)), body), j.by.secrets[0], time.Now())
	if err != nil {
		return wrong("%s: %v", j.by.ID, err)
	}
	if head, err = withFields(head, fields); err != nil {
		return err
	}
	r.edited, r.req.Head = true, head.Raw
	return nil
}

// withTarget is a URL with another path and query.
func withTarget(url, target string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + target
}

// withFields is the head with fields in place of those of the same names: where the first of them stood, or at the end.
func withFields(head *http1.Request, fields []sign.Field) (*http1.Request, error) {
	raw := bytes.Clone(head.Raw[:bytes.IndexByte(head.Raw, '\n')+1])
	done := make([]bool, len(fields))
	line := func(i int) {
		if f := fields[i]; !done[i] && f.Value != "" {
			raw = append(raw, f.Name+": "+f.Value+"\r\n"...)
		}
		done[i] = true
	}
	for _, f := range head.Fields {
		i := 0
		for i < len(fields) && !strings.EqualFold(fields[i].Name, string(f.Name)) {
			i++
		}
		if i < len(fields) {
			line(i)
		} else {
			raw = append(raw, f.Line...)
		}
	}
	for i := range fields {
		line(i)
	}
	out := &http1.Request{Head: http1.Head{Wire: true}}
	raw = append(raw, "\r\n"...)
	if n, err := out.Parse(raw); err != nil || n != len(raw) {
		return nil, &inspect.EditError{Key: "resign", Text: "with a signature the head is too large"}
	}
	return out, nil
}
