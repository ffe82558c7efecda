package pane

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

const (
	labelWide   = 30 // width of the label column, ngrok's
	labelNarrow = 16 // on terminals of less than wideFrom cells
	wideFrom    = 72
)

// Forwarding is the label of an address: the first line of each endpoint begins with it.
const Forwarding = "Forwarding"

// label is the width of the label column.
func (l Look) label() int {
	if l.Width < wideFrom {
		return min(labelNarrow, l.Width/2)
	}
	return labelWide
}

// Head draws the dashboard's head: name, session, addresses and meters. now is for countdowns.
func (l Look) Head(st inspect.Status, t Traffic, now time.Time) []Line {
	lines := []Line{{l.Name(), RankName}, {"", RankBlank}}
	lines = append(lines, l.session(st, now)...)
	for _, e := range st.Endpoints {
		lines = append(lines, l.endpoint(e, now)...)
	}
	lines = append(lines, l.advice(st)...)
	lines = append(lines, Line{"", RankBlank})
	lines = append(lines, l.meters(t)...)
	return append(lines, Line{"", RankBlank})
}

// Name draws the first line of every screen.
func (l Look) Name() string {
	return Ends(l.Title.Render("adit"), l.Quiet.Render("("+cmp.Or(l.Quit, "Ctrl+C")+" to quit)"), l.Width)
}

func (l Look) session(st inspect.Status, now time.Time) []Line {
	account, region := who(st), orDash(st.Region)
	if relay := "relay " + view.Sanitize(st.Relay); st.Relay != "" && st.Region == "" {
		region = relay
	} else if st.Relay != "" {
		region = fit(l.Width-l.label(), region+", "+relay, region)
	}
	if st.Embedded {
		account, region = "local (embedded relay)", "this machine"
	}
	lines := l.state(st, now)
	lines = append(lines, l.row("Account", account, RankAccount)...)
	lines = append(lines, l.row("Version", orDash(st.Version), RankVersion)...)
	lines = append(lines, l.row("Region", region, RankRegion)...)
	lines = append(lines, l.latency(st, now))
	if st.Web != "" {
		lines = append(lines, l.address("Web Interface", view.Sanitize(st.Web), "", RankWeb)...)
	}
	return lines
}

// state draws the session's state; when it is not online, why, and when the next try is.
func (l Look) state(st inspect.Status, now time.Time) []Line {
	style, text := l.Warn, string(st.State)
	switch st.State {
	case inspect.Online:
		style = l.Good
	case inspect.Stopped:
		style = l.Bad
	case inspect.Reconnecting:
		text += attempt(st.Attempt) + ", " + nextTry(st.NextTry, now)
	case inspect.Connecting, "":
		text = string(inspect.Connecting)
	}
	lines := l.styled("Session Status", text, style.Render, RankState)
	if st.State != inspect.Online && st.Reason != "" {
		lines = append(lines, l.styled("", view.Sanitize(st.Reason), l.Quiet.Render, RankState)...)
	}
	return append(lines, l.slept(st, now)...)
}

// sleepToldFor is how long after waking it is told that the machine has slept.
const sleepToldFor = time.Minute

// slept says why nothing came for so long, and that it does again.
func (l Look) slept(st inspect.Status, now time.Time) []Line {
	ago := now.Sub(st.Woke)
	if st.Woke.IsZero() || ago >= sleepToldFor {
		return nil
	}
	text := "was asleep for " + age(st.Slept)
	if st.State == inspect.Online {
		text += "; woke " + age(ago) + " ago"
	}
	return l.styled("", text, l.Note.Render, RankSlept)
}

// attempt words which try is the next.
func attempt(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(", attempt %d", n)
}

// nextTry words the countdown in whole seconds, rounded up so that it ends at "now".
func nextTry(at, now time.Time) string {
	left := at.Sub(now)
	if at.IsZero() || left <= 0 {
		return "trying now"
	}
	s := int64((left + time.Second - 1) / time.Second)
	if s < 60 {
		return fmt.Sprintf("next try in %d s", s)
	}
	return fmt.Sprintf("next try in %d:%02d", s/60, s%60)
}

func who(st inspect.Status) string {
	if st.Account == "" {
		return "-"
	}
	if st.Plan == "" {
		return view.Sanitize(st.Account)
	}
	return view.Sanitize(st.Account + " (Plan: " + st.Plan + ")")
}

// endpoint draws one address, or why there is none.
func (l Look) endpoint(e inspect.Endpoint, now time.Time) []Line {
	upstream := view.Sanitize(e.Upstream)
	switch {
	case e.Failure != nil:
		return l.failure(e)
	case e.URL == "":
		return l.styled(Forwarding, view.Sanitize(e.Name)+" -> "+upstream+" (binding)", l.Quiet.Render, RankForwarding)
	}
	lines := l.address(Forwarding, view.Sanitize(e.URL), upstream, RankForwarding)
	lines = l.ailing(lines, e.Health, now)
	for _, a := range e.Aliases {
		for _, part := range Break("also "+view.Sanitize(a), l.Width-l.label()) {
			lines = append(lines, Line{blank(l.label()) + l.Quiet.Render(part), RankAlias})
		}
	}
	return append(lines, l.turned(e)...)
}

