package edge

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/errorpage"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// TestPageOfCodesThatAreNotForVisitors: what an agent says of itself, or of visitors, is no page.
func TestPageOfCodesThatAreNotForVisitors(t *testing.T) {
	for _, code := range []wire.Code{wire.CodeVisitorGone, wire.CodeAlreadyOnline, wire.CodeNone} {
		w := start(t, func(x *fakeExchange) { x.failWith(code, "why") })
		v := w.dial()
		v.send("GET / HTTP/1.1\r\nHost: app.test\r\nAccept: text/plain\r\n\r\n")
		res, body := v.response("GET")
		if res.StatusCode != 502 || !strings.HasPrefix(res.Header.Get("Adit-Error"), "ADIT-2010 ") || !strings.Contains(body, "why") {
			t.Errorf("%s: %d %q %q", code, res.StatusCode, res.Header.Get("Adit-Error"), body)
		}
	}
}

func TestErrorPages(t *testing.T) {
	const evil = "dial <script>alert(1)</script>\r\nSet-Cookie: a\x1b]0;title\x07\u202e\u061c"
	w := start(t, func(x *fakeExchange) { x.failWith(wire.CodeLocalRefused, evil) })
	v := w.dial()
	ask := func(host, accept string) (head, body string) {
		v.send("GET / HTTP/1.1\r\nHost: " + host + "\r\nAccept: " + accept + "\r\n\r\n")
		res, b := v.response("GET")
		if res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("Set-Cookie") != "" || res.Close {
			t.Errorf("%v", res.Header)
		}
		return res.Status + " " + res.Header.Get("Adit-Error") + " " + res.Header.Get("Content-Type"), b
	}
	head, body := ask("app.test", "text/html")
	if head != "502 Bad Gateway ADIT-2001 LOCAL_REFUSED text/html; charset=utf-8" || strings.Contains(body, "<script") || !strings.Contains(body, "&lt;script&gt;") ||
		!strings.Contains(body, "<span class=\"bad\">local service</span>") || strings.ContainsAny(body, "{}") && strings.Contains(body, "{text}") {
		t.Errorf("%s\n%s", head, body)
	}
	head, body = ask("app.test", "application/json")
	var page struct{ Error errorpage.Page }
	if err := json.Unmarshal([]byte(body), &page); err != nil || head != "502 Bad Gateway ADIT-2001 LOCAL_REFUSED application/json" ||
		page.Error.Number != 2001 || page.Error.Name != "LOCAL_REFUSED" || page.Error.Hop != "service" || strings.ContainsAny(page.Error.Detail, "\r\n\x1b\x07") {
		t.Errorf("%v %s\n%s", err, head, body)
	}
	head, body = ask("app.test", "*/*")
	if head != "502 Bad Gateway ADIT-2001 LOCAL_REFUSED text/plain; charset=utf-8" ||
		strings.ContainsAny(body, "\r\x1b\x07\u202e\u061c") || !strings.Contains(body, "you -> relay -> agent -> [local service]") {
		t.Errorf("%s\n%s", head, body)
	}
	head, body = ask("Nobody.test:80", "*/*")
	if head != "404 Not Found ADIT-3001 NO_ENDPOINT text/plain; charset=utf-8" || !strings.Contains(body, "Tunnel nobody.test not found") {
		t.Errorf("%s\n%s", head, body)
	}
	if head, _ = ask("-bad-.test", "*/*"); !strings.HasPrefix(head, "400 Bad Request ADIT-4001") {
		t.Error(head)
	}
	v.send("HEAD / HTTP/1.1\r\nHost: nobody.test\r\n\r\n")
	if res, _ := v.response("HEAD"); res.StatusCode != 404 || res.ContentLength <= 0 {
		t.Errorf("%v", res)
	}
	ask("app.test", "*/*") // nothing of a body was left behind
}

// TestBeginFails: content that has come is skipped, content to come ends the connection.
func TestBeginFails(t *testing.T) {
	w := start(t, nil)
	w.up.fail = &registry.Error{Code: wire.CodeTooManyStreams}
	v := w.dial().send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhello" + get)
	for range 2 {
		if res, _ := v.response("POST"); res.StatusCode != 503 || res.Close {
			t.Errorf("%v", res)
		}
	}
	v.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 5\r\n\r\nhel")
	if res, _ := v.response("POST"); res.StatusCode != 503 || !res.Close {
		t.Errorf("%v", res)
	}
}

// TestMadeAnswer: the agent's own answer keeps its error field, and is counted and logged with its code.
func TestMadeAnswer(t *testing.T) {
	w := start(t, func(x *fakeExchange) {
		a := wire.Resp{Seq: 1, Flags: wire.RespMade, Body: wire.BodyLength, Length: 2, Head: []byte("HTTP/1.1 502 Bad Gateway\r\nAdit-Error: ADIT-2003 LOCAL_RESET\r\nContent-Length: 2\r\n\r\n")}
		x.put(a.Append(nil, 0), dataFrame("no", true))
	})
	res, _ := w.dial().send(get).response("GET")
	if res.StatusCode != 502 || res.Header.Get("Adit-Error") != "ADIT-2003 LOCAL_RESET" {
		t.Errorf("%v", res)
	}
	until(t, "logged", func() bool { return strings.Contains(w.log.String(), " code=LOCAL_RESET\n") })
}
