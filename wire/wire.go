// Package wire is what agent and relay say to each other: preface and authentication, control messages, the frames on
// streams, credit, error codes. It is the only door to smux. docs/protocol.md describes it byte by byte; testdata/wire holds
// vectors that every implementation must read and write alike.
//
// A connection becomes a Leg: the agent's side with Dial-ed connections through ClientHandshake and NewAgentLeg, the relay's with
// ServerHandshake and NewRelayLeg. The relay opens streams (Leg.Open), the agent accepts them (Leg.Accept). A stream carries
// one exchange after another as frames.
package wire

// ALPN names the protocol in TLS, so that agents and browsers may share a port.
const ALPN = "adit/1"

// Version is the protocol version spoken here.
const Version = 1

// Limits that both sides hold.
const (
	MaxMessage  = 64 << 10 // a MSG frame's JSON
	MaxData     = 32764    // content of one DATA frame: with its header one smux frame
	MaxHead     = 64 << 10 // a head on the wire
	MaxExt      = 4 << 10
	MaxInfo     = 16 << 10 // an INFO frame's head
	MaxInfos    = 32       // INFO frames of one exchange
	MaxTrailers = 16 << 10
	MaxText     = 1 << 10 // a FAIL frame's text
	MaxStreams  = 2048    // streams of one leg
	MaxHandles  = 10_000  // that one session may use up: relays remember each, because none may come back
	FirstLimit  = 73728   // credit at an exchange's start
	FrameCost   = 64      // what a content frame costs beside its payload
	HeaderSize  = 4
	ReqSize     = 72 // REQ before ext and head
	RespSize    = 32 // RESP before ext and head
)

// Kind is what a stream carries; OPEN says it.
type Kind uint8

// KindUDP is reserved. A KindProbe is answered by the agent itself: it is never logged, counted, or sent to the local service.
const (
	KindHTTP  Kind = 0
	KindTCP   Kind = 1
	KindTLS   Kind = 2
	KindUDP   Kind = 3
	KindProbe Kind = 4
)

// Type is a frame's type.
type Type uint8

const (
	Open     Type = 0x01
	ReqType  Type = 0x02
	InfoType Type = 0x03
	RespType Type = 0x04
	FailType Type = 0x05
	Data     Type = 0x06
	Chunk    Type = 0x07
	Trailers Type = 0x08
	Abort    Type = 0x09
	Ready    Type = 0x0a
	Msg      Type = 0x10
	Ping     Type = 0x11
	Pong     Type = 0x12
	Reset    Type = 0x13
	Stop     Type = 0x14
	Credit   Type = 0x15
)

// Flags are the upper three bits of a frame's first byte.
type Flags uint8

const (
	End   Flags = 0x80 // this direction of the exchange ends with this frame
	Taken Flags = 0x40 // with End, from the agent: the request's END has been read and all before it written or dropped
	Skip  Flags = 0x20 // a receiver that does not know the type may skip the frame
)

// Frame is one frame as read. Payload is valid until the next read from the stream.
type Frame struct {
	Type    Type
	Flags   Flags
	Payload []byte
}

// Body says how a message's content is framed; on the wire it decides, not the head.
type Body uint8

const (
	BodyNone   Body = 0
	BodyLength Body = 1
	BodyUntil  Body = 2 // until END
	BodyTunnel Body = 3 // RESP to an upgrade
)

// REQ flags.
const (
	ReqTLS     = 0x01
	ReqHead    = 0x02
	ReqExpect  = 0x04
	ReqUpgrade = 0x08
)

// RESP flags.
const (
	RespMade   = 0x01 // by the agent, not by the local service
	RespEdited = 0x02
	RespHeld   = 0x04
	RespPin    = 0x08 // the local connection now belongs to this visitor
)
