// Package export writes a recorded exchange in the languages of other programs: as a command for curl or HTTPie, as JavaScript's fetch, as the bytes of an
// HTTP message, as HAR.
//
//	command, err := export.Curl(it.Exchange, body, "")           // body from Reader.Body, or nil: what is in memory
//	err := export.Raw(w, &it.Request.Message, body)
//	har := export.NewHAR(w, version); err := har.Add(it, request, response); err = har.Close()
//
// What was recorded was written by strangers: a command may hold anything of theirs, but as data only, quoted for its language.
package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// maxCommand is how much content a command may hold: beyond it nobody wants to paste it.
const maxCommand = 1 << 20

// PartialError says that a request was not kept whole, so that no command can send it again.
type PartialError struct{ Kept, Size int64 }

// Error says how much there is.
func (e *PartialError) Error() string {
	if e.Kept == e.Size {
		return "the request was not recorded to its end, so it cannot be sent again"
	}
	return fmt.Sprintf("only %s of %s of the request's content were kept, so it cannot be sent again", view.Size(e.Kept), view.Size(e.Size))
}

// LargeError says that content is too large for a command.
type LargeError struct{ Size int64 }

// Error says what to do instead.
func (e *LargeError) Error() string {
	return fmt.Sprintf("content of %s is too large for a command (%s at most): save it to a file, or replay the request", view.Size(e.Size), view.Size(maxCommand))
}

// MethodError says that a program cannot be told a method.
type MethodError struct{ Method string }

// Error says so, and what to use instead.
func (e *MethodError) Error() string {
	return fmt.Sprintf("HTTPie knows methods of letters only, not %q: take curl", view.Sanitize(e.Method))
}

// content is the whole content of a request for a command. What followed an upgrade is no content.
func content(x *inspect.Exchange, body io.ReaderAt) ([]byte, error) {
	m := &x.Request.Message
	if err := x.NeedRequest(); err != nil {
		return nil, err
	}
	if x.Upgraded && len(m.Head) > 0 {
		return nil, nil
	}
	if !m.Complete() {
		return nil, &PartialError{Kept: m.Kept, Size: m.Size}
	}
	if m.Kept > maxCommand {
		return nil, &LargeError{Size: m.Kept}
	}
	b, err := io.ReadAll(m.Content(body))
	if err != nil {
		return nil, fmt.Errorf("reading the content that was kept: %w", err)
	}
	if int64(len(b)) < m.Kept {
		return nil, fmt.Errorf("%w: the content of the request", inspect.ErrNotFound)
	}
	return b, nil
}

// base is where a command sends the request: the URL given, or the one that the request says it was sent to.
func base(x *inspect.Exchange, to string) string {
	if to != "" {
		return strings.TrimRight(to, "/")
	}
	scheme := "http"
	if strings.EqualFold(view.Get(view.Headers(x.Request.Head), "X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	return scheme + "://" + x.Request.Host
}

// URL is the URL that a request was sent to, as it says itself.
func URL(x *inspect.Exchange) string { return base(x, "") + x.Request.Target }
