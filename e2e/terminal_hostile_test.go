package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// hostile is what a terminal must never get: titles, the clipboard, links, erasing, the cursor elsewhere, the other screen, a reset, questions that the terminal answers as
// if they were typed, other character sets, all of that in C1 and in raw bytes, text that runs backwards, has no width or two, is no UTF-8, and control characters.
const hostile = "<\x1b]0;TITLE\x07\x1b]52;c;UFdORUQ=\x07\x1b]8;;http://evil.test\x1b\\link\x1b]8;;\x1b\\\x1b[2J\x1b[3;3HCURSOR\x1b[?1049l\x1b[?25h\x1bc\x1b[6n\x1b(0\x0e" +
	"\x1bPtmux;\x1b\x1b]0;TITLE\x07\x1b\\\x1bP$q\"p\x1b\\\u009d0;TITLE\u009c\u009b2J\x9d0;TITLE\x9c\x9b2J\u202ebackwards\u2066x\u2069\u200b\u200d\u2060\ufeff\u00ad" +
	"e\u0301\u0301\u0301字\U0001f469\u200d\U0001f469\u200d\U0001f467\u115f\xff\xfe\xc3\x00\x07\x08\x0b\x7f\t\r\n\u2028>"

// hostileAnswers are a service's, by path. None of them keeps to a protocol by more than it must.
var hostileAnswers = map[string]string{
	"/json": "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + asJSON(map[string]string{hostile: hostile, "token": hostile}),
	"/text": "HTTP/1.1 500 Oops \u202e\x9b2J\r\nX-Evil: \u009b2J\x9b3;3H\u202e字\u200b\xff\r\nSet-Cookie: s=\u202e\x9d0;TITLE\x9c\r\nContent-Type: text/plain\r\n\r\n" + hostile,
	"/html": "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=\"\u202e../../\u009bevil\"\r\n\r\n<title>" + hostile + "</title>",
	"/form": "HTTP/1.1 200 OK\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=" + url.QueryEscape(hostile) + "&" + url.QueryEscape(hostile) + "=b",
	"/sse":  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: " + oneLine(hostile) + "\ndata: " + oneLine(hostile) + "\n\n",
	"/bad":  "HTTP/1.1 200 OK\r\nX-Evil\x1b]0;TITLE\x07\r\n\r\n" + hostile,
	"/long": "HTTP/1.1 200 OK\r\nX-Long: " + strings.Repeat("字", 3000) + "\r\nContent-Type: text/plain\r\n\r\n" + strings.Repeat("\u202e字", 10_000),
}

func asJSON(v any) string {
	text, _ := json.Marshal(v)
	return strings.NewReplacer(`\u001b`, "\x1b", `\u0007`, "\x07", `\u2028`, "\u2028").Replace(string(text)) // as they are, which is no JSON any more
}

func oneLine(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }

// hostileService answers each connection's request by its path, and closes.
func hostileService(t *testing.T) (addr string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 64<<10)
				n, _ := c.Read(b)
				for path, answer := range hostileAnswers {
					if strings.Contains(strings.SplitN(string(b[:n]), "\r\n", 2)[0], path) {
						_, _ = io.WriteString(c, answer)
					}
				}
				_ = c.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, c)
			}()
		}
	}()
	return ln.Addr().String()
}

