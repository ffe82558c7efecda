package wire

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// Sizes of fixed parts. Every exchange frame but DATA, CHUNK and TRAILERS begins with its u32 seq.
const (
	seqSize   = 4
	openSize  = 8
	failSize  = 8
	abortSize = 6
	chunkSize = 8
)

var be = binary.BigEndian

// OpenFrame is the first frame of a data stream: what it carries and for which endpoint.
//
//	0 u8 kind · 1 u8 0 · 2 u16 ext length · 4 u32 endpoint handle · 8 ext
//
// Each of the structs here has Append, which writes the whole frame, and Decode, which reads a payload and keeps slices of it. Reserved bytes are
// written as 0 and ignored when read.
type OpenFrame struct {
	Kind   Kind
	Handle uint32
	Ext    []byte
}

// Append writes the frame to dst.
func (o *OpenFrame) Append(dst []byte) []byte {
	dst = AppendHeader(dst, Open, 0, openSize+len(o.Ext))
	dst = append(dst, byte(o.Kind), 0)
	dst = be.AppendUint16(dst, uint16(len(o.Ext)))
	dst = be.AppendUint32(dst, o.Handle)
	return append(dst, o.Ext...)
}

// Decode reads a payload; an unknown kind is not an error here, the agent answers it.
func (o *OpenFrame) Decode(p []byte) error {
	if len(p) < openSize {
		return short(Open, p)
	}
	*o = OpenFrame{Kind: Kind(p[0]), Handle: be.Uint32(p[4:])}
	var err error
	var rest []byte
	o.Ext, rest, err = cutExt(p[openSize:], be.Uint16(p[2:]))
	if err == nil && len(rest) > 0 {
		err = protocolError(CodeFrameSize, "OPEN goes on behind its ext")
	}
	return err
}

// Req begins an exchange. For tcp, tls and probe there is no head.
//
//	0 u32 seq · 4 u8 flags · 5 u8 public version · 6 u8 body · 7 u8 hops between relays · 8 u64 length · 16 exchange id · 32 u64 start, µs since 1970 ·
//	40 u64 public connection id · 48 client address, IPv4 mapped · 64 u16 client port · 66 u16 server port · 68 u16 ext length · 70 u16 0 · 72 ext, head
type Req struct {
	Seq        uint32 // counts the exchanges of a stream from 1
	Flags      uint8  // ReqTLS …
	Version    uint8  // 0x10, 0x11, 0x20, 0x30; 0 for tcp, tls
	Body       Body   // not BodyTunnel
	Hops       uint8
	Length     uint64   // with BodyLength; else 0
	ID         [16]byte // UUIDv7
	Start      time.Time
	Conn       uint64         // public connection id
	Client     netip.AddrPort // the zero value: not known
	ServerPort uint16
	Ext        []byte // ≤ MaxExt
	Head       []byte // ≤ MaxHead
}

// Append writes the frame to dst; f is End or nothing.
func (q *Req) Append(dst []byte, f Flags) []byte {
	dst = AppendHeader(dst, ReqType, f, ReqSize+len(q.Ext)+len(q.Head))
	dst = be.AppendUint32(dst, q.Seq)
	dst = append(dst, q.Flags, q.Version, byte(q.Body), q.Hops)
	dst = be.AppendUint64(dst, wireLength(q.Body, q.Length))
	dst = append(dst, q.ID[:]...)
	dst = be.AppendUint64(dst, microTime(q.Start))
	dst = be.AppendUint64(dst, q.Conn)
	dst = appendAddrPort(dst, q.Client)
	dst = be.AppendUint16(dst, q.ServerPort)
	dst = be.AppendUint16(dst, uint16(len(q.Ext)))
	dst = append(dst, 0, 0)
	dst = append(dst, q.Ext...)
	return append(dst, q.Head...)
}

