package web

import (
	"cmp"
	"net/url"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// itemJSON is an exchange in our own API, as lists and events show it. What does not exist is null. Captured text that is not UTF-8 gets replacement
// characters here; the exact bytes are in the head's base64 and at body_url.
type itemJSON struct {
	ID           inspect.ID   `json:"id"`
	URI          string       `json:"uri"`
	Seq          string       `json:"seq"` // beyond what JavaScript's numbers hold
	Nth          uint64       `json:"nth"` // 0: of another run
	Version      string       `json:"version"`
	Run          string       `json:"run"`
	Committed    bool         `json:"committed"`
	Summary      bool         `json:"summary"`
	Kind         string       `json:"kind"` // http, or tcp or tls: a connection, of which requests' fields are empty and the sizes are what passed
	Endpoint     string       `json:"endpoint"`
	Start        string       `json:"start"`
	DurationMS   float64      `json:"duration_ms"`
	WaitMS       float64      `json:"wait_ms"`
	State        string       `json:"state"`
	Method       string       `json:"method"`
	Target       string       `json:"target"`
	Host         string       `json:"host"`
	Client       string       `json:"client"`
	Status       *int         `json:"status"`
	Reason       string       `json:"reason"`
	Label        string       `json:"label"`
	RequestSize  int64        `json:"request_size"`
	ResponseSize int64        `json:"response_size"`
	Failure      *failureJSON `json:"failure"`
	ReplayOf     *inspect.ID  `json:"replay_of"`
	Edited       bool         `json:"edited"`
	Resigned     bool         `json:"resigned"`
	To           string       `json:"to"`
	Upgraded     bool         `json:"upgraded"`
	Pinned       bool         `json:"pinned"`
	Tags         []string     `json:"tags"`
	Note         string       `json:"note"`
}

// failureJSON is what went wrong, as in docs/errors.md.
type failureJSON struct {
	Code   int    `json:"code"`
	Name   string `json:"name"`
	Text   string `json:"text"`
	Remedy string `json:"remedy"`
}

func itemOf(it inspect.Item) itemJSON {
	x := it.Exchange
	out := itemJSON{
		ID: x.ID, URI: uriOf(x.ID), Seq: strconv.FormatUint(it.Seq, 10), Nth: it.Nth,
		Version: strconv.FormatUint(it.Version, 10), Run: strconv.FormatInt(it.Run, 10),
		Committed: it.Committed, Summary: it.Summary, Kind: x.Kind.String(),
		Endpoint: x.Endpoint, Start: x.Start.Format(time.RFC3339Nano), DurationMS: msOf(x.Duration), WaitMS: msOf(x.Wait),
		State: x.State.String(), Method: x.Request.Method, Target: x.Request.Target, Host: x.Request.Host,
		Label: labelOf(it), RequestSize: x.Request.Size, Failure: failureOf(x.Failure),
		Edited: x.Edited, Resigned: x.Resigned, To: x.To, Upgraded: x.Upgraded, Pinned: it.Pinned, Tags: append([]string{}, it.Tags...), Note: it.Note,
	}
	if x.Client.IsValid() {
		out.Client = x.Client.String()
	}
	if r := x.Response; r != nil {
		out.ResponseSize = r.Size
		if !x.IsConnection() {
			out.Status, out.Reason = &r.Status, r.Reason
		}
	}
	if x.ReplayOf != "" {
		out.ReplayOf = &x.ReplayOf
	}
	return out
}

// labelOf names an exchange.
func labelOf(it inspect.Item) string { return cmp.Or(it.Label, view.Label(it.Exchange)) }

// detailJSON is one exchange with its heads.
type detailJSON struct {
	itemJSON
	ConnectMS float64     `json:"connect_ms"`
	Tries     int         `json:"tries"`
	Request   headJSON    `json:"request"`
	Response  *answerJSON `json:"response"`
}

// headJSON is a recorded message but for its content.
type headJSON struct {
	StartLine string      `json:"start_line"`
	Headers   [][2]string `json:"headers"`  // in order, as they came
	Trailers  [][2]string `json:"trailers"` // likewise
	Head      []byte      `json:"head"`     // the exact bytes
	Size      int64       `json:"size"`     // of the content that passed
	Kept      int64       `json:"kept"`     // of it from its beginning
	Tail      []byte      `json:"tail"`     // the last bytes of content whose middle was not kept
	Whole     bool        `json:"whole"`    // its end has been seen
	Dropped   bool        `json:"dropped"`  // something that passed is missing
	Withheld  bool        `json:"withheld"` // the content was not recorded, since what is to be replaced in it could not be looked for
	Redacted  bool        `json:"redacted"` // values were replaced before anything was recorded
	Passed    []passed    `json:"passed"`   // of a stream: when its content passed
	BodyURL   *string     `json:"body_url"` // null: nothing is kept
}

// passed says how many bytes of content had passed before a moment, and the moment, in milliseconds since the exchange's start.
type passed [2]float64

// answerJSON is a recorded response; Made says that adit wrote it, not the local service.
type answerJSON struct {
	headJSON
	Made bool `json:"made"`
}

func detailOf(it inspect.Item) detailJSON {
	x := it.Exchange
	out := detailJSON{itemJSON: itemOf(it), ConnectMS: msOf(x.Connect), Tries: x.Tries, Request: headOf(x.ID, inspect.RequestSide, &x.Request.Message)}
	if r := x.Response; r != nil {
		out.Response = &answerJSON{headOf(x.ID, inspect.ResponseSide, &r.Message), r.Made}
	}
	return out
}

func headOf(id inspect.ID, side inspect.Side, m *inspect.Message) headJSON {
	out := headJSON{
		StartLine: view.StartLine(m.Head), Headers: pairsOf(view.Headers(m.Head)), Trailers: pairsOf(view.Trailers(m.Trailers)), Head: m.Head,
		Size: m.Size, Kept: m.Kept, Tail: m.Tail, Whole: m.Whole, Dropped: m.Dropped, Withheld: m.Withheld, Redacted: m.Redacted,
		Passed: []passed{},
	}
	for _, p := range m.Passed {
		out.Passed = append(out.Passed, passed{float64(p.Offset), msOf(p.After)})
	}
	if m.Kept > 0 {
		u := uriOf(id) + "/" + side.String() + "/body"
		out.BodyURL = &u
	}
	return out
}

func pairsOf(fields []inspect.Field) [][2]string {
	pairs := [][2]string{}
	for _, f := range fields {
		pairs = append(pairs, [2]string{f.Name, f.Value})
	}
	return pairs
}

func failureOf(f *inspect.Failure) *failureJSON {
	if f == nil {
		return nil
	}
	return &failureJSON{f.Code, f.Name, f.Text, f.Remedy}
}

func uriOf(id inspect.ID) string { return "/api/v1/exchanges/" + url.PathEscape(string(id)) }

// msOf is a duration in milliseconds.
func msOf(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
