package wire

// Control frames other than MSG. They name streams by their smux id, and exchanges by seq.
const (
	pingSize   = 8
	resetSize  = 10
	stopSize   = 8
	creditSize = 16
)

// signal is the payload of RESET, STOP and CREDIT:
//
//	RESET  0 u32 stream · 4 u32 seq · 8 u16 code
//	STOP   0 u32 stream · 4 u32 seq
//	CREDIT 0 u32 stream · 4 u32 seq · 8 u64 limit
type signal struct {
	stream, seq uint32
	code        Code
	limit       uint64
}

func appendReset(dst []byte, s signal) []byte {
	dst = be.AppendUint32(AppendHeader(dst, Reset, 0, resetSize), s.stream)
	return be.AppendUint16(be.AppendUint32(dst, s.seq), uint16(s.code))
}

func appendStop(dst []byte, s signal) []byte {
	dst = be.AppendUint32(AppendHeader(dst, Stop, 0, stopSize), s.stream)
	return be.AppendUint32(dst, s.seq)
}

func appendCredit(dst []byte, s signal) []byte {
	dst = be.AppendUint32(AppendHeader(dst, Credit, 0, creditSize), s.stream)
	return be.AppendUint64(be.AppendUint32(dst, s.seq), s.limit)
}

func appendPing(dst []byte, t Type, payload [pingSize]byte) []byte {
	return append(AppendHeader(dst, t, 0, pingSize), payload[:]...)
}

// decodeSignal reads a payload whose size the header's check has held.
func decodeSignal(t Type, p []byte) signal {
	s := signal{stream: be.Uint32(p), seq: be.Uint32(p[4:])}
	switch t {
	case Reset:
		s.code = Code(be.Uint16(p[8:]))
	case Credit:
		s.limit = be.Uint64(p[8:])
	}
	return s
}
