package cli

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// smallDisk takes so many bytes and then no more.
type smallDisk struct {
	strings.Builder
	room int
}

func (d *smallDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room)
	d.room -= n
	d.Builder.Write(p[:n])
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// TestLossy: a disk that is full takes half a line; what comes behind it when there is room stands on a line of its own, and what was lost is said once a
// minute and in the end.
func TestLossy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &smallDisk{room: 9}
		var said []string
		l := &lossy{w: d, what: "the log", say: func(s string) { said = append(said, s) }}
		write := func(lines string, room int, full bool) {
			t.Helper()
			d.room += room
			if _, err := l.Write([]byte(lines)); errors.Is(err, syscall.ENOSPC) != full {
				t.Fatalf("%q: %v", lines, err)
			}
		}
		write("one\n", 0, false)
		write("two\nthree\n", 0, true)
		write("four\n", 0, true)
		time.Sleep(time.Minute)
		write("five\n", 0, true)
		write("six\n", 100, false)
		write("seven\n", 0, false)
		if got := d.String(); got != "one\ntwo\nt\nsix\nseven\n" {
			t.Errorf("written: %q", got)
		}
		want := []string{"the log cannot be written, and loses lines: no space left on device", "the log cannot be written, and loses lines: no space left on device", "the log is written again; 3 lines were lost"}
		if strings.Join(said, "\n") != strings.Join(want, "\n") {
			t.Errorf("said %q", said)
		}
	})
}