// hostileRequests are sent as they are.
func hostileRequests(host string) []string {
	var all []string
	for path := range hostileAnswers {
		all = append(all, "POST "+path+"/"+strings.Repeat(url.PathEscape("字\u202e\x9b"), 3)+"?q="+url.QueryEscape(hostile)+" HTTP/1.1\r\nHost: "+host+
			"\r\nUser-Agent: GitHub-Hookshot/\u202e\x9b2J\r\nX-GitHub-Event: \u202epush\u200b\x9d0;TITLE\x9c\r\nAuthorization: Bearer \u009b2J\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: "+
			fmt.Sprint(len(hostile))+"\r\n\r\n"+hostile)
	}
	for _, path := range []string{strings.Repeat("a", 10_000), strings.Repeat("%E5%AD%97", 1_000), "\u202e字\u009b2J\u200b\xff", strings.Repeat("\u202e字", 1_500)} {
		all = append(all, "GET /text/"+path+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
	}
	return all
}

// TestHostileCaptures: whatever passes, is noted, or saved as a view, the dashboard's screen stays whole in all its views: head, footer and the line between list and request
// stand where they stood, the terminal's title and clipboard are as they were, and nothing has left the dashboard's screen. The screen is tmux's.
func TestHostileCaptures(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 161, 40)
	x.tmux("set-option", "-g", "set-clipboard", "on")
	x.tmux("set-option", "-g", "allow-passthrough", "on")
	x.tmux("select-pane", "-T", "mine")
	x.say("adit http " + hostileService(t))
	host := strings.TrimPrefix(x.see(forwarding)[1], "http://")
	api := x.see(`Web Interface\s+(http://\S+)`)[1]
	captured := 0
	for _, text := range hostileRequests(host) {
		if status, _, _ := strings.Cut(talk(t, host, text, "", "no answer at all"), "\r\n"); !strings.Contains(status, " 400 ") {
			captured++
		}
	}
	if captured < len(hostileAnswers)+2 {
		t.Errorf("only %d were captured", captured)
	}
	x.see(fmt.Sprintf(`Requests.*\s%d\s`, captured))
	x.annotate(api)
	w := &guarded{terminal: x}
	w.whole("the list")
	x.press("Enter")
	w.ruled = true
	for range captured + 1 {
		for tab := 1; tab <= 9; tab++ {
			x.press(fmt.Sprint(tab))
			w.whole(fmt.Sprintf("tab %d", tab))
			x.press("G")
			w.whole(fmt.Sprintf("the end of tab %d", tab))
		}
		x.press("1", "Tab", "Up", "Tab")
	}
	x.press("r")
	w.whole("a replay")
	x.press("D")
	w.whole("a diff")
	x.press("Tab", "*", "r")
	x.see(`Replayed \d+ requests: `)
	w.ruled = false
	w.whole("a run")
	x.press("Escape")
	x.see(`HTTP Requests`)
	w.still()
	panes := w.panes()
	for _, sheet := range [][2]string{{"?", `type to find`}, {"R", `Replay \d+ requests`}, {"e", `all of it in`}, {"y", `cURL command`}, {"x", `HTTP archive`}, {`\;`, `(?m)^note: `}, {"t", `(?m)^tags: `},
		{"f", `leave out instead`}, {"V", `delete one`}, {"L", `endpoint online`}, {":", `type to find`}} {
		x.press(sheet[0])
		x.see(sheet[1])
		w.whole("what " + sheet[0] + " opens")
		x.press("Escape")
		eventually(t, "the panes again after "+sheet[0], func() bool { return w.panes() == panes && !regexp.MustCompile(sheet[1]).MatchString(w.screen()) })
	}
	x.press("C-c")
	x.see(`(?s)adit ran for .*prompt>\s*$`)
	if got := x.tmux("display-message", "-p", "#{alternate_on}"); got != "0\n" {
		t.Errorf("the other screen is left on: %s", got)
	}
}

// annotate writes a hostile note to every capture, and a hostile view. A hostile tag is refused.
func (x *terminal) annotate(api string) {
	x.t.Helper()
	_, list := get(x.t, api+"/api/v1/exchanges")
	ids := regexp.MustCompile(`"id":\s*"([0-9a-f-]{36})"`).FindAllStringSubmatch(list, -1)
	if len(ids) == 0 {
		x.t.Fatalf("no exchange in %.300s", list)
	}
	write := func(want int, method, path string, body map[string]any) {
		text, _ := json.Marshal(body)
		if status, answer := post(x.t, method, api+"/api/v1/"+path, string(text)); status != want {
			x.t.Fatalf("%s %s: %d %s", method, path, status, answer)
		}
	}
	for _, id := range ids {
		write(200, "PATCH", "exchanges/"+id[1], map[string]any{"note": hostile, "add_tags": []string{"bug"}, "pinned": true})
		write(400, "PATCH", "exchanges/"+id[1], map[string]any{"add_tags": []string{"\u202e字\u009b2J\u200b"}})
	}
	write(200, "PUT", "views/"+url.PathEscape("\u202e字\u009b2J\u200b"), map[string]any{"filter": "body:\"\u202e\u009b2J\""})
}

