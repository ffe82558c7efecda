package edge

import (
	"github.com/adit-tunnel/adit/wire"
)

// logLine is the access log's line of a connection.
func (c *carried) logLine(code wire.Code) []byte {
	now := c.s.now()
	b := now.UTC().AppendFormat([]byte("time="), "2006-01-02T15:04:05.000Z")
	id := c.q.ID
	if id == ([16]byte{}) {
		id = newID(c.start)
	}
	b = appendID(append(b, " id="...), id)
	b = c.way.peer.AppendTo(append(b, " client="...))
	name := ""
	_ = wire.EachExt(c.way.ext, func(typ uint8, v []byte) {
		if typ == wire.ExtSNI {
			name = string(v)
		}
	})
	b = append(append(b, " kind="...), protocols[c.way.kind]...)
	b = appendInt(append(b, " port="...), int64(c.way.port))
	b = appendWord(append(b, " host="...), []byte(name))
	b = appendInt(append(b, " received="...), c.got.Load())
	b = appendInt(append(b, " bytes="...), c.sent)
	b = appendMillis(append(b, " duration="...), now.Sub(c.start))
	endpoint := ""
	if c.way.ep != nil {
		endpoint = c.way.ep.Name
	}
	b = appendWord(append(b, " endpoint="...), []byte(endpoint))
	b = append(b, " code="...)
	if code == wire.CodeNone {
		b = append(b, '-')
	} else {
		b = append(b, code.Info().Name...)
	}
	return append(b, '\n')
}
