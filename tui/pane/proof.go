package pane

import (
	"fmt"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	silentAfter = 10 * time.Second // nothing heard on the link for longer is told; there is something every 5 s
	staleAfter  = 45 * time.Second // an older proof is a warning; there is one every 15 s
)

// latency draws the round trip to the relay, and how long ago the way from there to here was last seen to work.
func (l Look) latency(st inspect.Status, now time.Time) Line {
	text := "-"
	if st.Latency > 0 {
		text = fmt.Sprintf("%dms", max(st.Latency.Round(time.Millisecond), time.Millisecond).Milliseconds())
	}
	room := l.Width - l.label()
	text = Clip(text, room)
	if rest := room - Width(text) - len(", "); rest > 0 {
		if proof, style := l.proof(st, now, rest); proof != "" {
			text += style(", " + Clip(proof, rest))
		}
	}
	return Line{Pad("Latency", l.label()) + text, RankLatency}
}

// proof words the age of the last proof in room cells. The link's own silence comes before: it is what is wrong now.
func (l Look) proof(st inspect.Status, now time.Time, room int) (text string, style func(...string) string) {
	online := st.State == inspect.Online
	if silence := now.Sub(st.Proof); online && !st.Proof.IsZero() && silence > silentAfter {
		return fit(room, "nothing heard for "+age(silence), "silent for "+age(silence)), l.Warn.Render
	}
	at, bound := st.Proven()
	switch {
	case !bound:
		return "", nil
	case at.IsZero():
		return fit(room, "not yet reached through the relay", "not yet reached"), l.Quiet.Render
	}
	ago := now.Sub(at)
	style = l.Quiet.Render
	if online && ago > staleAfter {
		style = l.Warn.Render
	}
	return fit(room, "reached through the relay "+age(ago)+" ago", "reached "+age(ago)+" ago", age(ago)+" ago"), style
}

// fit is the first text that has room, or else the last.
func fit(room int, texts ...string) string {
	for _, s := range texts {
		if Width(s) <= room {
			return s
		}
	}
	return texts[len(texts)-1]
}

// age words d in its largest unit, so that it neither flickers nor takes room.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d d", d/day)
}