// guarded is a terminal whose screen must stay whole.
type guarded struct {
	*terminal
	ruled bool // list and request stand beside each other
}

// whole waits until the screen is whole and stays so for another look: a frame that is half drawn is mended by the rest of it, what a terminal was made to do is not.
func (w *guarded) whole(what string) {
	w.t.Helper()
	before, wrongs := "", []string(nil)
	w.ever(what, func() bool {
		now := w.screen()
		wrongs = w.wrongs(now)
		same := timeless(now) == timeless(before)
		before = now
		return same && len(wrongs) == 0
	}, &wrongs)
	if got := w.tmux("display-message", "-p", "#{alternate_on} #{pane_title} #{cursor_flag}"); got != "1 mine 0\n" {
		w.t.Errorf("%s: screen, title, cursor are %s", what, got)
	}
	if got := w.tmux("list-buffers"); got != "" {
		w.t.Errorf("%s: in the clipboard is %s", what, got)
	}
}

// ever is eventually for what says what is missing.
func (w *guarded) ever(what string, f func() bool, wrongs *[]string) {
	w.t.Helper()
	defer func() {
		if len(*wrongs) > 0 {
			w.t.Errorf("%s: %s", what, strings.Join(*wrongs, "; "))
		}
	}()
	eventually(w.t, "a whole screen: "+what, f)
}

// panes is the screen between the head, which counts, and the footer, where a toast may come and go.
func (w *guarded) panes() string {
	lines := strings.Split(strings.TrimSuffix(w.screen(), "\n"), "\n")
	_, panes, _ := strings.Cut(strings.Join(lines[:len(lines)-1], "\n"), "HTTP Requests")
	return timeless(panes)
}

// harmful are the characters that no screen may have.
var harmful = regexp.MustCompile(`[\x00-\x1f\x7f-\x9f\x{ad}\x{61c}\x{115f}\x{200b}-\x{200f}\x{2028}-\x{202f}\x{2060}-\x{206f}\x{feff}]`)

// wrongs says what is not where it belongs.
func (w *guarded) wrongs(screen string) (all []string) {
	lines := strings.Split(strings.TrimSuffix(screen, "\n"), "\n")
	if !strings.HasPrefix(lines[0], "adit ") && !strings.HasPrefix(lines[0], "Log, ") {
		all = append(all, "the first line is "+lines[0])
	}
	if strings.TrimSpace(lines[len(lines)-1]) == "" {
		all = append(all, "there is no footer")
	}
	ruler := -1 // the column of the line between the panes
	for i, line := range lines {
		if strings.Contains(line, "HTTP Requests") && w.ruled {
			ruler = columnsOf(line, '│')[0]
		}
		if ruler >= 0 && i < len(lines)-1 && !slices.Contains(columnsOf(line, '│'), ruler) {
			all = append(all, fmt.Sprintf("in line %d request and list do not part at %d", i, ruler))
		}
		if bad := harmful.FindString(line); bad != "" {
			all = append(all, fmt.Sprintf("line %d has %q", i, bad))
		}
	}
	return all
}

// columnsOf are the columns where a sign stands; -1 when it does not. Of what is hostile, only these are drawn with two columns or none.
func columnsOf(line string, sign rune) []int {
	all, n := []int{}, 0
	for _, r := range line {
		switch r {
		case sign:
			all = append(all, n)
			n++
		case '\u0301':
		case '字', '\U0001f469', '\U0001f467':
			n += 2
		default:
			n++
		}
	}
	return append(all, -1)
}
