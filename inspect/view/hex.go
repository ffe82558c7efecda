package view

import (
	"encoding/hex"
	"fmt"
)

// maxDump is how much of content is dumped: 64 KiB are 4,096 lines.
const maxDump = 64 << 10

// dump writes data as hex, sixteen bytes a line, the way hexdump -C does.
func (o *opener) dump(c *Content, data []byte) {
	if c.Kind == Empty {
		c.Kind = Binary
	}
	if len(data) > maxDump {
		c.say(fmt.Sprintf("the first %s of %s", Size(maxDump), Size(int64(len(data)))))
		data = data[:maxDump]
	}
	for at := 0; at < len(data) && !o.full(); at += HexRow {
		for _, s := range HexLine(data[at:min(at+HexRow, len(data))], int64(at)) {
			o.span(s.Class, s.Text)
		}
		o.end()
	}
}

// HexRow is how many bytes a line of a hex dump shows.
const HexRow = 16

// HexLine is a line of a hex dump: up to HexRow bytes, the first of which stands at that offset of all.
func HexLine(row []byte, at int64) Line {
	text := hex.Dump(row[:min(len(row), HexRow)]) // eight digits for the offset, bytes, characters and a line end
	if text == "" {
		return nil
	}
	return Line{{ClassOffset, fmt.Sprintf("%08x", at)}, {ClassNumber, text[8:58]}, {ClassString, text[58 : len(text)-1]}}
}
