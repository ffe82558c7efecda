package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/sign"
)

// maxSigned is how much content is read for a signature.
const maxSigned = 10 << 20

// errTooLarge is why content is not read for a signature.
var errTooLarge = fmt.Errorf("it has more than %s of content", inWords(maxSigned))

// readSigned reads all of the content.
func readSigned(content io.ReaderAt, size int64) ([]byte, error) {
	if size > maxSigned {
		return nil, errTooLarge
	}
	body := make([]byte, size)
	if n, err := content.ReadAt(body, 0); int64(n) < size {
		return nil, fmt.Errorf("the content cannot be read: %w", err)
	}
	return body, nil
}

// signable is a request as its sender saw it.
func signable(head *http1.Request, url string, body []byte) *sign.Request {
	return &sign.Request{Method: string(head.Method), URL: url, Body: body, Header: func(name string) (out []string) {
		for _, f := range head.Fields {
			if strings.EqualFold(string(f.Name), name) {
				out = append(out, string(f.Value))
			}
		}
		return out
	}}
}

// publicURLs are what a visitor may have asked for: as the relay wrote it down, then as the endpoint is known, which is right where something in front of the
// relay has another scheme or name and does not say so.
func (a *Agent) publicURLs(head *http1.Request, endpoint string) []string {
	first := func(name string) string {
		value, _, _ := strings.Cut(string(head.Get(name)), ",")
		return strings.TrimSpace(value)
	}
	scheme, host := first("X-Forwarded-Proto"), first("X-Forwarded-Host")
	if host == "" {
		host = string(head.Host)
	}
	target := string(head.Path)
	var known []string
	if ep := a.endpointOf(endpoint); ep != nil {
		a.mu.Lock()
		known = append([]string{ep.url}, ep.aliases...)
		a.mu.Unlock()
	}
	if scheme == "" && len(known) > 0 {
		scheme, _, _ = strings.Cut(known[0], "://")
	}
	out := []string{cmp.Or(scheme, "https") + "://" + host + target}
	for _, url := range known {
		if url = strings.TrimSuffix(url, "/") + target; strings.Contains(url, "://") && !slices.Contains(out, url) {
			out = append(out, url)
		}
	}
	return out
}

// recorded is the content of a recorded request, at most maxSigned of it, which must be whole.
func recorded(ctx context.Context, reader inspect.Reader, x *inspect.Exchange) ([]byte, error) {
	q := &x.Request
	if !q.Complete() {
		return nil, errors.New("its content was not kept whole")
	}
	if q.Kept <= int64(len(q.Body)) {
		return q.Body, nil
	}
	if q.Kept > maxSigned {
		return nil, errTooLarge
	}
	content, err := keptContent(ctx, reader, x.ID, q.Kept)
	if err != nil {
		return nil, err
	}
	defer content.Close() // it was only read
	return readSigned(content, q.Kept)
}
