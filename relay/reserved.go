package relay

import (
	"sync"
	"time"

	"github.com/adit-tunnel/adit/relay/control"
)

// reservedFor is how old the answer of reserved may be.
const reservedFor = time.Second

// reserved says for whom names are reserved, to whom nobody has let in yet: strangers may ask for any number of names in as many handshakes, and the store is read
// once a second for them all.
type reserved struct {
	domains func() ([]control.Domain, error)

	mu      sync.Mutex
	read    time.Time
	account map[string]string // by name
}

// owner is the account of a canonical name, "" none. While the store fails it is what was read last.
func (r *reserved) owner(name string) (account string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.read) >= reservedFor {
		r.read = now
		if all, err := r.domains(); err == nil {
			r.account = make(map[string]string, len(all))
			for _, d := range all {
				r.account[d.Name] = d.Account
			}
		}
	}
	return r.account[name]
}
