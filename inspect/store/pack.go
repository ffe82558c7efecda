package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"

	"github.com/adit-tunnel/adit/inspect"
)

// A pack is a waiting place. In a flood exchanges come faster than rows can be written, each of which has a dozen indexes; so the lines of those that have ended
// are written many together, as one blob, for a thirtieth of the time. What is in a pack is on the disk, but nobody finds it there: when there is time, its
// exchanges become rows as others are (see unpack.go), and the pack goes.
const (
	packRows = 512     // exchanges in a pack at most
	packFull = 1 << 20 // bytes after which it takes no more
	packText = 1 << 18 // bytes of texts in an exchange that a pack takes
)

// pack is one that is being filled. Each exchange is numbers, as what they have grown since the one before where they grow, and of its texts those that are
// not the same as in the one before.
type pack struct {
	last uint64 // the highest Seq
	n    int
	raw  []byte

	seq, nth, start int64
	texts           [packTexts]string
}

const (
	packTexts = 7  // how many texts an exchange has
	packKind  = 16 // its kind stands above the bits of its flags
)

// packable says that a pack takes an exchange that has ended. Those in it have no marks, went where their endpoint leads, and their texts are not huge.
func packable(it *inspect.Item) bool {
	x := it.Exchange
	size := len(x.ID) + len(x.Endpoint) + len(x.Request.Method) + len(x.Request.Host) + len(x.Request.Target) + len(x.ReplayOf)
	if x.Response != nil {
		size += len(x.Response.Reason)
	}
	return size < packText && x.To == "" && !it.Pinned && len(it.Tags) == 0 && it.Note == ""
}

// full says that another one is to be begun.
func (p *pack) full() bool { return p.n >= packRows || len(p.raw) >= packFull }

// add puts in the line of an exchange, all of the same run.
func (p *pack) add(it *inspect.Item) {
	x := it.Exchange
	if p.n == 0 {
		p.raw = binary.AppendVarint(p.raw, it.Run)
	}
	p.last = max(p.last, it.Seq)
	p.n++
	var status, size int64
	var reason string
	if r := x.Response; r != nil {
		status, size, reason = int64(r.Status), r.Size, r.Reason
	}
	seq, nth, start := int64(it.Seq), int64(it.Nth), x.Start.UnixNano()
	for _, v := range [...]int64{
		seq - p.seq, nth - p.nth, start - p.start, int64(x.State), exchangeFlags(it) | int64(x.Kind)<<packKind, status, int64(x.Duration), int64(x.Wait), int64(x.Connect), int64(x.Tries),
		x.Request.Size, size,
	} {
		p.raw = binary.AppendVarint(p.raw, v)
	}
	p.seq, p.nth, p.start = seq, nth, start
	p.addTexts([packTexts]string{x.Endpoint, x.Request.Method, x.Request.Host, x.Request.Target, string(x.ReplayOf), reason, failureText(x.Failure)})
	p.addID(x.ID)
	var room [32]byte
	client, _ := x.Client.AppendBinary(room[:0]) // it never fails
	p.raw = append(binary.AppendUvarint(p.raw, uint64(len(client))), client...)
}

// addTexts says which texts differ from those before, and puts in those.
func (p *pack) addTexts(texts [packTexts]string) {
	at := len(p.raw)
	p.raw = append(p.raw, 0)
	for i, text := range texts {
		if text != p.texts[i] {
			p.raw[at] |= 1 << i
			p.raw = append(binary.AppendUvarint(p.raw, uint64(len(text))), text...)
		}
	}
	p.texts = texts
}

// addID puts in a UUID as its bytes, behind 0, and another ID as it is, behind its length.
func (p *pack) addID(id inspect.ID) {
	if b, ok := uuidBytes(id); ok {
		p.raw = append(append(p.raw, 0), b[:]...)
		return
	}
	p.raw = append(binary.AppendUvarint(p.raw, uint64(len(id))), id...)
}

// uuidBytes reads a UUID in its usual spelling.
func uuidBytes(id inspect.ID) (b [16]byte, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[13] != '-' || id[18] != '-' || id[23] != '-' {
		return b, false
	}
	digits := make([]byte, 0, 32)
	for _, part := range [...]inspect.ID{id[:8], id[9:13], id[14:18], id[19:23], id[24:]} {
		digits = append(digits, part...)
	}
	if _, err := hex.Decode(b[:], digits); err != nil || bytes.ContainsAny(digits, "ABCDEF") {
		return b, false
	}
	return b, true
}

// row is what insertPack wants.
func (p *pack) row(owner int64) []any {
	return []any{int64(p.last), owner, p.n, p.raw}
}

// toPack puts an exchange into the pack.
func (t *transaction) toPack(u *unwritten) error {
	if err := t.begin(); err != nil {
		return err
	}
	if t.pack.full() {
		if err := t.closePack(); err != nil {
			return err
		}
	}
	u.Summary, u.packed, u.kept = !u.IsConnection(), true, -1
	t.pack.add(&u.Item)
	t.packed++
	return nil
}

// closePack writes the pack, if there is something in it, and begins another.
func (t *transaction) closePack() error {
	p := &t.pack
	if p.n == 0 {
		return nil
	}
	_, err := t.w.insert.pack.Exec(p.row(t.w.s.o.Run)...)
	*p = pack{raw: p.raw[:0]}
	return err
}
