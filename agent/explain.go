package agent

import (
	"cmp"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// problem is why a local service gave no answer that can be passed on; detail names its address and what exactly went wrong, mend what to change where more is
// known than the code knows.
type problem struct {
	code         wire.Code
	detail, mend string
}

// failure is p as it is recorded.
func (p *problem) failure() *inspect.Failure {
	f := failure(p.code, p.detail)
	f.Remedy = cmp.Or(p.mend, f.Remedy)
	return f
}

// explain says what is wrong with the local service of ep: why it gave no answer, or none that can be passed on.
func explain(err error, ep *endpoint) *problem {
	p := &problem{code: localCode(err), detail: err.Error()}
	var (
		op   *net.OpError
		hand handshakeError
	)
	switch {
	case errors.As(err, &hand):
		p.detail, p.mend = ep.up.tlsTrouble(hand.error)
	case told(err) != "":
		p.detail, p.mend = ep.up.tlsTrouble(err) // TLS 1.3 refuses a client when that believes to be through
	case errors.Is(err, errSpeaksTLS) && ep.up.kind == "http":
		p.mend = sentence(ep.up.as("https"))
	case errors.Is(err, errOnlyHTTP2):
		p.mend = ep.up.option("Add --upstream-protocol http2.")
	case errors.Is(err, errNoHTTP2):
		p.mend = "Leave --upstream-protocol http2 out, if it is a web service at all."
	case errors.As(err, &op) && op.Err != nil:
		p.detail = op.Err.Error() // without the addresses of both ends, of which one is known and the other tells nothing
	}
	if p.code == wire.CodeLocalReset && ep.up.kind == "http" && !ep.health.spoke.Load() { // many TLS servers close without a word
		p.mend = "If the local service speaks TLS, " + ep.up.as("https") + "; if not, look at its log for a crash."
	}
	p.detail = ep.up.addr + ": " + p.detail
	return p
}

// What a service speaks instead of HTTP/1.1, or of HTTP/2 where that is asked for.
var (
	errSpeaksTLS = errors.New("it speaks TLS")
	errNoHTTP2   = errors.New("it does not speak HTTP/2")
	errOnlyHTTP2 = errors.New("it speaks HTTP/2, and not HTTP/1.1")
)

// localCode maps what went wrong before there was a response.
func localCode(err error) wire.Code {
	var (
		name *net.DNSError
		bad  *http1.Error
		op   *net.OpError
		hand handshakeError
	)
	dialing := errors.As(err, &op) && op.Op == "dial"
	switch {
	case noFiles(err):
		return wire.CodeAgentBusy
	case errors.As(err, &hand), told(err) != "":
		return wire.CodeLocalTLS
	case errors.As(err, &bad):
		if bad == http1.ErrStatusLine || bad == http1.ErrStatus || bad == http1.ErrVersion {
			return wire.CodeLocalNotHTTP
		}
		return wire.CodeLocalBadHead
	case errors.Is(err, errSpeaksTLS), errors.Is(err, errNoHTTP2), errors.Is(err, errOnlyHTTP2):
		return wire.CodeLocalNotHTTP
	case errors.Is(err, errInfos):
		return wire.CodeLocalBadHead
	case errors.As(err, &name) && !name.IsTimeout:
		return wire.CodeLocalName
	case dialing && (op.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ETIMEDOUT)):
		return wire.CodeLocalTimeout
	case dialing:
		return wire.CodeLocalRefused
	}
	return wire.CodeLocalReset
}
