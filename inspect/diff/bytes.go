package diff

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// maxRead is how much of content that is not compared piece by piece is read for its hash, or to see that it is the same.
const maxRead = 256 << 20

// side is one of two messages that are compared.
type side struct {
	*inspect.Message
	body  io.ReaderAt
	plain view.Plain
}

// raw reads all that was kept, as it passed; false: it is too large, or not here.
func (s *side) raw() (io.Reader, bool) {
	if s.Kept > maxRead || s.body == nil && s.Kept > int64(len(s.Body)) {
		return nil, false
	}
	return s.Content(s.body), true
}

// sameBytes says that both contents are whole and the same, byte by byte.
func sameBytes(a, b *side) bool {
	x, ok := a.raw()
	y, too := b.raw()
	if !ok || !too || a.Kept < a.Size || b.Kept < b.Size || a.Size != b.Size || a.plain.Coding != b.plain.Coding {
		return false
	}
	p, q := make([]byte, 64<<10), make([]byte, 64<<10)
	for left := a.Size; left > 0; {
		n := int(min(left, int64(len(p))))
		if _, err := io.ReadFull(x, p[:n]); err != nil {
			return false
		}
		if _, err := io.ReadFull(y, q[:n]); err != nil || !bytes.Equal(p[:n], q[:n]) {
			return false
		}
		left -= int64(n)
	}
	return true
}

// digests compares contents by their sizes and hashes.
func digests(a, b *side) Change { return changed("sha256", a.digest(), b.digest()) }

// digest is the beginning of a content's hash, and its size: without its coding, if that is within what is compared.
func (s *side) digest() string {
	if !s.plain.More {
		sum := sha256.Sum256(s.plain.Data)
		return hexStart(sum[:]) + ", " + view.Size(int64(len(s.plain.Data)))
	}
	r, ok := s.raw()
	h := sha256.New()
	if ok {
		n, err := io.Copy(h, r)
		ok = err == nil && n == s.Size
	}
	if !ok {
		return "not known, " + view.Size(s.Size)
	}
	return hexStart(h.Sum(nil)) + ", " + view.Size(s.Size)
}

func hexStart(sum []byte) string { return hex.EncodeToString(sum[:6]) }

// bytesChange says where the bytes begin to differ.
func bytesChange(a, b *view.Plain) Change {
	at := 0
	for at < len(a.Data) && at < len(b.Data) && a.Data[at] == b.Data[at] {
		at++
	}
	about := func(p *view.Plain) []Span {
		bytes := Span{Text: fmt.Sprintf("% x", p.Data[at:min(at+16, len(p.Data))]), Marked: true}
		switch {
		case at == len(p.Data):
			return []Span{{Text: fmt.Sprintf("ends here, after %d bytes", at)}}
		case p.More: // how many there are is not known
			return []Span{bytes, {Text: " …"}}
		}
		return []Span{bytes, {Text: fmt.Sprintf(" … (%d bytes in all)", len(p.Data))}}
	}
	return Change{Kind: Changed, Where: fmt.Sprintf("byte %d", at), Old: about(a), New: about(b)}
}
