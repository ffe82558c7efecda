package export

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/adit-tunnel/adit/inspect"
)

// Entry writes an exchange as one line of JSON: the object that stands for it in a HAR. request and response are as with HAR.Add.
func Entry(w io.Writer, it inspect.Item, request, response io.ReaderAt) error {
	if err := it.NeedRequest(); err != nil {
		return err
	}
	return line(w, it, entryOf(it, request, response))
}

// fixture is an exchange as a test reads it: no times, no numbers of its own, nothing about adit.
type fixture struct {
	Name     string          `json:"name"`
	Request  fixtureRequest  `json:"request"`
	Response *fixtureMessage `json:"response"` // null: none came
}

type fixtureRequest struct {
	Method string `json:"method"`
	Target string `json:"target"`
	fixtureMessage
}

type fixtureMessage struct {
	Status   int         `json:"status,omitempty"`
	Headers  [][2]string `json:"headers"` // in order, as they came
	Body     string      `json:"body"`    // decoded
	Encoding string      `json:"body_encoding,omitempty"`
	Comment  string      `json:"comment,omitempty"` // what is missing
}

// Fixture writes an exchange as one line of JSON for tests: method, target, headers in their order and decoded content of the request, and status, headers
// and content of the response. Content that is not text is base64 (body_encoding). request and response are as with HAR.Add.
func Fixture(w io.Writer, it inspect.Item, request, response io.ReaderAt) error {
	x := it.Exchange
	if err := x.NeedRequest(); err != nil {
		return err
	}
	asked := requestOf(&x.Request, x, request)
	f := fixture{Name: extrasOf(it).Label, Request: fixtureRequest{Method: asked.Method, Target: text(x.Request.Target)}}
	if f.Name == "" {
		f.Name = f.Request.Method + " " + f.Request.Target
	}
	f.Request.Headers = twos(asked.Headers)
	if p := asked.PostData; p != nil {
		f.Request.Body, f.Request.Encoding, f.Request.Comment = p.Text, p.Encoding, p.Comment
	}
	if x.Response != nil {
		answer := responseOf(x, response)
		f.Response = &fixtureMessage{
			Status: answer.Status, Headers: twos(answer.Headers), Body: answer.Content.Text, Encoding: answer.Content.Encoding, Comment: answer.Content.Comment,
		}
	}
	return line(w, it, f)
}

func twos(pairs []harPair) [][2]string {
	all := [][2]string{}
	for _, p := range pairs {
		all = append(all, [2]string{p.Name, p.Value})
	}
	return all
}

func line(w io.Writer, it inspect.Item, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("exchange %s: %w", it.ID, err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
