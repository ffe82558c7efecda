package agent

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/wire"
)

// problem is why a local service gave no answer that can be passed on; detail names its address and what exactly went wrong.
type problem struct {
	code   wire.Code
	detail string
}

// explain says what is wrong with the local service of ep: why it gave no answer, or none that can be passed on.
func explain(err error, ep *endpoint) *problem {
	detail := err.Error()
	var (
		op   *net.OpError
		hand handshakeError
	)
	plain := "http"
	if ep.up.kind == "tls" {
		plain = "tcp"
	}
	switch {
	case errors.As(err, &hand):
		detail = tlsTrouble(hand.error, plain)
	case told(err) != "":
		detail = tlsTrouble(err, plain) // TLS 1.3 refuses a client when that believes to be through
	case errors.As(err, &op) && op.Err != nil:
		detail = op.Err.Error() // without the addresses of both ends, of which one is known and the other tells nothing
	}
	code := localCode(err)
	if code == wire.CodeLocalReset && ep.up.kind == "http" && errors.Is(err, io.ErrUnexpectedEOF) {
		detail += "; if it speaks TLS, give the upstream as https://" // many TLS servers close without a word
	}
	return &problem{code, ep.up.addr + ": " + detail}
}

// What a service speaks instead of HTTP/1.1, or of HTTP/2 where that is asked for.
var (
	errSpeaksTLS = errors.New("it speaks TLS: give the upstream as https://")
	errNoHTTP2   = errors.New("it does not speak HTTP/2: leave --upstream-protocol http2 out, if it is a web service at all")
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
	case errors.Is(err, errSpeaksTLS), errors.Is(err, errNoHTTP2):
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
