package wire

import "time"

// The preface never changes, so that any two versions can tell each other which they speak.
//
//	→ 0 "adit" NUL CR LF SUB · 8 u16 lowest version spoken · 10 u16 highest · 12 u32 flags (0)
//	← 0 u16 version chosen, or 0 · 2 u16 code · 4 u32 seconds to wait (0: none)
const (
	magic       = "adit\x00\r\n\x1a"
	prefaceSize = 16
	answerSize  = 8
)

func appendPreface(dst []byte, lowest, highest uint16) []byte {
	dst = append(dst, magic...)
	dst = be.AppendUint16(dst, lowest)
	dst = be.AppendUint16(dst, highest)
	return append(dst, 0, 0, 0, 0)
}

// readPreface tells the version to speak. A *FatalError is to be answered; a *ProtocolError comes from a stranger, who gets no answer.
func readPreface(p [prefaceSize]byte) (version uint16, err error) {
	if string(p[:len(magic)]) != magic {
		return 0, protocolError(CodeProtocol, "the connection does not begin with the preface")
	}
	lowest, highest := be.Uint16(p[8:]), be.Uint16(p[10:])
	if lowest > Version || highest < Version {
		return 0, &FatalError{Code: CodeVersion}
	}
	return Version, nil
}

func appendAnswer(dst []byte, version uint16, code Code, wait time.Duration) []byte {
	dst = be.AppendUint16(dst, version)
	dst = be.AppendUint16(dst, uint16(code))
	return be.AppendUint32(dst, waitSeconds(wait))
}

// readAnswer returns nil when the version chosen is ours.
func readAnswer(p [answerSize]byte) error {
	switch version, code := be.Uint16(p[:]), Code(be.Uint16(p[2:])); {
	case version == Version:
		return nil
	case version == 0 && code != CodeNone:
		return (&Fatal{Code: code, Wait: int(min(be.Uint32(p[4:]), maxWait))}).err()
	default:
		return protocolError(CodeProtocol, "the preface was answered with version %d, code %d", version, code)
	}
}
