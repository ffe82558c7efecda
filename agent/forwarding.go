package agent

import (
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"
)

// forwarding passes requests on to a service that speaks HTTP/2, all over one connection as far as the service takes them, with net/http's client: it adds no
// fields, undoes no coding, and passes content, trailers and 1xx answers on as they come, both ways at once. What is lost is what HTTP/2 does not have: the
// fields' case and order, the chunks' borders, and fields for one connection.
type forwarding struct {
	up        *upstream
	visit     visit // with up.proxy
	transport *http.Transport
	scheme    string

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	busy  int  // requests under way
	ended bool // there will be no others
}

func newForwarding(u *upstream) *inside {
	if u.proxy == 0 {
		return newForwardingFor(u, visit{})
	}
	return &inside{each: func(v visit) *inside { return newForwardingFor(u, v) }}
}

func newForwardingFor(u *upstream, v visit) *inside {
	f := &forwarding{up: u, visit: v, scheme: "http", conns: map[net.Conn]struct{}{}}
	only := new(http.Protocols)
	if u.secure != nil {
		f.scheme = "https"
		only.SetHTTP2(true)
	} else {
		only.SetUnencryptedHTTP2(true)
	}
	f.transport = &http.Transport{
		Protocols: only, DisableCompression: true, IdleConnTimeout: 90 * time.Second, DialContext: f.dial, DialTLSContext: f.dialTLS,
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
	s := newInside(u.addr, f)
	s.end = f.close
	return s
}

func (f *forwarding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.enter()
	defer f.leave()
	ctl := http.NewResponseController(w)
	_ = ctl.EnableFullDuplex() // net/http's HTTP/1.1 server has it
	out, answered := f.request(w, r)
	res, err := f.transport.RoundTrip(out)
	answered()
	if err != nil {
		if status := resetStatus(err); status != nil && isGRPC(r.Header) {
			onlyStatus(w, status)
			return
		}
		unanswered(r, asNoHTTP2(err))
	}
	defer res.Body.Close()
	writeHead(w, res)
	if res.ContentLength != 0 {
		_ = ctl.Flush() // the head goes out before there is content; that the visitor has gone shows below
	}
	err = passOn(w, ctl, res.Body)
	trailer := res.Trailer // now all of it
	if err != nil {
		if trailer = resetStatus(err); trailer == nil || !isGRPC(res.Header) {
			panic(http.ErrAbortHandler) // cut, and to be seen as such
		}
	}
	for name, values := range trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}

// writeHead passes the head of an answer on. What there is in the header afterwards is trailers.
func writeHead(w http.ResponseWriter, res *http.Response) {
	h := w.Header()
	copyFields(h, res.Header)
	for _, added := range []string{"Date", "Content-Type"} {
		if _, ok := res.Header[added]; !ok {
			h[added] = nil // what net/http would add
		}
	}
	if len(res.Trailer) > 0 || isGRPC(res.Header) { // gRPC has trailers whether the head names them or not, and HTTP/1.1 none behind a length
		h.Del("Content-Length")
	}
	if len(res.Trailer) > 0 {
		h.Set("Trailer", strings.Join(slices.Sorted(maps.Keys(res.Trailer)), ", "))
	}
	w.WriteHeader(res.StatusCode)
	clear(h)
}

// request makes the request to the service; answered is called when there is an answer, or will be none.
func (f *forwarding) request(w http.ResponseWriter, r *http.Request) (out *http.Request, answered func()) {
	ctx, answered := withInfos(r.Context(), w)
	target := *r.URL
	target.Scheme, target.Host = f.scheme, f.up.addr
	if f.up.kind == "unix" {
		target.Host = f.up.host
	}
	if path, query, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		target.Opaque, target.RawQuery = path, query // as it came
	}
	out = (&http.Request{
		Method: r.Method, URL: &target, Host: r.Host, Header: http.Header{}, ContentLength: r.ContentLength, Body: r.Body,
	}).WithContext(ctx)
	copyFields(out.Header, r.Header)
	delete(out.Header, "Te")
	if wantsTrailers(r.Header) {
		out.Header["Te"] = []string{"trailers"} // gRPC services insist on it
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // what net/http would add
	}
	if r.ContentLength < 0 {
		out.Trailer = maps.Clone(r.Trailer)
		if out.Trailer == nil {
			out.Trailer = http.Header{}
		}
		out.Body = trailed{r.Body, r, out.Trailer}
	}
	return out, answered
}

