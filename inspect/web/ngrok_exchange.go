package web

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/export"
	"github.com/adit-tunnel/adit/inspect/view"
)

// exchangeJSON is a captured request in ngrok's shape.
type exchangeJSON struct {
	URI        string        `json:"uri"`
	ID         string        `json:"id"`
	TunnelName string        `json:"tunnel_name"`
	RemoteAddr string        `json:"remote_addr"`
	Start      string        `json:"start"`
	Duration   int64         `json:"duration"` // nanoseconds
	Request    requestJSON   `json:"request"`
	Response   *responseJSON `json:"response"` // null: none has come
}

type requestJSON struct {
	Method  string              `json:"method"`
	Proto   string              `json:"proto"`
	Headers map[string][]string `json:"headers"`
	URI     string              `json:"uri"`
	Raw     []byte              `json:"raw"` // base64
}

type responseJSON struct {
	Status     string              `json:"status"`
	StatusCode int                 `json:"status_code"`
	Proto      string              `json:"proto"`
	Headers    map[string][]string `json:"headers"`
	Raw        []byte              `json:"raw"`
}

func exchangeOf(x *inspect.Exchange) exchangeJSON {
	out := exchangeJSON{
		URI:        "/api/requests/http/" + url.PathEscape(string(x.ID)),
		ID:         string(x.ID),
		TunnelName: x.Endpoint,
		Start:      x.Start.Format(time.RFC3339Nano),
		Duration:   x.Duration.Nanoseconds(),
		Request: requestJSON{
			Method:  x.Request.Method,
			Proto:   protoOf(x.Request.Head),
			Headers: headersOf(x.Request.Head),
			URI:     x.Request.Target,
			Raw:     rawOf(&x.Request.Message),
		},
	}
	if x.Client.IsValid() {
		out.RemoteAddr = x.Client.Addr().Unmap().String()
	}
	if r := x.Response; r != nil {
		out.Response = &responseJSON{
			Status:     reasonOf(r),
			StatusCode: r.Status,
			Proto:      protoOf(r.Head),
			Headers:    headersOf(r.Head),
			Raw:        rawOf(&r.Message),
		}
	}
	return out
}

// reasonOf is the status with its reason phrase, as JSON may hold it.
func reasonOf(r *inspect.Response) string {
	if r.Reason == "" {
		return view.StatusText(r.Status, "")
	}
	return strconv.Itoa(r.Status) + " " + r.Reason
}

// protoOf is the protocol in a start line; heads are always of HTTP/1.
func protoOf(head []byte) string {
	for word := range strings.FieldsSeq(view.StartLine(head)) {
		if strings.HasPrefix(word, "HTTP/") {
			return word
		}
	}
	return "HTTP/1.1"
}

// headersOf maps names, in their canonical spelling, to their values in order.
func headersOf(head []byte) map[string][]string {
	m := map[string][]string{}
	for _, f := range view.Headers(head) {
		name := http.CanonicalHeaderKey(f.Name)
		m[name] = append(m[name], f.Value)
	}
	return m
}

// rawOf is a message as it goes over a wire, with what of its content is in memory.
func rawOf(m *inspect.Message) []byte {
	var b bytes.Buffer
	b.Grow(len(m.Head) + len(m.Body) + len(m.Trailers) + 32)
	_ = export.Raw(&b, m, nil) // a buffer takes everything
	return b.Bytes()
}
