package export

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// HAR writes exchanges as an HTTP archive (HAR 1.2), one after the other: it holds one at a time. Content is decoded, as the format wants it; what is not
// text is base64. Messages of WebSockets are there as Chrome has them (_webSocketMessages); what only adit knows is in _adit.
type HAR struct {
	w       io.Writer
	version string
	n       int   // entries written
	left    int   // connections that were not
	err     error // the first one: nothing is written after it
}

// NewHAR begins an archive; nothing is written before the first Add or Close. version is the program's.
func NewHAR(w io.Writer, version string) *HAR { return &HAR{w: w, version: version} }

// Add writes an exchange. request and response read the Kept bytes of each side (inspect.Reader.Body); nil: what is in memory is all there is. Of content
// an archive holds the first 16 MiB of each side; what is missing is told in a comment. A connection is none of HTTP's: the error is an
// *inspect.ConnectionError, and Close says how many were left out.
func (h *HAR) Add(it inspect.Item, request, response io.ReaderAt) error {
	if h.err != nil {
		return h.err
	}
	if err := it.NeedRequest(); err != nil {
		h.left++
		return err
	}
	entry, err := json.Marshal(entryOf(it, request, response))
	if err != nil {
		return fmt.Errorf("exchange %s: %w", it.ID, err)
	}
	if h.n == 0 {
		h.begin()
	} else {
		h.write([]byte(",\n"))
	}
	h.n++
	h.write(entry)
	return h.err
}

// Left is how many connections were left out.
func (h *HAR) Left() int { return h.left }

// Close ends the archive; it does not close the writer. Without it the archive is no JSON.
func (h *HAR) Close() error {
	if h.n == 0 {
		h.begin()
	}
	comment := ""
	if h.left > 0 {
		comment = `,"comment":"left out: ` + view.Connections(h.left) + `, of which adit keeps no bytes"`
	}
	h.write([]byte("\n]" + comment + "}}\n"))
	return h.err
}

func (h *HAR) begin() {
	creator, err := json.Marshal(harCreator{Name: "adit", Version: h.version})
	if err != nil {
		h.err = err
		return
	}
	h.write(fmt.Appendf(nil, `{"log":{"version":"1.2","creator":%s,"entries":[`+"\n", creator))
}

func (h *HAR) write(b []byte) {
	if h.err == nil {
		_, h.err = h.w.Write(b)
	}
}
