package diff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of JSON that is compared path by path: what is deeper or larger is compared as text.
const (
	maxDepth  = 64
	maxLeaves = 20_000
	maxPaths  = 4 << 20 // bytes of all paths: a long key is in the path of all that is below it
)

// leaf is a scalar, or an empty object or array, with the path to it.
type leaf struct{ path, value string }

// leaves takes JSON apart, in order; ok is false when it is not valid, or beyond the bounds.
func leaves(data []byte) (all []leaf, ok bool) {
	w := walker{Decoder: json.NewDecoder(bytes.NewReader(data)), seen: map[string]int{}}
	w.UseNumber()
	if !w.value("$", 0) || w.More() {
		return nil, false
	}
	return w.all, true
}

type walker struct {
	*json.Decoder
	all  []leaf
	seen map[string]int // how often a path has been there: keys may repeat
	size int            // bytes of all paths
}

// value takes the next value and all in it.
func (w *walker) value(path string, depth int) bool {
	t, err := w.Token()
	if w.size += len(path); err != nil || depth > maxDepth || len(w.all) >= maxLeaves || w.size > maxPaths {
		return false
	}
	switch t {
	case json.Delim('{'):
		return w.members(path, depth, "{}", func(int) (string, bool) {
			key, err := w.Token()
			name, isKey := key.(string)
			return path + step(name), err == nil && isKey
		})
	case json.Delim('['):
		return w.members(path, depth, "[]", func(i int) (string, bool) { return path + "[" + strconv.Itoa(i) + "]", true })
	}
	w.add(path, scalar(t))
	return true
}

// members takes what is in an object or array, up to its end. next is the path of the next one.
func (w *walker) members(path string, depth int, empty string, next func(i int) (string, bool)) bool {
	i := 0
	for ; w.More(); i++ {
		if at, ok := next(i); !ok || !w.value(at, depth+1) {
			return false
		}
	}
	if i == 0 {
		w.add(path, empty)
	}
	_, err := w.Token()
	return err == nil
}

func (w *walker) add(path, value string) {
	if n := w.seen[path]; n > 0 {
		w.seen[path]++
		path = fmt.Sprintf("%s (%d)", path, n+1)
	} else {
		w.seen[path] = 1
	}
	w.all = append(w.all, leaf{path, value})
}

// step is a key as a path has it: plainly, or in brackets when it would not be one word.
func step(key string) string {
	if key != "" && strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`."[]()*'`, r) }) < 0 {
		return "." + key
	}
	return "[" + strconv.Quote(key) + "]"
}

// scalar is a value as JSON spells it; numbers as they came.
func scalar(t json.Token) string {
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

// paths compares leaf by leaf. Changes come in the newer one's order; what was removed stands where it was.
func paths(older, newer []leaf) (changes []Change) {
	at := map[string]int{}
	for i, l := range older {
		at[l.path] = i
	}
	there := map[string]bool{}
	for _, l := range newer {
		there[l.path] = true
	}
	next := 0
	gone := func(until int) {
		for ; next < until; next++ {
			if l := older[next]; !there[l.path] {
				changes = append(changes, removed(l.path, l.value))
			}
		}
	}
	for _, l := range newer {
		i, known := at[l.path]
		if !known {
			changes = append(changes, added(l.path, l.value))
			continue
		}
		gone(i)
		if older[i].value != l.value {
			changes = append(changes, changed(l.path, older[i].value, l.value))
		}
	}
	gone(len(older))
	return changes
}
