package view

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// Value is a value of JSON that was laid out, found by the line on which it begins.
type Value struct {
	Path string // "$.data[2].id", "" when a key on the way cannot be spelled in one
	Text string // as JSON, in one line
}

// ValueAt finds what begins on a line of laid out JSON; ok is false when nothing does, or when its end is not there.
func ValueAt(lines []Line, at int) (v Value, ok bool) {
	var w jsonWalk
	for _, l := range lines[:at+1] {
		w.next(l)
	}
	if w.value == nil {
		return v, false
	}
	v.Path = w.path()
	var text strings.Builder
	text.WriteString(w.value.String())
	if w.opened {
		for depth, i := len(w.open), at+1; len(w.open) >= depth; i++ {
			if i == len(lines) {
				return v, false
			}
			w.next(lines[i])
			text.WriteString(strings.TrimLeft(lines[i].String(), " "))
		}
	}
	v.Text = strings.TrimSuffix(text.String(), ",")
	return v, true
}

// jsonWalk follows laid out JSON line by line and knows where it is.
type jsonWalk struct {
	open   []jsonLevel // the objects and arrays around
	value  Line        // what begins on the last line, without its key; nil: nothing does, something ends
	opened bool        // and it is an object or array that goes on in the next line
}

// jsonLevel is an object or array with the member or element that it is at.
type jsonLevel struct {
	array bool
	index int
	key   string
	odd   bool // the key cannot be spelled
}

func (w *jsonWalk) next(l Line) {
	w.value, w.opened = nil, false
	for len(l) > 0 && l[0].Class == ClassPlain {
		l = l[1:]
	}
	if len(l) == 0 {
		return
	}
	if l[0].Class == ClassPunct && (l[0].Text == "}" || l[0].Text == "]") {
		w.open = w.open[:max(len(w.open)-1, 0)]
		return
	}
	if len(w.open) == 0 && l[0].Class == ClassKey { // the lines begin within an object
		w.open = append(w.open, jsonLevel{index: -1})
	}
	if n := len(w.open); n > 0 {
		l = w.open[n-1].step(l)
	}
	w.value = l
	if last := l[len(l)-1]; last.Class == ClassPunct && (last.Text == "{" || last.Text == "[") {
		w.opened = true
		w.open = append(w.open, jsonLevel{array: last.Text == "[", index: -1})
	}
}

// step goes on to the next member or element, and returns the line without its key.
func (v *jsonLevel) step(l Line) Line {
	v.index++
	if v.array || l[0].Class != ClassKey || len(l) < 4 {
		return l
	}
	v.odd = json.Unmarshal([]byte(l[0].Text), &v.key) != nil // what was made safe to show may be no JSON any more
	return l[3:]
}

// key is the name of the member that the last line is, or is within at the nearest.
func (w *jsonWalk) key() string {
	for i := len(w.open) - 1; i >= 0; i-- {
		if at := len(w.open) - 1; w.opened && i == at {
			continue
		}
		if !w.open[i].array {
			return w.open[i].key
		}
	}
	return ""
}

// path leads to what begins on the last line.
func (w *jsonWalk) path() string {
	levels := w.open
	if w.opened {
		levels = levels[:len(levels)-1]
	}
	path := "$"
	for _, v := range levels {
		switch {
		case v.odd:
			return ""
		case v.array:
			path += "[" + strconv.Itoa(v.index) + "]"
		default:
			path += inspect.JSONStep(v.key)
		}
	}
	return path
}
