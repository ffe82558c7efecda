package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect/view"
)

// Bounds of JSON that is compared path by path: what is deeper or larger is compared as text.
const (
	maxDepth = 64
	maxNodes = 50_000
	maxKey   = 64 // bytes of a key that are shown in a path
)

// node is a JSON value.
type node struct {
	key     string // within an object; a key that comes again has its number behind it
	scalar  string // as JSON spells it; numbers as they came
	bracket byte   // '{' or '[', 0 for a scalar
	kids    []node
	hash    uint64 // equal for equal values, whatever the order of keys
	firm    uint64 // hash without what rules leave out
}

// treeOf reads JSON; ok is false when it is not valid, or beyond the bounds.
func treeOf(data []byte) (root node, ok bool) {
	r := treeReader{Decoder: json.NewDecoder(bytes.NewReader(data)), data: data}
	r.UseNumber()
	root, ok = r.value(0)
	return root, ok && !r.More()
}

type treeReader struct {
	*json.Decoder
	data  []byte
	nodes int
}

// Token is the decoder's, but for strings that it has put U+FFFD in: half of a surrogate pair is another one than others, so that those are as they came.
func (r *treeReader) Token() (json.Token, error) {
	from := r.InputOffset()
	t, err := r.Decoder.Token()
	if s, ok := t.(string); ok && strings.ContainsRune(s, utf8.RuneError) {
		raw := bytes.TrimLeft(r.data[from:r.InputOffset()], " \t\r\n:,")
		t = string(raw[1 : len(raw)-1])
	}
	return t, err
}

func (r *treeReader) value(depth int) (n node, ok bool) {
	t, err := r.Token()
	if r.nodes++; err != nil || depth > maxDepth || r.nodes > maxNodes {
		return n, false
	}
	if d, isDelim := t.(json.Delim); isDelim {
		n.bracket = byte(d)
		return n, r.kids(&n, depth) && n.seal()
	}
	n.scalar = spell(t)
	return n, n.seal()
}

// kids reads what is in an object or array, up to its end.
func (r *treeReader) kids(n *node, depth int) bool {
	seen := map[string]int{}
	for r.More() {
		key := ""
		if n.bracket == '{' {
			t, err := r.Token()
			if err != nil {
				return false
			}
			key, _ = t.(string)
			if seen[key]++; seen[key] > 1 {
				key = fmt.Sprintf("%s (%d)", key, seen[key])
			}
		}
		kid, ok := r.value(depth + 1)
		if !ok {
			return false
		}
		kid.key = key
		n.kids = append(n.kids, kid)
	}
	_, err := r.Token()
	return err == nil
}

var seed = maphash.MakeSeed()

// seal gives a node its hash: the members of an object add up, the elements of an array count by their place.
func (n *node) seal() bool {
	n.hash = n.mixed(func(kid *node) uint64 { return kid.hash })
	return true
}

// mixed is the hash of a node with those of what is within.
func (n *node) mixed(of func(kid *node) uint64) uint64 {
	h := maphash.String(seed, string(rune(n.bracket))+n.scalar)
	for i := range n.kids {
		kid := &n.kids[i]
		if n.bracket == '{' {
			h += maphash.Comparable(seed, [2]uint64{maphash.String(seed, kid.key), of(kid)})
		} else {
			h = maphash.Comparable(seed, [2]uint64{h, of(kid)})
		}
	}
	return h
}

// String is the value in one line, as much of it as is shown.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	if n.bracket == 0 {
		b.WriteString(n.scalar)
		return
	}
	b.WriteByte(n.bracket)
	for i := range n.kids {
		if b.Len() > maxValue {
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if n.bracket == '{' {
			b.WriteString(strconv.Quote(n.kids[i].key) + ": ")
		}
		n.kids[i].write(b)
	}
	b.WriteByte(n.bracket + 2) // the closing bracket in ASCII
}

// member is a key as a path has it: plainly, or in brackets when it would not be one word. It is safe to show.
func member(key string) string {
	key = shownKey(key)
	plain := strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || unicode.IsSpace(r) || strings.ContainsRune(`."[]()*'`, r) }) < 0
	if key != "" && plain && view.Sanitize(key) == key {
		return "." + key
	}
	quoted := strconv.Quote(key)
	if view.Sanitize(quoted) != quoted {
		quoted = strconv.QuoteToASCII(key)
	}
	return "[" + quoted + "]"
}

// shownKey is a key as a path names it.
func shownKey(key string) string {
	if len(key) <= maxKey {
		return key
	}
	return key[:boundary(key, maxKey)] + "…"
}

// spell is a scalar as JSON spells it.
func spell(t json.Token) string {
	switch v := t.(type) {
	case string:
		return strconv.Quote(v)
	case json.Number:
		return v.String()
	case nil:
		return "null"
	}
	return fmt.Sprint(t)
}
