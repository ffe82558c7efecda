package edge

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

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
	memory := budget.New(connCost + tlsCost + connCost)
	for name, budgets := range map[string]func(o *Options){
		"no place":  func(o *Options) { o.Files = budget.New(1) },
		"no memory": func(o *Options) { o.Memory = memory },
	} {
		t.Run(name, func(t *testing.T) {
			w := startTLS(t, parrot, func(o *Options, l *limits) {
				budgets(o)
				l.spare, l.turn = int64(time.Hour), int64(patience)
			})
			first := w.mustSeal(w.config("app.test", "http/1.1"))
			w.turnedAway(w.tlsAddr, []string{"h2", "http/1.1"}, http.StatusServiceUnavailable, wire.CodeRelayBusy)
			first.Close()
			until(t, "there is room again", func() bool { return w.s.Stats().Open == 0 })
			if name == "no place" {
				if res, _ := fetch(t, w.client(true), request(t, "GET", "https://app.test/", nil)); res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
					t.Errorf("then %s %s", res.Proto, res.Status)
				}
				return
			}
			w.withoutH2()
			until(t, "all is given back", func() bool { return memory.Held() == 0 })
		})
	}
}

// withoutH2: where the memory suffices for TLS and not for HTTP/2, requests come one after the other, and a visitor who speaks nothing else is told to ask again.
func (w *secureWorld) withoutH2() {
	w.t.Helper()
	c := w.mustSeal(w.config("app.test", "h2", "http/1.1"))
	io.WriteString(c, get)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("%v %v", res, err)
	}
	c.Close()
	until(w.t, "it has left", func() bool { return w.s.Stats().Open == 0 })
	before := w.s.Stats()
	if got, err := w.frames().ending(); len(got) != 1 || got[0].ErrCode != http2.ErrCodeNo || got[0].LastStreamID != 0 || err != io.EOF {
		w.t.Errorf("who speaks HTTP/2 alone: %v %v", got, err)
	}
	if s := w.s.Stats(); s.TurnedAway != before.TurnedAway+1 || s.Errors["RELAY_BUSY"] != before.Errors["RELAY_BUSY"]+1 {
		w.t.Errorf("%+v", s)
	}
}
