package config

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestKeychainThatIsMute: a bus that takes a question and never answers is given up. It is asked in a process of its own, where no other test has put a
// keychain of its making in the place of the system's.
func TestKeychainThatIsMute(t *testing.T) {
	const mute = "unix:abstract=adit-mute-"
	if !strings.HasPrefix(os.Getenv("DBUS_SESSION_BUS_ADDRESS"), mute) {
		id := strconv.Itoa(os.Getpid())
		bus, err := net.Listen("unix", "@adit-mute-"+id)
		if err != nil {
			t.Fatal(err)
		}
		defer bus.Close()
		c := exec.Command(os.Args[0], "-test.run=^TestKeychainThatIsMute$")
		c.Env = append(os.Environ(), "DBUS_SESSION_BUS_ADDRESS="+mute+id)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errors.New("enough"))
	defer cancel()
	if _, err := Secret(ctx, "keychain:a", SecretOptions{}); err == nil || !strings.HasSuffix(err.Error(), "keychain of this system does not answer: enough") {
		t.Errorf("reading: %v", err)
	}
	if err := StoreSecret(ctx, "a", "hunter2"); err == nil || !strings.HasSuffix(err.Error(), "keychain of this system does not answer: enough") {
		t.Errorf("storing: %v", err)
	}
}
