package view

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// Bounds of protobuf that is taken apart.
const (
	maxProtoDepth = 16
	maxProtoBytes = 64 // of a field that is neither text nor a message
)

// wireType is how a field's value is encoded (protobuf.dev, "Encoding").
type wireType uint8

const (
	wireVarint wireType = 0
	wireFixed8 wireType = 1 // eight bytes
	wireBytes  wireType = 2
	wireBegin  wireType = 3 // of a group
	wireEnd    wireType = 4
	wireFixed4 wireType = 5 // four bytes
)

// protoField is one field: number, and a value as its type has it.
type protoField struct {
	number int
	wire   wireType
	value  uint64
	bytes  []byte
}

// nextField takes a field from the front of data; n is 0 when there is none that is whole.
func nextField(data []byte) (f protoField, n int) {
	tag, n := binary.Uvarint(data)
	if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return f, 0
	}
	f.number, f.wire = int(tag>>3), wireType(tag&7)
	rest, size := data[n:], 0
	switch f.wire {
	case wireVarint:
		f.value, size = binary.Uvarint(rest)
		if size <= 0 {
			return f, 0
		}
	case wireFixed8:
		if size = 8; len(rest) >= size {
			f.value = binary.LittleEndian.Uint64(rest)
		}
	case wireFixed4:
		if size = 4; len(rest) >= size {
			f.value = uint64(binary.LittleEndian.Uint32(rest))
		}
	case wireBytes:
		length, k := binary.Uvarint(rest)
		if k <= 0 || length > uint64(len(rest)-k) {
			return f, 0
		}
		f.bytes, size = rest[k:k+int(length)], k+int(length)
	case wireBegin, wireEnd:
	default:
		return f, 0
	}
	if size > len(rest) {
		return f, 0
	}
	return f, n + size
}

// isProto says that data is nothing but whole fields.
func isProto(data []byte) bool {
	groups := 0
	for len(data) > 0 {
		f, n := nextField(data)
		if n == 0 {
			return false
		}
		switch f.wire {
		case wireBegin:
			groups++
		case wireEnd:
			groups--
		}
		if data = data[n:]; groups < 0 {
			return false
		}
	}
	return groups == 0
}

// protobuf writes a message without its schema: "number: value", nested messages in braces. What a value is, is guessed: text when it reads as text, a message
// when it is nothing but whole fields, bytes otherwise. It returns false where data stops being protobuf.
func (o *opener) protobuf(data []byte, depth int) bool {
	for len(data) > 0 && !o.full() {
		f, n := nextField(data)
		if n == 0 {
			o.indentTo(depth)
			o.span(ClassError, fmt.Sprintf("%d bytes that are no field: %s", len(data), hex.EncodeToString(data[:min(len(data), maxProtoBytes)])))
			o.end()
			return false
		}
		data = data[n:]
		o.field(f, &depth)
	}
	return true
}

func (o *opener) field(f protoField, depth *int) {
	if f.wire == wireEnd {
		*depth = max(*depth-1, 0)
	}
	o.indentTo(*depth)
	if f.wire == wireEnd {
		o.span(ClassPunct, "}")
		o.end()
		return
	}
	o.span(ClassKey, strconv.Itoa(f.number))
	switch {
	case f.wire == wireBegin:
		o.span(ClassPunct, " {")
		*depth++
	case f.wire == wireBytes && len(f.bytes) > 0 && !protoText(f.bytes) && *depth < maxProtoDepth && isProto(f.bytes):
		o.span(ClassPunct, " {")
		o.end()
		o.protobuf(f.bytes, *depth+1)
		o.indentTo(*depth)
		o.span(ClassPunct, "}")
	default:
		o.span(ClassPunct, ": ")
		o.protoValue(f)
	}
	o.end()
}

func (o *opener) indentTo(depth int) { o.span(ClassPlain, indents[:2*min(depth, maxIndent)]) }

// protoValue writes a scalar; what else it could be stands behind it.
func (o *opener) protoValue(f protoField) {
	switch f.wire {
	case wireVarint:
		o.span(ClassNumber, strconv.FormatUint(f.value, 10))
		if signed := int64(f.value); signed < 0 {
			o.span(ClassComment, fmt.Sprintf("  or %d", signed))
		}
	case wireFixed4:
		o.span(ClassNumber, strconv.FormatUint(f.value, 10))
		o.span(ClassComment, fmt.Sprintf("  or %g", math.Float32frombits(uint32(f.value))))
	case wireFixed8:
		o.span(ClassNumber, strconv.FormatUint(f.value, 10))
		o.span(ClassComment, fmt.Sprintf("  or %g", math.Float64frombits(f.value)))
	default:
		if protoText(f.bytes) {
			o.span(ClassString, strconv.Quote(string(f.bytes)))
			return
		}
		o.span(ClassNumber, hex.EncodeToString(f.bytes[:min(len(f.bytes), maxProtoBytes)]))
		if len(f.bytes) > maxProtoBytes {
			o.span(ClassComment, fmt.Sprintf("…  %d bytes", len(f.bytes)))
		}
	}
}

// protoText says that bytes are a string: UTF-8 without control characters but those of text.
func protoText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