// ailing says what is wrong with the local service, behind its address where there is room.
func (l Look) ailing(lines []Line, h inspect.Health, now time.Time) []Line {
	if h.State != inspect.HealthDown {
		return lines
	}
	text := view.Sanitize(h.Reason) + " for " + age(now.Sub(h.Since))
	last := &lines[len(lines)-1]
	if Width(last.Text)+1+Width(text) <= l.Width {
		last.Text += " " + l.Bad.Render(text)
		return lines
	}
	return append(lines, l.styled("", text, l.Bad.Render, RankForwarding)...)
}

// turned says how many visitors the relay has kept from an address, and who was the last: they are in no list.
func (l Look) turned(e inspect.Endpoint) []Line {
	if e.Turned == 0 {
		return nil
	}
	text := count(e.Turned) + " turned away"
	if v := e.LastTurned; v != nil {
		text += view.Sanitize(fmt.Sprintf(", last %s %d", v.Client, v.Status))
	}
	return l.styled("", text, l.Warn.Render, RankTurned)
}

func (l Look) failure(e inspect.Endpoint) []Line {
	text := view.Sanitize(e.Name + ": " + FailureText(*e.Failure))
	lines := l.styled(Forwarding, text, l.Bad.Render, RankForwarding)
	if e.Failure.Remedy != "" {
		lines = append(lines, l.styled("", view.Sanitize(e.Failure.Remedy), l.Plain.Render, RankForwarding)...)
	}
	return lines
}

// FailureText words a failure in one line: what went wrong, and the number and name it is known by.
func FailureText(f inspect.Failure) string {
	return f.Text + " (" + f.CodeText() + ")"
}

// address draws a URL, which is never cut: where it does not fit beside its label it gets lines of its own, and what it leads to follows.
func (l Look) address(label, url, to string, rank Rank) []Line {
	pad, room := l.label(), l.Width-l.label()
	arrow := ""
	if to != "" {
		arrow = "-> " + to
	}
	switch {
	case to == "" && Width(url) <= room:
		return []Line{{Pad(label, pad) + url, rank}}
	case Width(url)+1+Width(arrow) <= room:
		return []Line{{Pad(label, pad) + url + l.Quiet.Render(" "+arrow), rank}}
	case Width(url) <= room:
		return append([]Line{{Pad(label, pad) + url, rank}}, l.indented(arrow, rank)...)
	}
	lines := []Line{{Clip(label, l.Width), rank}}
	for _, part := range Break(url, l.Width) {
		lines = append(lines, Line{part, rank})
	}
	return append(lines, l.indented(arrow, rank)...)
}

// indented draws text under the values, or as near to them as it stays whole.
func (l Look) indented(text string, rank Rank) []Line {
	if text == "" {
		return nil
	}
	indent := min(l.label(), max(l.Width-Width(text), 0))
	var lines []Line
	for _, part := range Break(text, l.Width-indent) {
		lines = append(lines, Line{blank(indent) + l.Quiet.Render(part), rank})
	}
	return lines
}

// advice draws what the person should know: how far the addresses reach, and what the relay says.
func (l Look) advice(st inspect.Status) []Line {
	var lines []Line
	if st.Embedded {
		for _, text := range l.localOnly() {
			lines = append(lines, l.styled("", text, l.Quiet.Render, RankAdvice)...)
		}
	}
	if st.Notice != "" {
		lines = append(lines, l.styled("Notice", view.Sanitize(st.Notice), l.Warn.Render, RankAdvice)...)
	}
	return lines
}

// localOnly says how far an embedded relay's addresses reach, in lines that fit beside the labels: never broken inside the option to copy.
func (l Look) localOnly() []string {
	words := [][]string{
		{"reachable from this machine only; for a public URL: --relay HOST:PORT"},
		{"reachable from this machine only", "for a public URL: --relay HOST:PORT"},
		{"from this machine only", "public: --relay HOST:PORT"},
		{"from this machine only", "for a public URL:", "--relay HOST:PORT"},
	}
	for _, lines := range words {
		if !slices.ContainsFunc(lines, func(s string) bool { return Width(s) > l.Width-l.label() }) {
			return lines
		}
	}
	return words[len(words)-1]
}

func (l Look) row(label, value string, rank Rank) []Line {
	room := l.Width - l.label()
	return []Line{{Pad(label, l.label()) + Clip(value, room), rank}}
}

// styled draws a label and a text that may take several lines.
func (l Look) styled(label, text string, render func(...string) string, rank Rank) []Line {
	var lines []Line
	for i, part := range Words(text, l.Width-l.label()) {
		if i > 0 {
			label = ""
		}
		lines = append(lines, Line{Pad(label, l.label()) + render(part), rank})
	}
	return lines
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return view.Sanitize(s)
}
