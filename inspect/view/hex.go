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
	for at := 0; at < len(data) && !o.full(); at += 16 {
		row := hex.Dump(data[at:min(at+16, len(data))])
		o.add(ClassOffset, fmt.Sprintf("%08x", at))
		o.add(ClassNumber, row[8:58])
		o.add(ClassString, row[58:])
	}
}
