package edge

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const challengePath = "/.well-known/acme-challenge/"

// local is an answer of the relay's own that is no error page. It takes an error's way, as whatever keeps a request from its upstream does.
type local struct {
	status  int
	lines   string // field lines
	content string
}

func (l *local) Error() string { return http.StatusText(l.status) }

// response is head and content as errorpage.Page has them: the head wants further lines and an empty one.
func (l *local) response() (head, content []byte) {
	h := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Length: %d\r\n%s", l.status, http.StatusText(l.status), len(l.content), l.lines)
	return []byte(h), []byte(l.content)
}

// meet answers what is for the relay itself, whoever has the name: the proof that a name leads here.
func (o *origin) meet(t *turn) error {
	if o.s.challenge == nil || o.secured != nil || o.fixed != 0 || !bytes.HasPrefix(t.req.Path, []byte(challengePath)) {
		return nil
	}
	host, _, ok := registry.CanonicalHost(nil, t.req.Host)
	if !ok {
		return nil
	}
	answer, ok := o.s.challenge(string(host), string(t.req.Path))
	if !ok {
		return nil // the service behind the tunnel may prove something of its own
	}
	return &local{status: http.StatusOK, lines: "Content-Type: application/octet-stream\r\n", content: answer}
}

// enter holds a request against how its endpoint wants to be called.
func (o *origin) enter(t *turn) error {
	switch e := t.ep; {
	case e.Protocol != "" && e.Protocol != wire.ProtocolHTTP:
		return registry.ErrNoEndpoint
	case o.secured != nil && len(e.Schemes) > 0 && !slices.Contains(e.Schemes, "https"):
		return registry.ErrNoEndpoint
	case o.secured == nil && o.s.redirect != 0 && o.fixed == 0 && o.elsewhere(t):
		return o.redirect(t)
	case e.ClientCAs != nil && !o.vouched(e):
		return &registry.Error{Code: wire.CodeClientCert}
	}
	return nil
}

// elsewhere says that a request over plain HTTP belongs to https. A trusted peer that has ended TLS itself has done its part.
func (o *origin) elsewhere(t *turn) bool {
	if o.trusted && string(t.req.Get("X-Forwarded-Proto")) == "https" {
		return false
	}
	if len(t.ep.Schemes) > 0 {
		return !slices.Contains(t.ep.Schemes, "http")
	}
	return o.s.redirectAll
}

// redirect sends the visitor to the same place over https. Only GET and HEAD may become another method on the way (RFC 9110, 15.4), so the others get a
// status that keeps it.
func (o *origin) redirect(t *turn) error {
	to := "https://" + string(t.host)
	if o.s.redirect != 443 {
		to += ":" + strconv.Itoa(o.s.redirect)
	}
	status := http.StatusPermanentRedirect
	if m := string(t.req.Method); m == "GET" || m == "HEAD" {
		status = http.StatusMovedPermanently
	}
	return &local{status: status, lines: "Location: " + to + string(pathOrNone(t)) + "\r\n"}
}

// pathOrNone is where a request's URL goes on behind the host: OPTIONS * is about all of it.
func pathOrNone(t *turn) []byte {
	if string(t.req.Path) == "*" {
		return nil
	}
	return t.req.Path
}

// plainHTTP is the error of a request over plain HTTP where TLS is spoken. It names the URL as the visitor has typed it, whatever port he knows us by.
func plainHTTP(t *turn) error {
	name, _, ok := registry.CanonicalHost(t.host[:0], t.req.Host)
	if !ok {
		return errHost
	}
	t.host = name
	return &registry.Error{Code: wire.CodePlainHTTP, Text: "the URL is https://" + string(t.req.Host) + string(pathOrNone(t))}
}

// vouched says that the visitor has shown a certificate that is good for the endpoint.
func (o *origin) vouched(e *registry.Endpoint) bool {
	return o.secured != nil && o.secured.cas != nil && (o.secured.cas == e.ClientCAs || o.secured.cas.Equal(e.ClientCAs))
}

var (
	errNoServerName = &registry.Error{Code: wire.CodeNoServerName}
	errMisdirected  = &registry.Error{Code: wire.CodeMisdirected}
)

// misdirected is the error of a request for another name than the connection's: that connection's certificate, and the visitor's, say nothing of it
// (RFC 9110, 15.5.20).
func (sec *secured) misdirected() error {
	if sec.name == "" {
		return errNoServerName
	}
	return errMisdirected
}

// hstsLine is the promise that a name is served over TLS only.
func hstsLine(age time.Duration) string {
	if age <= 0 {
		return ""
	}
	return fmt.Sprintf("Strict-Transport-Security: max-age=%d\r\n", int64(age/time.Second))
}

// promise is the line that an answer over TLS has, if the service has made none. Of an endpoint that wants plain HTTP it would not be true, and browsers that
// believed it would never reach it so.
func (o *origin) promise(t *turn) string {
	switch {
	case o.secured == nil || o.s.hsts == "", t.ep != nil && slices.Contains(t.ep.Schemes, "http"), t.res.Get("Strict-Transport-Security") != nil:
		return ""
	}
	return o.s.hsts
}
