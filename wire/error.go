package wire

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrStopped is returned to a writer when STOP came for its exchange: the agent wants no more of this request's content.
	ErrStopped = errors.New("the agent wants no more of this request")
	// ErrReset is returned when RESET came for the stream: nothing more is read from it or written to it.
	ErrReset = errors.New("the stream was reset")
	// ErrAborted is content that ended before it was whole: END before the length or inside a chunk.
	ErrAborted = errors.New("the content ended before it was whole")
	// ErrClosed is returned by a stream or leg that this side closed.
	ErrClosed = errors.New("closed")
	// ErrLinkLost is wrapped by what streams and legs return once the connection under them is dead. smux tells a dead session like a clean
	// end of every stream; this is how the two are told apart.
	ErrLinkLost = errors.New("the link is lost")
)

// ProtocolError is something the other side must not send: its code (5xxx, or CodeTooManyStreams) and what was wrong. On a data stream the exchange
// is over, on the control stream the leg.
type ProtocolError struct {
	Code Code
	Text string
}

// Error gives the code, its name and the detail.
func (e *ProtocolError) Error() string { return e.Code.String() + ": " + e.Text }

func protocolError(c Code, format string, args ...any) *ProtocolError {
	return &ProtocolError{Code: c, Text: cutText(fmt.Sprintf(format, args...))}
}

// FatalError is what a Fatal message or the answer to a preface said, and what a certificate that is not trusted amounts to. Whether trying again can
// help is the code's to say (Code.Info().Fatal).
type FatalError struct {
	Code Code
	Text string        // "" where the code's own text says it all
	Wait time.Duration // how long to wait before the next try; 0: not said
}

// Error gives the code, its name, and the detail or else the code's own text.
func (e *FatalError) Error() string {
	if e.Text == "" {
		return e.Code.String() + ": " + e.Code.Info().Text
	}
	return e.Code.String() + ": " + e.Text
}

// message is the error as it goes over the wire; seconds are rounded up, so that nobody comes too early.
func (e *FatalError) message() *Fatal {
	return &Fatal{Code: e.Code, Text: e.Text, Wait: int(waitSeconds(e.Wait))}
}

func (f *Fatal) err() *FatalError {
	return &FatalError{Code: f.Code, Text: cutText(f.Text), Wait: time.Duration(min(max(f.Wait, 0), maxWait)) * time.Second}
}

// maxWait bounds what the other side can make us wait: a day.
const maxWait = 24 * 60 * 60

func waitSeconds(d time.Duration) uint32 {
	s := (d + time.Second - 1) / time.Second
	return uint32(min(max(s, 0), maxWait))
}
