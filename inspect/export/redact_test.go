package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// secretive is an exchange with a secret of each kind.
func secretive(body, coding string) inspect.Item {
	n := int64(len(body))
	x := &inspect.Exchange{ID: "x", State: inspect.Done}
	x.Request = inspect.Request{Method: "POST", Target: "/hook?token=s3cret&page=2", Host: "a.example", Message: inspect.Message{
		Head: []byte("POST /hook?token=s3cret&page=2 HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer s3cret\r\nCookie: sid=s3cret; theme=s3cret\r\n" +
			"X-Page: 2\r\n" + coding + "Content-Length: " + fmt.Sprint(n) + "\r\n\r\n"),
		Body: []byte(body), Kept: n, Size: n, Whole: true,
	}}
	return inspect.Item{Exchange: responded(x, "HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cret; Path=/", `{"access_token":"s3cret"}`)}
}

func TestRedactedHoldsNoSecret(t *testing.T) {
	for _, c := range []struct{ name, body, coding, want string }{
		{"json", `{ "id": 7, "api_key" :"s3cret", "max_tokens": 5, "secret": {"a": ["s3cret", 1], "b": {"c": "s3cret"}}, "next": "open" }`, "",
			`{ "id": 7, "api_key" :"[redacted]", "max_tokens": 5, "secret": {"a": ["[redacted]", 1], "b": {"c": "[redacted]"}}, "next": "open" }`},
		{"form", "user=u&password=s3cret&x=1", "", "user=u&password=[redacted]&x=1"},
		{"json within", `{"message":"{\"token\":\"s3cret\",\"a\":1}","log":"at /?api_key=s3cret\" 200"}`, "",
			`{"message":"{\"token\":\"[redacted]\",\"a\":1}","log":"at /?api_key=[redacted]\" 200"}`},
		{"gzip", gzipped(`{"token":"s3cret"}`), "Content-Encoding: gzip\r\n", `{"token":"[redacted]"}`},
		{"cut json", `{"token": "s3cret", "a": {`, "", `{"token": "[redacted]", "a": {`},
		{"unknown coding", "s3cret", "Content-Encoding: odd\r\n", ""},
		{"nothing secret", `{"a":"open"}`, "", `{"a":"open"}`},
		{"binary", "\x00\x01\x02", "", "\x00\x01\x02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			it := secretive(c.body, c.coding)
			before := string(it.Request.Head) + string(it.Request.Body) + it.Request.Target
			got := Redacted(it, nil, nil)
			if body := string(got.Request.Body); body != c.want {
				t.Errorf("body %q, want %q", body, c.want)
			}
			var all bytes.Buffer
			for _, write := range []func(io.Writer, inspect.Item, io.ReaderAt, io.ReaderAt) error{Entry, Fixture} {
				if err := write(&all, got, nil, nil); err != nil {
					t.Fatal(err)
				}
			}
			all.Write(got.Request.Head)
			all.Write(got.Response.Head)
			if strings.Contains(all.String(), "s3cret") || !strings.Contains(all.String(), "X-Page: 2") || !strings.Contains(all.String(), "page=2") {
				t.Errorf("%s", all.Bytes())
			}
			if string(it.Request.Head)+string(it.Request.Body)+it.Request.Target != before {
				t.Error("the original has changed")
			}
		})
	}
}

// Whatever the content: it is not changed but where secrets are, and JSON stays JSON.
func FuzzRedactText(f *testing.F) {
	f.Add(`{"token":"x","a":[1,{"b":null}]}`)
	f.Add(`[{"cookie":[["x"]]}] {"a":"b"}`)
	f.Add(`password=1&a=2`)
	f.Add(`["Cookie:","token=\"a\\\"","{\"jwt\":\"b\"}"]`)
	f.Fuzz(func(t *testing.T, text string) {
		out := redactText([]byte(text))
		if json.Valid([]byte(text)) != json.Valid(out) && json.Valid([]byte(text)) {
			t.Errorf("%q became %q", text, out)
		}
		if !bytes.Contains(out, []byte(hidden)) && !strings.Contains(text, "•") && string(out) != text {
			t.Errorf("%q became %q", text, out)
		}
	})
}

func TestHTTPFile(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1}`:               "POST http://a.example/hook?token=s3cret&page=2 HTTP/1.1\n",
		"<a>\n<b/></a>":         "<b/>",
		"a\n### next":           "",
		"< ./etc/passwd":        "",
		"> {% evil %}":          "",
		`{"a":"{{$processEnv"}`: "",
		"\xff":                  "",
	} {
		it := secretive(body, "")
		got, err := HTTPFile(it.Exchange, nil, "")
		if (err == nil) != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, %v", body, got, err)
		}
	}
}

func TestFixture(t *testing.T) {
	var b bytes.Buffer
	if err := Fixture(&b, secretive(`{"a":1}`, ""), nil, nil); err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(b.Bytes(), &f); err != nil || f.Request.Method != "POST" || f.Request.Body != `{"a":1}` || f.Response.Status != 200 || len(f.Request.Headers) != 5 {
		t.Errorf("%s, %v", b.Bytes(), err)
	}
}
