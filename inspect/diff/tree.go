package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"
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
}

// treeOf reads JSON; ok is false when it is not valid, or beyond the bounds.
func treeOf(data []byte) (root node, ok bool) {
	r := treeReader{Decoder: json.NewDecoder(bytes.NewReader(data))}
	r.UseNumber()
	root, ok = r.value(0)
	return root, ok && !r.More()
}

type treeReader struct {
	*json.Decoder
	nodes int
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
	n.hash = maphash.String(seed, string(rune(n.bracket))+n.scalar)
	for i := range n.kids {
		kid := &n.kids[i]
		if n.bracket == '{' {
			n.hash += maphash.Comparable(seed, [2]uint64{maphash.String(seed, kid.key), kid.hash})
		} else {
			n.hash = maphash.Comparable(seed, [2]uint64{n.hash, kid.hash})
		}
	}
	return true
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

// step is a key as a path has it: plainly, or in brackets when it would not be one word.
func step(key string) string {
	if key != "" && len(key) <= maxKey && strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`."[]()*'`, r) }) < 0 {
		return "." + key
	}
	if len(key) > maxKey {
		key = key[:boundary(key, maxKey)] + "…"
	}
	return "[" + strconv.Quote(key) + "]"
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
