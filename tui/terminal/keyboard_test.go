package terminal

import (
	"strings"
	"testing"
)

// FuzzKeyboard: the terminal's answer, in however many pieces it comes, is taken out of the keys; everything else is left.
func FuzzKeyboard(f *testing.F) {
	f.Add("jk", "rgb:ffff/ffff/ffff", "q", 3)
	f.Add("", "", "\x1b]11;", 0)
	f.Fuzz(func(t *testing.T, before, answer, after string, cut int) {
		if strings.Contains(before+"\x1b]11", backgroundAnswer) || strings.ContainsAny(answer, "\a\\\x1b") || len(answer) > answerLimit {
			return
		}
		answers := make(chan string, 1)
		k := &Keyboard{answers: answers}
		sift := func(s string) string {
			p := []byte(s)
			return string(p[:k.sift(p)])
		}
		text := answer + "\a" + after
		cut = min(max(cut, 0), len(text))
		got := sift(before + backgroundAnswer + text[:cut])
		got += sift(text[cut:])
		if got != before+after || <-answers != answer {
			t.Errorf("the keys are %q, want %q", got, before+after)
		}
	})
}
