package wire

import "encoding/binary"

// A frame's header is one big-endian u32: flags in bits 31…29, type in bits 28…24, the payload's length in bits 23…0.
const (
	maxLength = 1<<24 - 1
	typeMask  = 0x1f
)

// AppendHeader appends the header of a frame whose payload will be n bytes. It panics if n does not fit into 24 bits, which no frame's cap allows.
func AppendHeader(dst []byte, t Type, f Flags, n int) []byte {
	return binary.BigEndian.AppendUint32(dst, packHeader(t, f, n))
}

// PutHeader writes the header into b[:HeaderSize], the room left in front of content, so that content is not copied to be framed.
func PutHeader(b []byte, t Type, f Flags, n int) {
	binary.BigEndian.PutUint32(b, packHeader(t, f, n))
}

func packHeader(t Type, f Flags, n int) uint32 {
	if n < 0 || n > maxLength {
		panic("wire: a frame's length does not fit into 24 bits")
	}
	return uint32(f|Flags(t)&typeMask)<<24 | uint32(n)
}

// header is an unpacked frame header.
type header struct {
	t Type
	f Flags
	n int
}

func unpackHeader(b []byte) header {
	v := binary.BigEndian.Uint32(b)
	return header{t: Type(v >> 24 & typeMask), f: Flags(v>>24) &^ typeMask, n: int(v & maxLength)}
}

// side is who sends a frame.
type side uint8

const (
	fromRelay side = 1 << iota
	fromAgent
	fromBoth = fromRelay | fromAgent
)

func (s side) String() string {
	return map[side]string{fromRelay: "the relay", fromAgent: "the agent", fromBoth: "both"}[s]
}

// rule is a row of the table of frames: what a header of this type may look like, so that it is refused before its payload is read.
type rule struct {
	name     string
	min, max int // payload
	from     side
	control  bool  // on the control stream; else on data streams
	may      Flags // END and TAKEN where they may stand; SKIP may always
	must     Flags
}

var rules = [typeMask + 1]rule{
	Open:     {name: "OPEN", min: openSize, max: openSize + MaxExt, from: fromRelay},
	ReqType:  {name: "REQ", min: ReqSize, max: ReqSize + MaxExt + MaxHead, from: fromRelay, may: End},
	InfoType: {name: "INFO", min: seqSize, max: seqSize + MaxInfo, from: fromAgent},
	RespType: {name: "RESP", min: RespSize, max: RespSize + MaxExt + MaxHead, from: fromAgent, may: End | Taken},
	FailType: {name: "FAIL", min: failSize, max: failSize + MaxText, from: fromAgent, may: End | Taken, must: End},
	Data:     {name: "DATA", max: MaxData, from: fromBoth, may: End | Taken},
	Chunk:    {name: "CHUNK", min: chunkSize, max: chunkSize, from: fromBoth},
	Trailers: {name: "TRAILERS", max: MaxTrailers, from: fromBoth, may: End | Taken, must: End},
	Abort:    {name: "ABORT", min: abortSize, max: abortSize, from: fromAgent, may: End | Taken, must: End},
	Ready:    {name: "READY", min: seqSize, max: seqSize, from: fromAgent},
	Msg:      {name: "MSG", max: MaxMessage, from: fromBoth, control: true},
	Ping:     {name: "PING", min: pingSize, max: pingSize, from: fromBoth, control: true},
	Pong:     {name: "PONG", min: pingSize, max: pingSize, from: fromBoth, control: true},
	Reset:    {name: "RESET", min: resetSize, max: resetSize, from: fromBoth, control: true},
	Stop:     {name: "STOP", min: stopSize, max: stopSize, from: fromAgent, control: true},
	Credit:   {name: "CREDIT", min: creditSize, max: creditSize, from: fromBoth, control: true},
}

// String is the type's name in the documents, such as "REQ".
func (t Type) String() string {
	if n := rules[t&typeMask].name; n != "" {
		return n
	}
	return "unknown"
}

// check holds a header against its type's row. skip: the type is unknown, but the frame may be skipped.
func (h header) check(from side, control bool) (skip bool, err error) {
	r := &rules[h.t&typeMask]
	switch {
	case r.name == "" && h.f&Skip != 0:
		return true, nil
	case r.name == "":
		return false, protocolError(CodeUnknownFrame, "a frame of type %02x", uint8(h.t))
	case r.from&from == 0 || r.control != control:
		return false, protocolError(CodeFrameOrder, "%s from %s does not belong here", r.name, from)
	case h.n < r.min || h.n > r.max:
		return false, protocolError(CodeFrameSize, "%s of %d bytes", r.name, h.n)
	case h.f&^(r.may|Skip) != 0 || h.f&r.must != r.must:
		return false, protocolError(CodeFrameOrder, "%s with flags %02x", r.name, uint8(h.f))
	case h.f&Taken != 0 && (h.f&End == 0 || from != fromAgent):
		return false, protocolError(CodeFrameOrder, "%s with TAKEN", r.name)
	}
	return false, nil
}
