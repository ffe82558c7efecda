package view

import (
	"encoding/binary"
	"fmt"
)

// grpc lays out the messages of a gRPC call, one after the other.
func (o *opener) grpc(c *Content, data []byte) {
	c.Kind = GRPC
	for n := 1; len(data) > 0 && !o.full(); n++ {
		if len(data) < 5 {
			o.span(ClassError, fmt.Sprintf("%d bytes that are no message", len(data)))
			return
		}
		flags, size := data[0], int(binary.BigEndian.Uint32(data[1:]))
		data = data[5:]
		message := data[:min(size, len(data))]
		data = data[len(message):]
		o.grpcMessage(n, flags, message, size)
	}
}

func (o *opener) grpcMessage(n int, flags byte, message []byte, size int) {
	title := fmt.Sprintf("message %d, %s", n, Size(int64(size)))
	if flags&1 != 0 {
		title += ", compressed"
	}
	if len(message) < size {
		title += ", cut off"
	}
	o.span(ClassComment, title)
	o.end()
	switch {
	case flags&0x80 != 0: // trailers of gRPC-Web
		o.add(ClassPlain, string(message))
		o.finish()
	case flags&1 == 0:
		o.protobuf(message, 1)
	}
}
