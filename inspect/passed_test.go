package inspect

import (
	"testing"
	"time"
)

func TestPassedAt(t *testing.T) {
	m := Message{Size: 30, Passed: []Passed{{0, time.Second}, {10, 2 * time.Second}, {20, 3 * time.Second}}}
	for offset, want := range map[int64]time.Duration{0: time.Second, 9: time.Second, 10: 2 * time.Second, 29: 3 * time.Second, 30: 0, -1: 0} {
		if got, ok := m.PassedAt(offset); got != want || ok != (want > 0) {
			t.Errorf("byte %d: %v, %v", offset, got, ok)
		}
	}
	if _, ok := (&Message{Size: 30}).PassedAt(0); ok {
		t.Error("a message without times has one")
	}
}
