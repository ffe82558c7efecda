package view

import (
	"bytes"
	"fmt"

	"github.com/adit-tunnel/adit/inspect/decode"
)

// isGRPC says that content is frames of protobuf, rather than of another encoding or of text in base64.
func isGRPC(media string) bool {
	switch media {
	case "application/grpc", "application/grpc+proto", "application/grpc-web", "application/grpc-web+proto":
		return true
	}
	return false
}

// grpc lays out the messages of a gRPC call, one after the other. coding is its Grpc-Encoding.
func (o *opener) grpc(c *Content, coding string, data []byte) {
	c.Kind = GRPC
	n := 0
	for m := range decode.GRPC(coding, bytes.NewReader(data)) {
		if n++; o.full() {
			return
		}
		title := fmt.Sprintf("message %d, %s", n, Size(m.Size))
		if m.Trailers {
			title = "trailers"
		}
		if m.Err != nil {
			title += ": " + m.Err.Error()
		}
		o.span(ClassComment, title)
		o.end()
		switch {
		case m.Trailers:
			o.add(ClassPlain, string(m.Payload))
			o.finish()
		case !m.Compressed || m.Err == nil:
			o.protobuf(m.Payload, 1)
		}
	}
}
