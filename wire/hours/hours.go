// Package hours is for tests of what takes hours: they run in a synctest bubble, where hours pass in no time and to the nanosecond.
//
//	func TestBackoff(t *testing.T) {
//		hours.Run(t, func(t *testing.T) { … })
//	}
package hours

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	// inBubble in the environment says that this process is one of Run's.
	inBubble = "ADIT_TEST_BUBBLE"

	// patience bounds what a bubble may take of real time.
	patience = 200 * time.Second
)

// Run runs f in a bubble, which has a process of its own, because smux keeps channels in pools that are the whole process's, and what a bubble has made must not be
// used outside of it. It must be the whole of its test.
func Run(t *testing.T, f func(*testing.T)) {
	t.Helper()
	if os.Getenv(inBubble) != "" {
		synctest.Test(t, f)
		return
	}
	for try := 1; ; try++ {
		out, err := alone(t)
		switch {
		case err == nil && strings.Contains(out, "--- PASS: "+t.Name()):
			return
		case try < tries && detectorFell(out):
			t.Logf("the race detector itself has crashed; once more")
			continue
		}
		t.Fatalf("%v\n%s", err, out)
	}
}

// tries is how often a process is started whose race detector falls over itself.
const tries = 3

// detectorFell says that the race detector's runtime has crashed, which it does now and then over a bubble's timers (with Go 1.26), in a failed check of its own or a fault on the
// stack of a thread that runs no goroutine. A race that it has found, or a panic of a goroutine, looks otherwise.
func detectorFell(out string) bool {
	if strings.Contains(out, "DATA RACE") || strings.Contains(out, "--- FAIL") {
		return false
	}
	return strings.Contains(out, "ThreadSanitizer: CHECK failed") || strings.Contains(out, "SIGSEGV") && strings.Contains(out, "\ngoroutine 0 gp=")
}

// alone runs the test in a process of its own.
func alone(t *testing.T) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inBubble+"=1", "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0") // its second of sleep at the end is for other threads
	out, err := cmd.CombinedOutput()
	return string(out), err
}