// trailed is content behind which trailers come.
type trailed struct {
	io.ReadCloser
	from *http.Request
	to   http.Header
}

func (t trailed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		maps.Copy(t.to, t.from.Trailer)
	}
	return n, err
}

// withInfos passes 1xx answers on as they come. 100 is left to net/http, which sends it when content is read.
func withInfos(ctx context.Context, w http.ResponseWriter) (with context.Context, answered func()) {
	var mu sync.Mutex
	over := false
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, fields textproto.MIMEHeader) error {
		mu.Lock()
		defer mu.Unlock()
		if over || code == http.StatusContinue {
			return nil
		}
		copyFields(w.Header(), http.Header(fields))
		w.WriteHeader(code)
		clear(w.Header())
		return nil
	}}
	return httptrace.WithClientTrace(ctx, trace), func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
	}
}

// passOn copies content as it comes.
func passOn(w io.Writer, ctl *http.ResponseController, content io.Reader) error {
	buf := blocks.Get().(*block)
	defer blocks.Put(buf)
	for {
		n, err := content.Read(buf[:])
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			if err := ctl.Flush(); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// ofConnection are the fields that are for one connection of HTTP/1.1 (RFC 9113, 8.2.2).
var ofConnection = []string{"Connection", "Proxy-Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Trailer"}

// wantsTrailers says whether TE names trailers, the one thing that it may name in HTTP/2 (RFC 9113, 8.2.2).
func wantsTrailers(h http.Header) bool {
	for _, line := range h["Te"] {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(one), "trailers") {
				return true
			}
		}
	}
	return false
}

// copyFields copies all fields but those for one connection.
func copyFields(to, from http.Header) {
	maps.Copy(to, from)
	for _, line := range from["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			to.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range ofConnection {
		delete(to, name)
	}
}

// asNoHTTP2 is err, or what it comes of if an HTTP/1 server has answered. net/http has no type for that.
func asNoHTTP2(err error) error {
	for _, sign := range []string{"looked like an HTTP/1.1 header", "http2: frame too large", "http2: client conn could not be established"} {
		if strings.Contains(err.Error(), sign) {
			return errNoHTTP2
		}
	}
	return err
}

// dial connects to the service.
func (f *forwarding) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := f.up.introduced(ctx, dialLocal, f.visit)
	if err != nil {
		return nil, err
	}
	return f.hold(c), nil
}

// dialTLS is dial for an https service, which must agree on HTTP/2.
func (f *forwarding) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := f.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialLocal)
	defer cancel()
	conn := tls.Client(c, f.up.secure)
	switch err := conn.HandshakeContext(ctx); {
	case told(err) == "tls: no application protocol":
		return nil, closing(c, errNoHTTP2)
	case err != nil:
		return nil, closing(c, handshakeError{err})
	case conn.ConnectionState().NegotiatedProtocol != "h2":
		return nil, closing(c, errNoHTTP2)
	}
	return conn, nil
}

// held is a connection that its forwarding knows of.
type held struct {
	net.Conn
	f *forwarding
}

func (f *forwarding) hold(c net.Conn) net.Conn {
	h := &held{c, f}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[h] = struct{}{}
	f.closeUnused()
	return h
}

func (h *held) Close() error {
	h.f.mu.Lock()
	delete(h.f.conns, h)
	h.f.mu.Unlock()
	return h.Conn.Close()
}

func (f *forwarding) enter() {
	f.mu.Lock()
	f.busy++
	f.mu.Unlock()
}

func (f *forwarding) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy--
	f.closeUnused()
}

func (f *forwarding) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.closeUnused()
}

// closeUnused ends the connections that nobody will use any more; net/http, which has them, sees that. f.mu is held.
func (f *forwarding) closeUnused() {
	if !f.ended || f.busy > 0 {
		return
	}
	for c := range f.conns {
		_ = c.(*held).Conn.Close() // nobody needs it any more
	}
	clear(f.conns)
}