// Decode reads a payload.
func (q *Req) Decode(p []byte) error {
	if len(p) < ReqSize {
		return short(ReqType, p)
	}
	*q = Req{
		Seq: be.Uint32(p), Flags: p[4], Version: p[5], Body: Body(p[6]), Hops: p[7],
		ID: [16]byte(p[16:32]), Start: timeOf(be.Uint64(p[32:])), Conn: be.Uint64(p[40:]),
		Client: addrPortOf(p[48:66]), ServerPort: be.Uint16(p[66:]),
	}
	q.Length = wireLength(q.Body, be.Uint64(p[8:]))
	if q.Body > BodyUntil {
		return protocolError(CodeBadFraming, "REQ with body %d", q.Body)
	}
	var err error
	q.Ext, q.Head, err = cutExt(p[ReqSize:], be.Uint16(p[68:]))
	return err
}

// Info is an interim answer, any 1xx but 101.
//
//	0 u32 seq · 4 head
type Info struct {
	Seq  uint32
	Head []byte // ≤ MaxInfo
}

// Append writes the frame to dst.
func (i *Info) Append(dst []byte) []byte {
	dst = AppendHeader(dst, InfoType, 0, seqSize+len(i.Head))
	dst = be.AppendUint32(dst, i.Seq)
	return append(dst, i.Head...)
}

// Decode reads a payload.
func (i *Info) Decode(p []byte) error {
	if len(p) < seqSize {
		return short(InfoType, p)
	}
	*i = Info{Seq: be.Uint32(p), Head: p[seqSize:]}
	return nil
}

// Resp begins the answer. Times that do not fit are written as the largest that does.
//
//	0 u32 seq · 4 u8 flags · 5 u8 body · 6 u16 ext length · 8 u64 length · 16 u32 ms held · 20 u32 µs to connect · 24 u32 µs from the last byte sent to the
//	head · 28 u16 tries · 30 u16 0 · 32 ext, head
type Resp struct {
	Seq     uint32
	Flags   uint8 // RespMade …
	Body    Body
	Length  uint64        // with BodyLength; else 0
	Held    time.Duration // kept back until the local service answered again; whole ms
	Connect time.Duration // time to connect to the local service; whole µs
	Wait    time.Duration // last byte sent to head; whole µs
	Tries   uint16
	Ext     []byte // ≤ MaxExt
	Head    []byte // ≤ MaxHead
}

// Append writes the frame to dst; f is End, End|Taken or nothing.
func (a *Resp) Append(dst []byte, f Flags) []byte {
	dst = AppendHeader(dst, RespType, f, RespSize+len(a.Ext)+len(a.Head))
	dst = be.AppendUint32(dst, a.Seq)
	dst = append(dst, a.Flags, byte(a.Body))
	dst = be.AppendUint16(dst, uint16(len(a.Ext)))
	dst = be.AppendUint64(dst, wireLength(a.Body, a.Length))
	dst = be.AppendUint32(dst, saturate(a.Held, time.Millisecond))
	dst = be.AppendUint32(dst, saturate(a.Connect, time.Microsecond))
	dst = be.AppendUint32(dst, saturate(a.Wait, time.Microsecond))
	dst = be.AppendUint16(dst, a.Tries)
	dst = append(dst, 0, 0)
	dst = append(dst, a.Ext...)
	return append(dst, a.Head...)
}

// Decode reads a payload.
func (a *Resp) Decode(p []byte) error {
	if len(p) < RespSize {
		return short(RespType, p)
	}
	*a = Resp{
		Seq: be.Uint32(p), Flags: p[4], Body: Body(p[5]),
		Held:    time.Duration(be.Uint32(p[16:])) * time.Millisecond,
		Connect: time.Duration(be.Uint32(p[20:])) * time.Microsecond,
		Wait:    time.Duration(be.Uint32(p[24:])) * time.Microsecond,
		Tries:   be.Uint16(p[28:]),
	}
	a.Length = wireLength(a.Body, be.Uint64(p[8:]))
	if a.Body > BodyTunnel {
		return protocolError(CodeBadFraming, "RESP with body %d", a.Body)
	}
	var err error
	a.Ext, a.Head, err = cutExt(p[RespSize:], be.Uint16(p[6:]))
	return err
}

