package terminal

import (
	"bytes"
	"os"
)

const (
	// backgroundQuestion asks the terminal for the colour of its background (OSC 11); its answer comes among the keys, or never.
	backgroundQuestion = "\x1b]11;?\x1b\\"
	backgroundAnswer   = "\x1b]11;"
	answerLimit        = 64 // bytes of an answer; what is longer is none
)

// Keyboard is the terminal's input without its answer to the question for its background: that would pass for keys, among them r, which
// sends requests.
type Keyboard struct {
	*os.File
	answers chan<- string // has room for one; nil: nothing was asked, or it has been answered

	within bool   // the end of the answer has not come
	answer []byte // as far as it has
}

// Read implements io.Reader. What it returns may be nothing, without an error.
func (k *Keyboard) Read(p []byte) (int, error) {
	n, err := k.File.Read(p)
	if k.answers == nil {
		return n, err
	}
	return k.sift(p[:n]), err
}

// sift takes the answer out of p, and returns how many bytes are left.
func (k *Keyboard) sift(p []byte) int {
	keys := p[:0]
	for len(p) > 0 {
		switch {
		case k.answers != nil && !k.within && bytes.HasPrefix(p, []byte(backgroundAnswer)):
			k.within, p = true, p[len(backgroundAnswer):]
		case k.within:
			p = k.take(p)
		default:
			keys, p = append(keys, p[0]), p[1:]
		}
	}
	return len(keys)
}

// take takes a byte of the answer, or its end: BEL, or ESC and a backslash.
func (k *Keyboard) take(p []byte) (rest []byte) {
	end := p[0] == '\a' || p[0] == '\\' && bytes.HasSuffix(k.answer, []byte("\x1b"))
	if !end {
		k.answer = append(k.answer, p[0])
	}
	if end || len(k.answer) > answerLimit {
		k.answers <- string(bytes.TrimSuffix(k.answer, []byte("\x1b")))
		k.within, k.answers = false, nil
	}
	return p[1:]
}
