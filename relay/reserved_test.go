package relay

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
)

// TestReserved: any number of questions is one look into the store a second, and a store that fails takes nothing away.
func TestReserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks, sick := 0, error(nil)
		all := []control.Domain{{Name: "www.example.com", Account: "acme"}}
		r := reserved{domains: func() ([]control.Domain, error) {
			looks++
			return all, sick
		}}
		ask := func(name, want string, after int) {
			t.Helper()
			for range 100 {
				if got := r.owner(name); got != want {
					t.Fatalf("%s: %q, want %q", name, got, want)
				}
			}
			if looks != after {
				t.Errorf("%d looks, want %d", looks, after)
			}
		}
		ask("www.example.com", "acme", 1)
		ask("other.example.com", "", 1)
		all = append(all, control.Domain{Name: "other.example.com", Account: "emca"})
		time.Sleep(reservedFor)
		ask("other.example.com", "emca", 2)
		sick = errors.New("disk I/O error")
		time.Sleep(reservedFor)
		ask("www.example.com", "acme", 3)
	})
}
