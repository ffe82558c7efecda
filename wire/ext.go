package wire

import "encoding/binary"

// Numbers of the ext list of REQ. They are never used again for something else; unknown ones are skipped.
const (
	ExtServerAddr   = 1 // 16 bytes: the address the visitor connected to, IPv4 mapped
	ExtSNI          = 2 // the server name of the visitor's TLS hello
	ExtALPN         = 3 // the protocol that TLS agreed on, such as "http/1.1"
	ExtTLSVersion   = 4 // u16, as in TLS: 0303, 0304
	ExtTLSSuite     = 5 // u16, as in TLS
	ExtTraceContext = 6 // the value of a traceparent field (W3C Trace Context)
)

const extHeader = 3 // u8 type, u16 length

// AppendExt appends one item to an ext list. The list as a whole must stay within MaxExt, which the frame's Append checks; v within 64 KiB.
func AppendExt(dst []byte, typ uint8, v []byte) []byte {
	dst = append(dst, typ)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(v)))
	return append(dst, v...)
}

// EachExt calls f for each item of an ext list, in order. A list that is cut short or longer than MaxExt is a *ProtocolError; the lists of decoded
// frames have been checked already.
func EachExt(ext []byte, f func(typ uint8, v []byte)) error {
	if len(ext) > MaxExt {
		return protocolError(CodeFrameSize, "ext of %d bytes", len(ext))
	}
	for len(ext) > 0 {
		if len(ext) < extHeader {
			return protocolError(CodeFrameSize, "ext ends inside an item")
		}
		n := int(binary.BigEndian.Uint16(ext[1:]))
		if len(ext)-extHeader < n {
			return protocolError(CodeFrameSize, "ext ends inside an item")
		}
		if f != nil {
			f(ext[0], ext[extHeader:extHeader+n])
		}
		ext = ext[extHeader+n:]
	}
	return nil
}
