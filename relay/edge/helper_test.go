package edge

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/adit-tunnel/adit/wire"
)

func itoa(n int) string { return strconv.Itoa(n) }
func hex(n int) string  { return strconv.FormatInt(int64(n), 16) }

// upload0 is upload, or nothing for a request without content.
func (x *fakeExchange) upload0() ([]string, string) {
	if x.req.Body == wire.BodyNone || x.req.Body == wire.BodyLength && x.req.Length == 0 {
		return nil, ""
	}
	return x.upload()
}

// borders reads an upload and returns its length and those of its chunks.
func (x *fakeExchange) borders() (sum int, chunks []int) {
	open := 0
	for {
		f, ok := x.recv()
		if !ok {
			return -1, chunks
		}
		switch f.typ {
		case wire.Chunk:
			open = int(binary.BigEndian.Uint64(f.payload))
			chunks = append(chunks, open)
		case wire.Data:
			n := len(f.payload)
			if open == 0 && n > 0 {
				chunks = append(chunks, n)
			} else {
				open -= n
			}
			sum += n
		}
		if f.end {
			return sum, chunks
		}
	}
}

// content reads n bytes of an upload that need not be at its end.
func (x *fakeExchange) content(n int) string {
	var b bytes.Buffer
	for b.Len() < n {
		f, ok := x.recv()
		if !ok {
			return b.String()
		}
		if f.typ == wire.Data {
			b.Write(f.payload)
		}
	}
	return b.String()
}
