package store

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

var errPack = errors.New("a pack of exchanges is damaged")

// unpacked returns the exchanges in the data of a pack, in the order in which they were added.
func unpacked(data []byte) (items []inspect.Item, err error) {
	r := packReader{raw: data}
	r.run = r.number()
	for len(r.raw) > 0 && !r.failed && len(items) < packRows {
		items = append(items, r.item())
	}
	if r.failed || len(r.raw) > 0 || len(items) == 0 {
		return nil, errPack
	}
	return items, nil
}

// packReader takes what a pack has put in, one after the other. When something is not there it has failed, and what it gives means nothing.
type packReader struct {
	raw    []byte
	failed bool

	run, seq, nth, start int64
	texts                [packTexts]string
}

// number reads what binary.AppendVarint has written.
func (r *packReader) number() int64 {
	v := r.length()
	return int64(v>>1) ^ -int64(v&1)
}

// length reads what binary.AppendUvarint has written.
func (r *packReader) length() uint64 {
	v, n := binary.Uvarint(r.raw)
	if n <= 0 {
		r.failed, r.raw = true, nil
		return 0
	}
	r.raw = r.raw[n:]
	return v
}

func (r *packReader) bytes(n uint64) []byte {
	if n > uint64(len(r.raw)) {
		r.failed, r.raw = true, nil
		return nil
	}
	b := r.raw[:n]
	r.raw = r.raw[n:]
	return b
}

// item reads an exchange.
func (r *packReader) item() inspect.Item {
	x, res := &inspect.Exchange{}, &inspect.Response{}
	r.seq, r.nth, r.start = r.seq+r.number(), r.nth+r.number(), r.start+r.number()
	state, flags := r.number(), r.number()
	x.Start, x.State, res.Status = time.Unix(0, r.start), inspect.State(state), int(r.number())
	x.Duration, x.Wait, x.Connect = time.Duration(r.number()), time.Duration(r.number()), time.Duration(r.number())
	x.Tries, x.Request.Size, res.Size = int(r.number()), r.number(), r.number()
	r.readTexts()
	x.Endpoint, x.Request.Method, x.Request.Host, x.Request.Target = r.texts[0], r.texts[1], r.texts[2], r.texts[3]
	x.ReplayOf, res.Reason = inspect.ID(r.texts[4]), r.texts[5]
	if text := r.texts[6]; text != "" {
		x.Failure = &inspect.Failure{}
		r.failed = r.failed || json.Unmarshal([]byte(text), x.Failure) != nil
	}
	x.ID = r.id()
	r.failed = r.failed || x.Client.UnmarshalBinary(r.bytes(r.length())) != nil
	r.failed = r.failed || state < int64(inspect.Done) || state > int64(inspect.Interrupted) || r.seq <= 0 || r.nth < 0
	x.Edited, x.Resigned, x.Upgraded, res.Made = flags&flagEdited != 0, flags&flagResigned != 0, flags&flagUpgraded != 0, flags&flagMade != 0
	kind := flags >> packKind
	x.Kind, r.failed = inspect.Kind(kind), r.failed || kind < 0 || kind > int64(inspect.TLS)
	x.Request.Dropped, res.Dropped = !x.IsConnection(), !x.IsConnection()
	if flags&flagAnswered != 0 {
		x.Response = res
	}
	return inspect.Item{Seq: uint64(r.seq), Nth: uint64(r.nth), Run: r.run, Committed: true, Summary: !x.IsConnection(), Exchange: x}
}

// readTexts reads which texts differ from those before, and those.
func (r *packReader) readTexts() {
	for i, mask := 0, r.bytes(1); i < packTexts && !r.failed; i++ {
		if mask[0]&(1<<i) != 0 {
			r.texts[i] = string(r.bytes(r.length()))
		}
	}
}

func (r *packReader) id() inspect.ID {
	n := r.length()
	if n == 0 {
		if b := r.bytes(16); b != nil {
			return uuidText(b)
		}
	}
	return inspect.ID(r.bytes(n))
}

func uuidText(b []byte) inspect.ID {
	text := hex.EncodeToString(b)
	return inspect.ID(text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:])
}
