package export

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// Node's fetch sends what was recorded, but for the fields that are its own.
func TestFetchSendsTheSame(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	p := listen(t)
	host := p.Addr().String()
	for _, x := range []*inspect.Exchange{
		request("GET //a/b?b=%20$(x)\\ HTTP/1.1\r\nHost: x\r\nX-Odd: </script>\\u \xe9", ""),
		request("POST /a HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1", "</script>\u2028é\x1b\\\"\n"),
		request("PATCH /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1", "\x00\xff"),
	} {
		code, err := Fetch(x, nil, "http://"+host)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(code, "<\x1b\u2028") {
			t.Errorf("it may not stand in a script element: %s", code)
		}
		cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-")
		cmd.Stdin = strings.NewReader(code)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, out, code)
		}
		got := <-p.got
		line, _, _ := strings.Cut(got[0], "\r\n")
		if want := x.Request.Method + " " + x.Request.Target + " HTTP/1.1"; line != want || got[1] != string(x.Request.Body) {
			t.Errorf("%q and %q, want %q and %q", line, got[1], want, x.Request.Body)
		}
		for _, field := range headLines(x.Request.Head) {
			if bytes.HasPrefix(field, []byte("X-")) && !strings.Contains(strings.ToLower(got[0]), strings.ToLower(string(field))) {
				t.Errorf("%q is not in %q", field, got[0])
			}
		}
	}
}

// A shell hands HTTPie the words that were meant. (HTTPie itself is seldom installed.)
func TestHTTPieIsQuoted(t *testing.T) {
	const show = `http() { for a; do printf '<%s>' "$a"; done; case $1 in --ignore-stdin) ;; *) cat ;; esac; }` + "\n"
	for _, c := range []struct {
		x    *inspect.Exchange
		want string
	}{
		{request("GET /a?b=$(id)&c HTTP/1.1\r\nHost: x\r\nX-Quote: it's `id`\r\nX-Empty:\r\nAccept: a", ""),
			"<--ignore-stdin><--path-as-is><GET><http://to/a?b=$(id)&c><User-Agent:><Accept-Encoding:><Host: x><X-Quote: it's `id`><X-Empty;><Accept: a>"},
		{request("POST / HTTP/1.1\r\nHost: x\r\nUser-Agent: u\r\nAccept: a\r\nAccept-Encoding: e\r\nContent-Length: 3", "@a'"),
			"<--ignore-stdin><--path-as-is><--raw><@a'><POST><http://to/><Host: x><User-Agent: u><Accept: a><Accept-Encoding: e>"},
		{request("POST / HTTP/1.1\r\nHost: x\r\nUser-Agent: u\r\nAccept: a\r\nAccept-Encoding: e\r\nContent-Length: 3", "\x01\xff%"),
			"<--path-as-is><POST><http://to/><Host: x><User-Agent: u><Accept: a><Accept-Encoding: e>\x01\xff%"},
		{request("POST / HTTP/1.1\r\nHost: x\r\n-o: evil\r\nUser-Agent: u\r\nAccept: a\r\n--download:\r\nAccept-Encoding: e\r\nContent-Length: 1", "a"),
			"<--ignore-stdin><--path-as-is><--raw><a><POST><http://to/><Host: x><User-Agent: u><Accept: a><Accept-Encoding: e><--><-o: evil><--download;>"},
	} {
		command, err := HTTPie(c.x, nil, "http://to")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-s")
		cmd.Stdin = strings.NewReader(show + command)
		if out, err := cmd.Output(); err != nil || string(out) != c.want {
			t.Errorf("%v: got\n%s\nwant\n%s", err, out, c.want)
		}
	}
}

func TestRaw(t *testing.T) {
	chunked := request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "content").Request.Message
	chunked.Trailers = []byte("X-Sum: 1\r\n")
	cut := chunked
	cut.Size = 100
	spilled := request("POST / HTTP/1.1\r\nContent-Length: 7", "content").Request.Message
	spilled.Body = spilled.Body[:3]
	for name, c := range map[string]struct {
		m    inspect.Message
		want string
	}{
		"with a length": {request("POST / HTTP/1.1\r\nContent-Length: 7", "content").Request.Message, "POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\ncontent"},
		"chunked":       {chunked, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n0\r\nX-Sum: 1\r\n\r\n"},
		"cut":           {cut, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncontent\r\n"},
		"on the disk":   {spilled, "POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\ncontent"},
	} {
		var b bytes.Buffer
		if err := Raw(&b, &c.m, strings.NewReader("content")); err != nil || b.String() != c.want {
			t.Errorf("%s: %v, %q", name, err, b.String())
		}
	}
}

// What was not kept whole is refused: a command that sends a part of it would be a lie.
func TestCommandsRefuseWhatIsMissing(t *testing.T) {
	cut := request("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100", "begin")
	cut.Request.Size = 100
	large := request("POST / HTTP/1.1\r\nHost: x", strings.Repeat("a", maxCommand+1))
	lost := request("POST / HTTP/1.1\r\nHost: x", "content")
	lost.Request.Body = nil
	for name, f := range map[string]func(*inspect.Exchange) (string, error){
		"curl":   func(x *inspect.Exchange) (string, error) { return Curl(x, nil, "") },
		"HTTPie": func(x *inspect.Exchange) (string, error) { return HTTPie(x, nil, "") },
		"fetch":  func(x *inspect.Exchange) (string, error) { return Fetch(x, nil, "") },
	} {
		var partial *PartialError
		if text, err := f(cut); text != "" || !errors.As(err, &partial) || err.Error() != "only 5 B of 100 B of the request's content were kept, so it cannot be sent again" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		var tooLarge *LargeError
		if text, err := f(large); text != "" || !errors.As(err, &tooLarge) {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
		if text, err := f(lost); text != "" || !errors.Is(err, inspect.ErrNotFound) {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

// HTTPie takes for a URL, or an option, what is no word of letters.
func TestHTTPieKnowsFewMethods(t *testing.T) {
	for _, method := range []string{"-oevil", "--download", "M-SEARCH", "G\u212aT"} {
		x := request("GET / HTTP/1.1\r\nHost: x", "")
		x.Request.Method = method
		var refused *MethodError
		if text, err := HTTPie(x, nil, ""); text != "" || !errors.As(err, &refused) {
			t.Errorf("%s: %q, %v", method, text, err)
		}
	}
}

func TestWhereCommandsGo(t *testing.T) {
	x := request("GET /a HTTP/1.1\r\nHost: app.example.com\r\nX-Forwarded-Proto: https", "")
	for to, want := range map[string]string{
		"":                       "curl --http1.1 'https://app.example.com/a' \\\n  -H 'User-Agent:' \\\n  -H 'Accept:' \\\n  -H 'X-Forwarded-Proto: https'",
		"http://localhost:8000/": "curl --http1.1 'http://localhost:8000/a' \\\n  -H 'User-Agent:' \\\n  -H 'Accept:' \\\n  -H 'Host: app.example.com' \\\n  -H 'X-Forwarded-Proto: https'",
	} {
		if got, err := Curl(x, nil, to); err != nil || got != want {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
		}
	}
}
