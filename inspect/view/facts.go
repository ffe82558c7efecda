package view

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Fact is one line of an overview. Both parts are safe to show.
type Fact struct{ Label, Value string }

// Facts is what there is to say about an exchange besides its messages, in the order to show it in. What has nothing to say is left out.
func Facts(it inspect.Item) []Fact {
	x := it.Exchange
	var fs facts
	fs.begin(it)
	if f := x.Failure; f != nil {
		fs.add("Failure", strings.TrimSpace(f.CodeText()+": "+f.Text))
		fs.add("What to do", f.Remedy)
	}
	fs.add("Endpoint", x.Endpoint)
	if x.Client.IsValid() {
		fs.add("Client", x.Client.String())
	}
	fs.add("Started", x.Start.Format("2006-01-02 15:04:05.000 -07:00"))
	fs.add(Took(x), Duration(x.Lasted(time.Now())))
	fs.contents(x)
	fs.add("Tags", strings.Join(it.Tags, ", "))
	fs.add("Note", it.Note)
	if it.Pinned {
		fs.add("Pinned", "yes: it is kept when older exchanges make room")
	}
	if x.Request.Redacted || x.Response != nil && x.Response.Redacted {
		fs.add("Redacted", "values were replaced before this was recorded")
	}
	if it.Summary {
		fs.add("Kept", "only this line: exchanges came faster than the store may write them")
	}
	return append(fs, Fact{"ID", Sanitize(string(x.ID))})
}

// Took is what an exchange's duration is called: of one that was interrupted, nobody knows the end.
func Took(x *inspect.Exchange) string {
	switch {
	case !x.Ended():
		return "So far"
	case x.State == inspect.Interrupted:
		return "At least"
	}
	return "Took"
}

// facts are those that have something to say.
type facts []Fact

func (fs *facts) add(label, value string) {
	if value != "" {
		*fs = append(*fs, Fact{label, Sanitize(value)})
	}
}

// begin says what it is and how it came out.
func (fs *facts) begin(it inspect.Item) {
	x := it.Exchange
	if x.IsConnection() {
		fs.add("Connection", x.Kind.String())
		fs.add("Server name", x.Request.Host)
		fs.add("State", cmp.Or(connectionState(x), "pending: the local service has not been reached yet"))
		return
	}
	fs.add("Request", strings.TrimSpace(x.Request.Method+" "+x.Request.Target))
	fs.add("Host", x.Request.Host)
	fs.add("From", cmp.Or(it.Label, Label(x)))
	fs.add("Status", Status(x))
	fs.add("State", stateText(x))
}

// contents says what passed.
func (fs *facts) contents(x *inspect.Exchange) {
	if x.IsConnection() {
		fs.add("Passed", Passed(x))
		fs.add("Content", x.Kind.NotKept())
		return
	}
	fs.add("Request content", contentText(&x.Request.Message))
	if x.Response != nil {
		fs.add("Response content", contentText(&x.Response.Message))
	}
	if x.Tries > 1 {
		fs.add("Tries", strconv.Itoa(x.Tries))
	}
	for _, t := range JWTs(&x.Request.Message, nil) {
		fs.add("Token", t.String())
	}
	fs.add("Replay of", replayText(x))
}

func stateText(x *inspect.Exchange) string {
	switch {
	case x.Upgraded && x.State == inspect.Open:
		return "open: an upgraded connection"
	case x.Upgraded:
		return x.State.String() + ": an upgraded connection"
	case x.State == inspect.Interrupted:
		return "interrupted: adit was ended before the exchange was"
	case x.Response != nil && x.Response.Made:
		return x.State.String() + ": adit made the response"
	}
	return x.State.String()
}

// contentText is the size and type of content, and what of it was kept.
func contentText(m *inspect.Message) string {
	media, _ := mediaType(Get(Headers(m.Head), "Content-Type"))
	text := strings.TrimSpace(Size(m.Size) + " " + media)
	switch {
	case m.Withheld:
		text += ", not recorded: " + Withheld
	case m.Kept < m.Size && len(m.Tail) > 0:
		text += fmt.Sprintf(", of which the first %s and the last %s were kept", Size(m.Kept), Size(int64(len(m.Tail))))
	case m.Kept < m.Size:
		text += fmt.Sprintf(", of which the first %s were kept", Size(m.Kept))
	}
	if m.Size == 0 {
		return "none"
	}
	return text
}

func replayText(x *inspect.Exchange) string {
	if x.ReplayOf == "" {
		return ""
	}
	return string(x.ReplayOf) + ReplayNotes(x)
}

// ReplayNotes says how a replay was not its original's like: ", edited, signed anew, sent to http://localhost:3001"; "" when it was. Safe to show.
func ReplayNotes(x *inspect.Exchange) (notes string) {
	if x.Edited {
		notes += ", edited"
	}
	if x.Resigned {
		notes += ", signed anew"
	}
	if x.To != "" {
		notes += ", sent to " + Sanitize(x.To)
	}
	return notes
}

// Phase is a part of an exchange's time.
type Phase struct {
	Name  string
	After time.Duration // since the exchange's start
	Took  time.Duration
	Text  string // what happens in it
}

// Timing divides an exchange's time: dialling the local service, waiting for its response, and the rest, in which content passes. Phases follow each
// other and add up to the duration; one that took no time is left out.
func Timing(x *inspect.Exchange) []Phase {
	if x.IsConnection() {
		return connectionTiming(x)
	}
	connect := min(x.Connect, x.Duration)
	wait := min(x.Wait, x.Duration-connect)
	rest := x.Duration - connect - wait
	send := time.Duration(0)
	if x.Response == nil {
		send, rest = rest, 0
	}
	var phases []Phase
	after := time.Duration(0)
	for _, p := range []Phase{
		{Name: "connect", Took: connect, Text: "dialling the local service"},
		{Name: "send", Took: send, Text: "sending the request"},
		{Name: "wait", Took: wait, Text: "from the last byte of the request to the head of the response"},
		{Name: "transfer", Took: rest, Text: "content of the request and the response"},
	} {
		if p.Took > 0 {
			p.After = after
			after += p.Took
			phases = append(phases, p)
		}
	}
	return phases
}
