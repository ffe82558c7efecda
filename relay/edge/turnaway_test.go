package edge

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/wire"
)

// turnedAway is who comes with TLS to addr and is told so, with that status and code.
func (w *secureWorld) turnedAway(addr string, protocols []string, status int, code wire.Code) {
	w.t.Helper()
	w.tlsAddr = addr
	c := w.mustSeal(w.config("app.test", protocols...))
	defer c.Close()
	io.WriteString(c, get)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		w.t.Fatalf("%v: %v", protocols, err)
	}
	page, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Errorf("the page is not whole: %v", err)
	}
	if res.StatusCode != status || !res.Close || res.Header.Get("Retry-After") != "1" || res.Header.Get("Adit-Error") != code.String() {
		w.t.Errorf("%v: %d %v %s", protocols, res.StatusCode, res.Header, page)
	}
}

// TestTurnedAwayTLS: with TLS, too, whom there is no room for is told so, whether its address has its share or no place or no memory is left; browsers, who would rather
// have HTTP/2, as well. Where the certificate is not the relay's to show, the connection is closed.
func TestTurnedAwayTLS(t *testing.T) {
	t.Run("the address has its share", func(t *testing.T) {
		w := startTLS(t, parrot, share(1))
		crowd := w.serveTLSFrom("192.0.2.1")
		w.tlsEndpoint("through.test", false)
		w.tlsEndpoint("ends.test", true)
		w.tlsAddr = crowd
		w.mustSeal(w.config("app.test", "http/1.1"))
		for _, protocols := range [][]string{nil, {"http/1.1"}, {"h2", "http/1.1"}} {
			w.turnedAway(crowd, protocols, http.StatusTooManyRequests, wire.CodeTooManyConns)
		}
		for _, name := range []string{"through.test", "ends.test"} {
			if _, err := w.sealed(w.config(name)); err == nil || strings.Contains(err.Error(), "tls:") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	for name, budgets := range map[string]func(o *Options){
		"no place":  func(o *Options) { o.Files = budget.New(1) },
		"no memory": func(o *Options) { o.Memory = budget.New(connCost + tlsCost + connCost) },
	} {
		t.Run(name, func(t *testing.T) {
			w := startTLS(t, parrot, func(o *Options, _ *limits) { budgets(o) })
			first := w.mustSeal(w.config("app.test", "http/1.1"))
			w.turnedAway(w.tlsAddr, []string{"h2", "http/1.1"}, http.StatusServiceUnavailable, wire.CodeRelayBusy)
			first.Close()
			until(t, "there is room again", func() bool {
				c, err := w.sealed(&tls.Config{RootCAs: w.names.pool, ServerName: "app.test", NextProtos: []string{"h2"}})
				if err == nil {
					c.Close()
				}
				return err == nil && c.ConnectionState().NegotiatedProtocol == "h2"
			})
		})
	}
}
