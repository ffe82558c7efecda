package agent

import "github.com/adit-tunnel/adit/wire"

// framed is the part of a receiver's buffer that is framed and not yet written: buf.b[start:to].
type framed struct {
	start, to int
	last      int // header of the last frame
	cost      int // what the content frames take from the credit
	respEnd   int // where the RESP frame ends; 0: not in here
}

const (
	// chunkRoom is what CHUNK and a DATA header take in front of content.
	chunkRoom = wire.HeaderSize + 8 + wire.HeaderSize
	// maxCost keeps one write's content below half of the smallest window: more might wait for credit that never comes.
	maxCost = wire.FirstLimit / 2
	// blockCost is that of the frame that a whole block makes.
	blockCost = wire.MaxData + wire.FrameCost
	// moveMax is how much content is moved to close the gap that a chunk's framing has left; more goes out in a write of its own.
	moveMax = 4 << 10
)

// startHead frames RESP at start. Its head lies further right in the same buffer.
func (r *receiver) startHead(f *wire.Resp, start int) {
	r.start, r.last = start, start
	r.to = len(f.Append(r.buf.b[:start], 0))
	r.respEnd = r.to
}

// data frames content buf.b[from:to]; it records it first.
func (r *receiver) data(from, to int) error {
	r.x.tap.ResponseBody(r.buf.b[from:to])
	for from < to {
		n := min(to-from, wire.MaxData)
		if err := r.dataFrame(from, from+n); err != nil {
			return err
		}
		from += n
	}
	return nil
}

func (r *receiver) dataFrame(from, to int) error {
	n := to - from
	if err := r.reserve(from, wire.HeaderSize, n+wire.FrameCost); err != nil {
		return err
	}
	if r.to == r.start {
		r.start, r.to = from-wire.HeaderSize, from-wire.HeaderSize
	}
	if gap := from - wire.HeaderSize - r.to; gap > 0 {
		if n > moveMax {
			if err := r.flush(); err != nil {
				return err
			}
			r.start, r.to = from-wire.HeaderSize, from-wire.HeaderSize
		} else {
			copy(r.buf.b[r.to+wire.HeaderSize:], r.buf.b[from:to])
		}
	}
	wire.PutHeader(r.buf.b[r.to:], wire.Data, 0, n)
	r.last = r.to
	r.to += wire.HeaderSize + n
	r.cost += n + wire.FrameCost
	return nil
}

// chunkFrame frames the size of a chunk that is larger than a DATA frame or not all here; its content begins at from.
func (r *receiver) chunkFrame(from int, size uint64) error {
	if err := r.reserve(from, chunkRoom, 8+wire.FrameCost); err != nil {
		return err
	}
	if r.to == r.start {
		r.start, r.to = from-chunkRoom, from-chunkRoom
	}
	r.last = r.to
	r.to = len(wire.AppendChunk(r.buf.b[:r.to], size))
	r.cost += 8 + wire.FrameCost
	return nil
}

// reserve writes what is framed if what comes next, of that size and in front of from, does not fit behind it or costs too much with it.
func (r *receiver) reserve(from, size, cost int) error {
	if r.to > r.start && (r.to+size > from || r.cost+cost > maxCost) {
		return r.flush()
	}
	return nil
}

// flush writes what is framed.
func (r *receiver) flush() error {
	if r.to == r.start {
		return nil
	}
	o := r.outgoing()
	return r.l.put(o, o.cost == 0 || r.l.link.TryCredit(o.cost))
}

// outgoing takes what is framed.
func (r *receiver) outgoing() outgoing {
	o := outgoing{p: r.buf.b[r.start:r.to], last: r.last - r.start, cost: r.cost}
	if r.respEnd > r.start {
		o.head = r.respEnd - r.start
	}
	r.framed = framed{}
	return o
}

// end writes what is framed and ends the response with it: END goes on its last frame, or on an empty DATA where RESP may not have it.
func (r *receiver) end() (kept bool, err error) {
	none := r.frame.Body == wire.BodyNone || r.frame.Body == wire.BodyLength && r.frame.Length == 0
	if r.to == r.start || r.respEnd == r.to && !none {
		if r.to == r.start {
			r.start, r.to = room, room
		}
		r.last = r.to
		wire.PutHeader(r.buf.b[r.to:], wire.Data, 0, 0)
		r.to += wire.HeaderSize
		r.cost += wire.FrameCost
	}
	r.x.tap.ResponseEnd(nil)
	return r.l.finish(r.c, r.x, r.reuse, true, r.outgoing())
}

// endTrailers ends the response with trailers.
func (r *receiver) endTrailers(lines []byte) (kept bool, err error) {
	if err := r.flush(); err != nil {
		return false, err
	}
	p := wire.AppendHeader(make([]byte, 0, wire.HeaderSize+len(lines)), wire.Trailers, 0, len(lines))
	r.x.tap.ResponseEnd(lines)
	return r.l.finish(r.c, r.x, r.reuse, true, outgoing{p: append(p, lines...), cost: len(lines) + wire.FrameCost})
}
