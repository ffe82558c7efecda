package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// eventWriter writes server-sent events. The server's time limits are for requests that end; here each piece has its own.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration // for the reader to take what was added
	buf     bytes.Buffer
}

func (s *Server) newEventWriter(w http.ResponseWriter) *eventWriter {
	return &eventWriter{w: w, control: http.NewResponseController(w), limit: s.limits.take}
}

// begin says how soon to come again after a break.
func (e *eventWriter) begin() bool {
	e.buf.WriteString("retry: 1000\n\n")
	return e.flush()
}

func (e *eventWriter) comment() bool {
	e.buf.WriteString(":\n\n")
	return e.flush()
}

// event adds one. JSON has no line ends of its own.
func (e *eventWriter) event(name, id string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		return
	}
	e.buf.WriteString("event: " + name + "\n")
	if id != "" {
		e.buf.WriteString("id: " + id + "\n")
	}
	e.buf.WriteString("data: ")
	e.buf.Write(b)
	e.buf.WriteString("\n\n")
}

// flush sends what was added; false: the reader has gone, or takes nothing.
func (e *eventWriter) flush() bool {
	_ = e.control.SetWriteDeadline(time.Now().Add(e.limit))
	_, err := e.w.Write(e.buf.Bytes())
	e.buf.Reset()
	return err == nil && e.control.Flush() == nil
}
