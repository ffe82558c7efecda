package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/registry"
)

// leaseFile keeps the registry's leases in the state directory, so that after a restart nobody else can take a name. It is a journal, one line of JSON for
// each change, written anew without what is over at every start and when it has grown long. When the old process still writes while the new one runs
// (a restart on the same ports), the higher epoch of a name counts.
type leaseFile struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	f      *os.File // nil: it could not be opened; tried again with the next change
	leases map[string]leaseLine
	lines  int // written since it was made anew
	failed bool
	told   budget.Complaint
	again  *time.Timer // while failed
	closed bool
}

var _ registry.Journal = (*leaseFile)(nil)

// leaseLine is a registry.Lease in the file.
type leaseLine struct {
	Name     string    `json:"name"`
	Account  string    `json:"account"`
	Instance string    `json:"instance"`
	Endpoint string    `json:"endpoint,omitempty"`
	Epoch    uint64    `json:"epoch"`
	Until    time.Time `json:"until,omitzero"`
}

const (
	// rewriteAfter is how many lines make the file long.
	rewriteAfter = 20_000

	// leasesAgain is how long after a failure the file is made anew, when no change comes before that.
	leasesAgain = 5 * time.Second
)

// openLeases reads dir's leases and returns them with the journal for further ones. A line that cannot be read is left out, with a word in the log. A disk
// that is full keeps no relay from starting.
func openLeases(dir string, log *slog.Logger) (*leaseFile, []registry.Lease, error) {
	l := &leaseFile{path: filepath.Join(dir, leasesFile), log: log, leases: map[string]leaseLine{}}
	text, err := os.ReadFile(l.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("leases: %w", err)
	}
	l.read(text)
	l.complain(l.rewrite(time.Now()))
	var all []registry.Lease
	for _, e := range l.leases {
		all = append(all, registry.Lease{Name: e.Name, Account: e.Account, Instance: e.Instance, Endpoint: e.Endpoint, Epoch: e.Epoch, Until: e.Until})
	}
	return l, all, nil
}

func (l *leaseFile) read(text []byte) {
	bad, n := 0, 0
	for line := range bytes.Lines(text) {
		if n++; len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var e leaseLine
		if err := json.Unmarshal(line, &e); err != nil || e.Name == "" || e.Account == "" {
			bad = n
			continue
		}
		if e.Epoch >= l.leases[e.Name].Epoch {
			l.leases[e.Name] = e
		}
	}
	if bad != 0 && bad != n { // the last one was being written when the process ended
		l.log.Warn("a line of the lease file cannot be read and is left out", "file", l.path, "line", bad)
	}
}

// Note implements registry.Journal.
func (l *leaseFile) Note(changed []registry.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for _, c := range changed {
		e := leaseLine{Name: c.Name, Account: c.Account, Instance: c.Instance, Endpoint: c.Endpoint, Epoch: c.Epoch, Until: c.Until}
		l.leases[e.Name] = e
		l.lines++
		if err := enc.Encode(e); err != nil {
			l.complain(err)
		}
	}
	l.complain(l.write(text.Bytes()))
}

// write adds lines to the file, and makes it anew when it has grown long, or may lack what could not be written before.
func (l *leaseFile) write(lines []byte) (err error) {
	if l.failed {
		lines = append([]byte("\n"), lines...) // ends a line of which a full disk took a half
	}
	if l.f != nil {
		_, err = l.f.Write(lines)
	}
	switch {
	case l.f != nil && err == nil && !l.failed && l.lines <= rewriteAfter:
		return nil
	case l.overtaken():
		return l.follow(lines)
	}
	return l.rewrite(time.Now())
}

// overtaken says that the next process has made the file anew: it would lose it if this one did so, too.
func (l *leaseFile) overtaken() bool {
	if l.f == nil {
		return false
	}
	mine, err := l.f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(l.path)
	return err == nil && !os.SameFile(mine, now)
}

// follow adds lines to the next process's file from now on.
func (l *leaseFile) follow(lines []byte) error {
	if err := l.open(); err != nil {
		return err
	}
	_, err := l.f.Write(lines)
	return err
}

// complain logs that the file could not be written, once a minute, and has it tried again; and that it is whole again.
func (l *leaseFile) complain(err error) {
	if err == nil {
		if l.failed {
			l.log.Info("leases are written down again")
		}
		l.failed = false
		return
	}
	if n, due := l.told.Due(); due {
		l.log.Error("leases are not written down: after a restart others could take the names", "err", err, "times", n)
	}
	l.failed = true
	if l.again == nil && !l.closed {
		l.again = time.AfterFunc(leasesAgain, l.tryAgain)
	}
}

func (l *leaseFile) tryAgain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again = nil
	if l.failed && !l.closed {
		l.complain(l.write(nil))
	}
}

// rewrite makes the file anew, and opens it for what follows.
func (l *leaseFile) rewrite(now time.Time) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for name, e := range l.leases {
		if !e.Until.IsZero() && !now.Before(e.Until) {
			delete(l.leases, name)
			continue
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	if err := writeFile(l.path, text.Bytes(), 0o600); err != nil {
		return err
	}
	return l.open()
}

// open opens the file that is there now for what follows.
func (l *leaseFile) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if l.f != nil {
		l.f.Close() // replaced, and what it could not take is in the new one
	}
	l.f, l.lines = f, 0
	return nil
}

// Close closes the file.
func (l *leaseFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.again != nil {
		l.again.Stop()
		l.again = nil
	}
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}