// Fail stands instead of RESP: the local service gave no answer.
//
//	0 u32 seq · 4 u16 code · 6 u8 flags (01 UNDELIVERED) · 7 u8 0 · 8 text
type Fail struct {
	Seq         uint32
	Code        Code
	Undelivered bool   // the local service got nothing of the request
	Text        string // UTF-8; cut to MaxText when written
}

const failUndelivered = 0x01

// Append writes the frame to dst, always with END; taken as for every END of the agent.
func (f *Fail) Append(dst []byte, taken bool) []byte {
	text := cutText(f.Text)
	dst = AppendHeader(dst, FailType, endFlags(taken), failSize+len(text))
	dst = be.AppendUint32(dst, f.Seq)
	dst = be.AppendUint16(dst, uint16(f.Code))
	var flags byte
	if f.Undelivered {
		flags = failUndelivered
	}
	dst = append(dst, flags, 0)
	return append(dst, text...)
}

// Decode reads a payload; the text is copied, and what is not UTF-8 in it replaced.
func (f *Fail) Decode(p []byte) error {
	if len(p) < failSize {
		return short(FailType, p)
	}
	*f = Fail{
		Seq: be.Uint32(p), Code: Code(be.Uint16(p[4:])), Undelivered: p[6]&failUndelivered != 0,
		Text: strings.ToValidUTF8(string(p[failSize:]), "\ufffd"),
	}
	return nil
}

// AbortFrame ends an answer that is not whole.
//
//	0 u32 seq · 4 u16 code
type AbortFrame struct {
	Seq  uint32
	Code Code
}

// Append writes the frame to dst, always with END.
func (a *AbortFrame) Append(dst []byte) []byte {
	dst = AppendHeader(dst, Abort, End, abortSize)
	dst = be.AppendUint32(dst, a.Seq)
	return be.AppendUint16(dst, uint16(a.Code))
}

// Decode reads a payload.
func (a *AbortFrame) Decode(p []byte) error {
	if len(p) < abortSize {
		return short(Abort, p)
	}
	*a = AbortFrame{Seq: be.Uint32(p), Code: Code(be.Uint16(p[4:]))}
	return nil
}

// AppendReady writes a READY frame: the local connection of a tcp or tls stream stands. Its payload is the u32 seq.
func AppendReady(dst []byte, seq uint32) []byte {
	return be.AppendUint32(AppendHeader(dst, Ready, 0, seqSize), seq)
}

// DecodeReady reads a READY payload.
func DecodeReady(p []byte) (seq uint32, err error) {
	if len(p) < seqSize {
		return 0, short(Ready, p)
	}
	return be.Uint32(p), nil
}

// AppendChunk writes a CHUNK frame: the next size bytes of DATA, at least 1, are one chunk.
func AppendChunk(dst []byte, size uint64) []byte {
	return be.AppendUint64(AppendHeader(dst, Chunk, 0, chunkSize), size)
}

// DecodeChunk reads a CHUNK payload; size 0 is a protocol error.
func DecodeChunk(p []byte) (uint64, error) {
	if len(p) != chunkSize {
		return 0, short(Chunk, p)
	}
	size := be.Uint64(p)
	if size == 0 {
		return 0, protocolError(CodeBadFraming, "CHUNK of size 0")
	}
	return size, nil
}

func short(t Type, p []byte) error { return protocolError(CodeFrameSize, "%s of %d bytes", t, len(p)) }

func endFlags(taken bool) Flags {
	if taken {
		return End | Taken
	}
	return End
}

// cutExt parts what stands behind a fixed part into ext and the rest, and holds both against their caps.
func cutExt(p []byte, n uint16) (ext, rest []byte, err error) {
	if int(n) > len(p) {
		return nil, nil, protocolError(CodeFrameSize, "ext of %d bytes in %d", n, len(p))
	}
	ext, rest = p[:n:n], p[n:]
	if len(rest) > MaxHead {
		return nil, nil, protocolError(CodeFrameSize, "a head of %d bytes", len(rest))
	}
	return ext, rest, EachExt(ext, nil)
}

// cutText shortens a text to MaxText without cutting a character.
func cutText(s string) string {
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
