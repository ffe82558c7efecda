package agent_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
)

// content is n bytes that look like nothing.
func content(n int) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(b)
	return b
}

// flushing passes every piece on at once.
type flushing struct{ w http.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	return n, errors.Join(err, http.NewResponseController(f.w).Flush())
}

// services are what the handlers of TestListenServes do, by path.
func services(big []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		b, err := io.ReadAll(r.Body)
		w.Write(b)
		w.Header().Set("Sum", fmt.Sprintf("%d %v %s", len(b), err, r.Trailer.Get("Asked")))
	})
	mux.HandleFunc("/duplex", func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			panic(err)
		}
		io.Copy(flushing{w}, r.Body)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) { w.Write(big) })
	mux.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/identity", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Transfer-Encoding", "identity")
		io.WriteString(w, "until the end")
	})
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		io.Copy(c, rw) // until the visitor's half-close
		io.WriteString(c, "bye")
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/panic/chunked", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/panic/length", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "8")
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	return mux
}

// TestListenServes: net/http on a Listener does what it does on TCP.
func TestListenServes(t *testing.T) {
	big := content(5 << 20)
	p := newProgram(t, services(big))
	t.Run("chunked with trailers", func(t *testing.T) {
		q := p.request("POST", "/echo", io.MultiReader(bytes.NewReader(big[:9]), bytes.NewReader(big[9:])))
		q.Trailer = http.Header{"Asked": {"yes"}}
		if res, got := p.do(p.visitor(), q); got != string(big) || res.Trailer.Get("Sum") != fmt.Sprintf("%d <nil> yes", len(big)) {
			t.Errorf("%d bytes, trailers %v", len(got), res.Trailer)
		}
	})
	t.Run("length", func(t *testing.T) {
		if res, got := p.do(p.visitor(), p.request("POST", "/echo", bytes.NewReader(big))); got != string(big) {
			t.Errorf("%d, %d bytes", res.StatusCode, len(got))
		}
	})
	t.Run("download", func(t *testing.T) {
		if res, got := p.do(p.visitor(), p.request("GET", "/big", nil)); got != string(big) || res.StatusCode != 200 {
			t.Errorf("%d, %d bytes", res.StatusCode, len(got))
		}
	})
	t.Run("no content", func(t *testing.T) {
		for _, method := range []string{"GET", "HEAD"} {
			if res, got := p.do(p.visitor(), p.request(method, "/none", nil)); res.StatusCode != 204 || got != "" {
				t.Errorf("%d %q", res.StatusCode, got)
			}
		}
		if res, got := p.do(p.visitor(), p.request("HEAD", "/early", nil)); res.StatusCode != 413 || got != "" || res.ContentLength != 9 {
			t.Errorf("%d %q %d", res.StatusCode, got, res.ContentLength)
		}
	})
	t.Run("100-continue", func(t *testing.T) {
		for path, want := range map[string]int{"/echo": 200, "/early": 413} {
			granted := false
			q := p.request("POST", path, strings.NewReader("content"))
			q.Header.Set("Expect", "100-continue")
			res, _ := p.do(p.visitor(), q.WithContext(httptrace.WithClientTrace(q.Context(), &httptrace.ClientTrace{
				Got100Continue: func() { granted = true },
			})))
			if res.StatusCode != want || granted != (want == 200) {
				t.Errorf("%s: %d, 100 %v", path, res.StatusCode, granted)
			}
		}
	})
	t.Run("early answer", func(t *testing.T) {
		_, r := p.raw("POST /early HTTP/1.1\nHost: HOST\nContent-Length: 100000000\n\nbegin")
		if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 413 {
			t.Errorf("%+v %v", res, err)
		}
	})
	t.Run("full duplex", func(t *testing.T) {
		c, r := p.raw("POST /duplex HTTP/1.1\nHost: HOST\nTransfer-Encoding: chunked\n\n6\nfirst \n")
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range []string{"first ", "second ", "third "} { // each comes back before the next is sent
			got := make([]byte, len(piece))
			if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != piece {
				t.Fatalf("%q %v", got, err)
			}
			next := map[string]string{"first ": "7\r\nsecond \r\n", "second ": "6\r\nthird \r\n", "third ": ""}[piece]
			io.WriteString(c, next)
		}
		go func() {
			fmt.Fprintf(c, "%x\r\n", len(big))
			c.Write(big)
			io.WriteString(c, "\r\n0\r\n\r\n")
		}()
		if b, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(b, big) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	})
	t.Run("until the end", func(t *testing.T) {
		_, r := p.raw("GET /identity HTTP/1.0\nHost: HOST\n\n")
		if b, err := io.ReadAll(r); err != nil || !strings.HasSuffix(string(b), "\r\n\r\nuntil the end") {
			t.Errorf("%q %v", b, err)
		}
	})
	t.Run("hijack", func(t *testing.T) {
		c, r := p.raw("GET /hijack HTTP/1.1\nHost: HOST\nConnection: Upgrade\nUpgrade: echo\n\nearly ")
		if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 101 {
			t.Fatalf("%+v %v", res, err)
		}
		io.WriteString(c, "late ")
		c.(*net.TCPConn).CloseWrite()
		if b, err := io.ReadAll(r); err != nil || string(b) != "early late bye" {
			t.Errorf("%q %v", b, err)
		}
	})
}

// TestListenPanic: a handler that panics leaves a cut that shows.
func TestListenPanic(t *testing.T) {
	p := newProgram(t, services(nil))
	if res, _ := p.do(p.visitor(), p.request("POST", "/panic", nil)); res.StatusCode != 502 || !strings.HasPrefix(res.Header.Get("Adit-Error"), "ADIT-2003") {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	for _, path := range []string{"/panic/chunked", "/panic/length"} {
		res, err := p.visitor().Do(p.request("GET", path, nil))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if string(b) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %q %v", path, b, err)
		}
	}
}
