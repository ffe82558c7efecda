package edit

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

func recorded(head, body string) *inspect.Exchange {
	method, rest, _ := strings.Cut(head, " ")
	target, _, _ := strings.Cut(rest, " ")
	n := int64(len(body))
	return &inspect.Exchange{Request: inspect.Request{Method: method, Target: target, Message: inspect.Message{
		Head: []byte(strings.ReplaceAll(head, "\n", "\r\n")), Body: []byte(body), Kept: n, Size: n, Whole: true,
	}}}
}

const hook = "POST /hook?a=1 HTTP/1.1\nHost: a.example\nX-One:  1 \nContent-Length: 5\n\n"

// What is written is read as it was recorded, whatever the content is.
func TestThereAndBack(t *testing.T) {
	for _, body := range []string{"", "\n", "\n\n", "hello", "hello\n", "// content\n", "a\r\nb\r\n", "\u202e\x1b[2J", "{\n  \"a\": 1\n}\n\n"} {
		x := recorded(hook, body)
		e, err := Parse(Text(x, x.Request.Body))
		want := &inspect.Edit{Method: "POST", Target: "/hook?a=1", Fields: view.Headers(x.Request.Head), Body: []byte(body)}
		if err != nil || !reflect.DeepEqual(e, want) {
			t.Errorf("%q: %+v, %v", body, e, err)
		}
	}
}

// Content that is no text stays out, is told of, and stays as it was; a person can put other content in its place, but not both.
func TestContentThatStays(t *testing.T) {
	gzipped := strings.Replace(hook, "X-One", "Content-Encoding", 1)
	cut := recorded(hook, "hello")
	cut.Request.Size = 1 << 20
	for _, tt := range []struct {
		x    *inspect.Exchange
		body string
		says string
	}{
		{recorded(hook, "a\x00b"), "a\x00b", "3 B that are no text"},
		{recorded(hook, "a\xffb"), "a\xffb", "3 B that are no text"},
		{recorded(gzipped, "hello"), "hello", "5 B, encoded with 1"},
		{recorded(hook, strings.Repeat("x", maxText+1)), strings.Repeat("x", maxText+1), "more than an editor is given"},
		{recorded(hook, "hello"), "qq", "5 B, not kept whole"},
		{cut, "hello", "1 MiB, not kept whole"},
	} {
		text := string(Text(tt.x, []byte(tt.body)))
		e, err := Parse([]byte(text))
		if err != nil || e.Body != nil || !strings.Contains(text, tt.says) || strings.Contains(text, tt.body) {
			t.Errorf("%s: %+v, %v: %.300s", tt.says, e, err, text)
		}
		var wrong *LineError
		if _, err = Parse([]byte(text + "mine\n")); !errors.As(err, &wrong) {
			t.Errorf("%s: both contents: %v", tt.says, err)
		}
		lines := strings.SplitN(text, "\n", 3)
		if e, err = Parse([]byte(lines[2] + "mine\n")); err != nil || string(e.Body) != "mine" {
			t.Errorf("%s: other content: %+v, %v", tt.says, e, err)
		}
	}
}

func TestWhatPeopleWrite(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"GET /", `GET / [] ""`},
		{"\n// x\n\n  GET  /a\r\nA: 1\r\n// between\nB:2\nC:\n\nhi", `GET /a [{A 1} {B 2} {C }] "hi"`},
		{"GET / HTTP/1.0\n\n\nx\n\n", `GET / [] "\nx\n"`},
		{"", ErrEmpty.Error()},
		{"// only\n\n  \n", ErrEmpty.Error()},
		{"GET\n", "line 1: "},
		{"GET /a b HTTP/1.1\n", "line 1: "},
		{"GET / HTTP/2\n", "line 1: "},
		{"GET /\nA: 1\nno colon\n", "line 3: "},
		{"GET /\n: 1\n", "line 2: "},
		{"GET /\nA: 1\n folded: 2\n", "line 3: "},
	} {
		e, err := Parse([]byte(tt.text))
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%s %s %v %q", e.Method, e.Target, e.Fields, e.Body)
		}
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q: %s; want %s", tt.text, got, tt.want)
		}
	}
}

