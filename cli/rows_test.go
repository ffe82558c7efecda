package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/tui/pane"
)

// Whatever strangers send, the columns stand below their headings, no line is wider than the terminal, and the path is seen.
func TestRowsStayInTheirColumns(t *testing.T) {
	of := func(method string, status int, reason string, took time.Duration) inspect.Item {
		x := &inspect.Exchange{ID: "01a21801-ec6c-7013-a7cc-2a3553f7e70a", Start: time.Now(), Duration: took, State: inspect.Done}
		x.Request.Method, x.Request.Target = method, "/日本語/"+strings.Repeat("x", 200)
		x.Response = &inspect.Response{Status: status, Reason: reason, Message: inspect.Message{Size: 1 << 20}}
		x.Request.Size = 2 << 20
		return inspect.Item{Exchange: x}
	}
	cut := of("GET", 200, "OK", time.Second)
	cut.State, cut.Failure = inspect.Failed, &inspect.Failure{Code: 2006, Name: "LOCAL_EARLY_END"}
	open := of("GET", 101, "Switching Protocols", 0)
	open.State = inspect.Open
	items := []inspect.Item{
		of("GET", 200, "OK", 41*time.Millisecond),
		of("POST", 501, "Unsupported method ('POST')", 12*time.Minute+59*time.Second),
		of("VERSION-CONTROL", 404, "見つかりません見つかりません見つかりません", 300*time.Hour),
		cut, open,
	}
	for _, width := range []int{0, 150, 115, 100, 80, 60, 40} {
		var out bytes.Buffer
		r := &rows{w: &out, width: width, now: time.Now()}
		for _, it := range items {
			if err := r.print(it); err != nil {
				t.Fatal(err)
			}
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		at := strings.Index(lines[0], "PATH")
		for _, line := range lines[1:] {
			before, _, found := strings.Cut(line, "/")
			if !found || pane.Width(before) != at || width > 0 && pane.Width(line) > width {
				t.Errorf("at %d cells, the path should begin in cell %d:\n%s\n%s", width, at, lines[0], line)
			}
		}
		if width == 150 && (!strings.Contains(lines[4], "200 LOCAL_EARLY_END") || !strings.Contains(lines[5], "101 open")) {
			t.Errorf("what was not whole, and what goes on, are not seen:\n%s", out.String())
		}
		if width == 150 && !strings.Contains(lines[1], " 3 MiB ") {
			t.Errorf("the size is not that of both sides together:\n%s", out.String())
		}
	}
}
