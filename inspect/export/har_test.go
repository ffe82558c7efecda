package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// responded gives x a response of that head (lines joined by CR LF) and content.
func responded(x *inspect.Exchange, head, body string) *inspect.Exchange {
	n := int64(len(body))
	x.Response = &inspect.Response{Status: 200, Reason: "OK", Message: inspect.Message{Head: []byte(head + "\r\n\r\n"), Body: []byte(body), Kept: n, Size: n, Whole: true}}
	x.Start = time.Date(2026, 11, 26, 12, 0, 0, 1e6, time.UTC)
	x.Duration, x.Wait, x.Connect, x.State = 30*time.Millisecond, 10*time.Millisecond, 2*time.Millisecond, inspect.Done
	x.Client = netip.MustParseAddrPort("[2001:db8::1]:4711")
	return x
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// archived are exchanges that have all that an archive must cope with.
func archived() []inspect.Item {
	plain := responded(request("POST /a?b=c%20d&e HTTP/1.1\r\nHost: x.test\r\nCookie: s=1; t=\"2\"\r\nContent-Type: application/json\r\nContent-Length: 7", `{"a":1}`),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nSet-Cookie: s=2; Path=/; HttpOnly; Expires=Thu, 26 Nov 2026 12:00:00 GMT", gzipped(strings.Repeat("long ", 100)))
	hostile := responded(request("G\xffT /\x80[]{}\"<script>%zz HTTP/1.1\r\nHost: \xe9\r\nX-\x1b: </script>\xff\u202e\r\nCookie: \xff", "\x00\xff"),
		"HTTP/1.1 200 \xff\r\nContent-Type: \xff\r\nSet-Cookie: \xff=;;\r\nLocation: \xff", "\x89PNG\x00\xff")
	none := request("GET / HTTP/1.1\r\nHost: x", "")
	none.State, none.Failure = inspect.Failed, &inspect.Failure{Code: 2001, Name: "LOCAL_REFUSED", Text: "Nothing listens."}
	partial := responded(request("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9", "begin"), "HTTP/1.1 200 OK", "begin")
	partial.Request.Size, partial.Response.Size = 9, 5<<20
	socket := responded(request("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket", "\x81\x82\x01\x02\x03\x04\x69\x6b"),
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket", "\x82\x02\xff\x00\x81\x02ok")
	socket.Upgraded = true
	var items []inspect.Item
	for _, x := range []*inspect.Exchange{plain, hostile, none, partial, socket} {
		items = append(items, inspect.Item{Exchange: x, Tags: []string{"t"}, Note: "n"})
	}
	return append(items, inspect.Item{Exchange: &inspect.Exchange{ID: "s", Request: inspect.Request{Method: "GET", Target: "/", Host: "x"}}, Summary: true})
}

// Content that was not kept whole and is larger than an archive may hold is as long as is said.
func TestHARSaysHowMuchIsThere(t *testing.T) {
	x := responded(request("GET / HTTP/1.1\r\nHost: x", ""), "HTTP/1.1 200 OK", strings.Repeat("x", maxHAR+1))
	x.Response.Size *= 2
	var har struct{ Log struct{ Entries []harEntry } }
	if err := json.Unmarshal(archive(t, []inspect.Item{{Exchange: x}}), &har); err != nil {
		t.Fatal(err)
	}
	c := har.Log.Entries[0].Response.Content
	if want := fmt.Sprintf("only the first %d bytes, decoded, are here", len(c.Text)); c.Comment != want {
		t.Errorf("%q, want %q", c.Comment, want)
	}
}

func archive(t *testing.T, items []inspect.Item) []byte {
	t.Helper()
	var b bytes.Buffer
	h := NewHAR(&b, "1.2.3")
	for _, it := range items {
		if err := h.Add(it, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestHAR(t *testing.T) {
	var har struct{ Log struct{ Entries []harEntry } }
	if err := json.Unmarshal(archive(t, archived()), &har); err != nil {
		t.Fatal(err)
	}
	e := har.Log.Entries
	if len(e) != 6 {
		t.Fatalf("%d entries", len(e))
	}
	for _, c := range []struct{ what, got, want string }{
		{"URL", e[0].Request.URL, "http://x.test/a?b=c%20d&e"},
		{"query", e[0].Request.Query[0].Value + "," + e[0].Request.Query[1].Name, "c d,e"},
		{"cookie", e[0].Request.Cookies[1].Name, "t"},
		{"posted", e[0].Request.PostData.Text, `{"a":1}`},
		{"decoded", e[0].Response.Content.Text, strings.Repeat("long ", 100)},
		{"set cookie", e[0].Response.Cookies[0].Expires, "2026-11-26T12:00:00Z"},
		{"hostile URL", e[1].Request.URL, "http://%E9/%80%5B%5D%7B%7D%22%3Cscript%3E%25zz"},
		{"binary", e[1].Response.Content.Text + e[1].Response.Content.Encoding, "iVBORwD/base64"},
		{"failure", e[2].Response.Error, "ADIT-2001 LOCAL_REFUSED: Nothing listens."},
		{"what is missing", e[3].Response.Content.Comment, "only the first 5 of 5242880 bytes were kept"},
		{"sent", e[4].Messages[0].Type + e[4].Messages[0].Data, "sendhi"},
		{"received", e[4].Messages[1].Type + e[4].Messages[1].Data, "receive/wA="},
		{"a line only", e[5].Comment, "only a line of this exchange was kept: exchanges came faster than the store may write them"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if c := e[0].Response.Content; c.Size != 500 || c.Compression != 500-e[0].Response.BodySize {
		t.Errorf("sizes: %+v", c)
	}
	if s := e[0].Timings; s.Connect+s.Send+s.Wait+s.Receive != e[0].Time {
		t.Errorf("times do not add up: %+v", s)
	}
}

// Another program's validator finds nothing wrong, whatever was captured.
func TestHARIsValidForOthers(t *testing.T) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	install := exec.CommandContext(ctx, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--prefix", dir, "har-validator@5.1.5")
	install.WaitDelay = time.Second
	if out, err := install.CombinedOutput(); err != nil {
		t.Logf("%s", out)
		t.Skipf("npm cannot install the validator: %v", err)
	}
	for name, items := range map[string][]inspect.Item{"all": archived(), "none": nil} {
		file := filepath.Join(dir, name+".har")
		if err := os.WriteFile(file, archive(t, items), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const script = `const {har} = require("har-validator"), fs = require("fs");
		Promise.all(["all", "none"].map((n) => har(JSON.parse(fs.readFileSync(n + ".har", "utf8"))))).then(
			() => har({log: {version: 1, entries: []}}).then(() => console.log("it takes everything"), () => console.log("valid")),
			(e) => console.log(JSON.stringify(e.errors, null, 1)))`
	check := exec.CommandContext(ctx, "node", "-e", script)
	check.Dir = dir
	check.WaitDelay = time.Second
	if out, err := check.CombinedOutput(); err != nil || string(out) != "valid\n" {
		t.Errorf("%v: %s", err, out)
	}
}

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after -= len(p); f.after < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

func TestHARTellsThatWritingFailed(t *testing.T) {
	h := NewHAR(&failing{200}, "1")
	err := h.Add(archived()[0], nil, nil)
	if closed := h.Close(); err == nil || closed == nil {
		t.Errorf("%v, %v", err, closed)
	}
}