// FuzzText: a text of whatever was recorded is read as the same again, and whatever a person writes is read or refused.
func FuzzText(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n"), []byte("hello"), []byte("GET /\nA: b\n\nx"))
	f.Add([]byte("\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n"), []byte(""), []byte(""))
	f.Add([]byte("#! /?// HTTP/1.0\r\nhost:\r\n\r\n"), []byte("// a\r\n\r\n"), []byte("// The content stays as it was recorded: \nGET /\n\n"))
	f.Fuzz(func(t *testing.T, head, body, text []byte) {
		if e, err := Parse(text); err == nil && (e.Method == "" || e.Target == "" || e.Fields == nil) {
			t.Fatalf("%q is read as %+v", text, e)
		}
		q := http1.Request{Head: http1.Head{Wire: true}}
		if n, err := q.Parse(head); err != nil || n == 0 || n != len(head) {
			return // nothing that is recorded
		}
		head = q.Raw // without the empty line that may come first
		x := recorded("", string(body))
		x.Request.Head, x.Request.Method, x.Request.Target = head, string(q.Method), string(q.Path)
		e, err := Parse(Text(x, body))
		want := &inspect.Edit{Method: x.Request.Method, Target: x.Request.Target, Fields: append([]inspect.Field{}, view.Headers(head)...)}
		if notText(&x.Request.Message, body) == "" {
			want.Body = append([]byte{}, body...)
		}
		if err != nil || !reflect.DeepEqual(e, want) {
			t.Fatalf("%q, %q: %+v, %v", head, body, e, err)
		}
	})
}

// edited runs sessions with an editor that does the same each time: a line of shell with the file as $1.
func edited(t *testing.T, script string) (e *inspect.Edit, runs int, path string, err error) {
	t.Helper()
	x := recorded(hook, "hello")
	s, err := Begin(Text(x, x.Request.Body), func(name string) string {
		return map[string]string{"VISUAL": " ", "EDITOR": "sh -c '" + script + "' editor"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.End()
	for again := true; again; runs++ {
		if out, err := s.Command().CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		e, again, err = s.Read()
	}
	return e, runs, s.path, err
}

func TestSession(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the editors here are lines of shell")
	}
	t.Setenv("TMPDIR", t.TempDir())
	for _, tt := range []struct {
		script string
		want   string
		runs   int
	}{
		{`sed -i.old "s/hello/bye/" "$1"`, `POST /hook?a=1 "bye"`, 1},
		{`true`, ErrUnchanged.Error(), 1},
		{`: > "$1"`, ErrEmpty.Error(), 1},
		{`echo oops > "$1"`, "line 1: ", 2}, // and it is not mended
		{`if grep -q "^// Mistake: line 3: .oops" "$1"; then printf "GET /\n\nok\n" > "$1"; else printf "GET /\noops\n" > "$1"; fi`, `GET / "ok"`, 2},
		{`rm "$1"`, "what the editor has left: ", 1},
		{`head -c 3000000 /dev/zero > "$1"`, "the text has more than ", 1},
	} {
		e, runs, path, err := edited(t, tt.script)
		got := fmt.Sprint(err)
		if err == nil {
			got = fmt.Sprintf("%s %s %q", e.Method, e.Target, e.Body)
		}
		if !strings.HasPrefix(got, tt.want) || runs != tt.runs {
			t.Errorf("%s: %s, after %d runs; want %s", tt.script, got, runs, tt.want)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: the file is left behind", tt.script)
		}
	}
}

func TestFileIsPrivate(t *testing.T) {
	s, err := Begin([]byte("secret"), func(string) string { return "true" })
	if err != nil {
		t.Fatal(err)
	}
	defer s.End()
	info, err := os.Stat(s.path)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestNoEditor(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var none *NoEditorError
	if _, err := Begin(nil, func(string) string { return "" }); !errors.As(err, &none) {
		t.Error(err)
	}
}
