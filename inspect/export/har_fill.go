package export

import (
	"encoding/base64"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
	"github.com/adit-tunnel/adit/inspect/view"
)

// maxHAR is how much decoded content of one side an archive holds.
const maxHAR = 16 << 20

func entryOf(it inspect.Item, request, response io.ReaderAt) harEntry {
	x := it.Exchange
	e := harEntry{
		Started:  x.Start.Format(time.RFC3339Nano),
		Time:     millis(x.Duration),
		Request:  requestOf(&x.Request, x, request),
		Response: responseOf(x, response),
		Timings:  timingsOf(x),
		Adit:     extrasOf(it),
	}
	if x.Client.IsValid() {
		e.Connection = fmt.Sprint(x.Client.Port())
	}
	if decode.IsWebSocket(x.UpgradeHead()) {
		e.Resource = "websocket"
		e.Messages, e.Comment = socketMessages(x, request, response)
	}
	if it.Summary {
		e.Comment = "only a line of this exchange was kept: exchanges came faster than the store may write them"
	}
	return e
}

// maxMessages is how many messages of a WebSocket an archive holds.
const maxMessages = 10_000

// socketMessages are the messages of a WebSocket as Chrome has them: "send" is what the client sent. Control frames are left out.
func socketMessages(x *inspect.Exchange, request, response io.ReaderAt) (out []harMessage, comment string) {
	room := maxHAR
	for m := range view.Messages(x, request, response) {
		h := harMessage{Type: "send", Time: float64(x.Start.Add(m.After).UnixMicro()) / 1e6}
		if m.Side == inspect.ResponseSide {
			h.Type = "receive"
		}
		switch m.Kind {
		case "text":
			h.Opcode, h.Data = int(decode.OpText), text(string(m.Payload))
		case "binary":
			h.Opcode, h.Data = int(decode.OpBinary), base64.StdEncoding.EncodeToString(m.Payload)
		default:
			continue
		}
		if room -= len(h.Data); room < 0 || len(out) == maxMessages {
			return out, fmt.Sprintf("only the first %d messages are here", len(out))
		}
		out = append(out, h)
	}
	return out, ""
}

func requestOf(r *inspect.Request, x *inspect.Exchange, body io.ReaderAt) harRequest {
	fs := view.Headers(r.Head)
	h := harRequest{
		Method: text(r.Method), URL: safeURL(base(x, "") + r.Target), Version: version(r.Head),
		Headers: pairs(fs), Cookies: requestCookies(fs), Query: query(r.Target), HeadersSize: headSize(&r.Message), BodySize: r.Size,
	}
	if r.Size > 0 && !x.Upgraded {
		p := view.Decoded(&r.Message, body, maxHAR)
		content, encoding := harText(p.Data)
		h.PostData = &harPostData{MimeType: text(view.Get(fs, "Content-Type")), Text: content, Encoding: encoding, Comment: missing(&r.Message, p)}
	}
	return h
}

func responseOf(x *inspect.Exchange, body io.ReaderAt) harResponse {
	h := harResponse{Version: "HTTP/1.1", Cookies: []harCookie{}, Headers: []harPair{}, HeadersSize: -1, BodySize: -1}
	if x.Failure != nil {
		h.Error = text(x.Failure.CodeText() + ": " + x.Failure.Text)
	}
	r := x.Response
	if r == nil {
		return h
	}
	fs := view.Headers(r.Head)
	h.Status, h.StatusText, h.Version = r.Status, text(r.Reason), version(r.Head)
	h.Headers, h.Cookies, h.HeadersSize, h.BodySize = pairs(fs), responseCookies(fs), headSize(&r.Message), r.Size
	h.RedirectURL = text(view.Get(fs, "Location"))
	h.Content = harContent{MimeType: text(view.Get(fs, "Content-Type")), Size: r.Size}
	if r.Size == 0 || x.Upgraded {
		return h
	}
	p := view.Decoded(&r.Message, body, maxHAR)
	h.Content.Text, h.Content.Encoding = harText(p.Data)
	if h.Content.Comment = missing(&r.Message, p); h.Content.Comment == "" {
		h.Content.Size, h.Content.Compression = int64(len(p.Data)), int64(len(p.Data))-r.Size
	}
	return h
}

// missing says what of the content is not in the archive.
func missing(m *inspect.Message, p view.Plain) string {
	switch {
	case p.Note != "":
		return p.Note
	case p.More:
		return fmt.Sprintf("only the first %d bytes, decoded, are here", len(p.Data))
	case m.Kept < m.Size:
		return fmt.Sprintf("only the first %d of %d bytes were kept", m.Kept, m.Size)
	}
	return ""
}

// harText is content as HAR holds it.
func harText(data []byte) (text, encoding string) {
	if utf8.Valid(data) {
		return string(data), ""
	}
	return base64.StdEncoding.EncodeToString(data), "base64"
}

func timingsOf(x *inspect.Exchange) harTimings {
	t := harTimings{Blocked: -1, DNS: -1, SSL: -1, Connect: -1}
	for _, p := range view.Timing(x) {
		switch p.Name {
		case "connect":
			t.Connect = millis(p.Took)
		case "send":
			t.Send = millis(p.Took)
		case "wait":
			t.Wait = millis(p.Took)
		case "transfer":
			t.Receive = millis(p.Took)
		}
	}
	return t
}

func extrasOf(it inspect.Item) harAdit {
	x := it.Exchange
	a := harAdit{
		ID: string(x.ID), Endpoint: text(x.Endpoint), Target: text(x.Request.Target), State: x.State.String(), Label: it.Label, ReplayOf: string(x.ReplayOf),
		Edited: x.Edited, Resigned: x.Resigned, To: text(x.To), Made: x.Response != nil && x.Response.Made, Tags: it.Tags, Note: it.Note,
	}
	if a.Label == "" {
		a.Label = view.Label(x)
	}
	if x.Client.IsValid() {
		a.Client = x.Client.Addr().Unmap().String()
	}
	if x.Failure != nil {
		a.Failure = x.Failure.CodeText()
	}
	return a
}
