package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/uuid"
)

// Slot is a running agent's place in the state directory, STATE/agent/slot-N: locked, with an instance id that a restarted process takes up
// again, and what its endpoints had last: ports at an embedded relay, tickets of others. Two agents at once have two slots. Safe for concurrent use.
type Slot struct {
	dir  string
	lock *flock.Flock
	warn error

	mu     sync.Mutex
	file   slotFile
	again  *time.Timer // while the file could not be written
	report func(error) // what came of trying again; nil: nobody asks
	closed bool
}

// slotFile is agent.json.
type slotFile struct {
	Instance string         `json:"instance"`
	Ports    map[string]int `json:"ports,omitempty"` // by endpoint name
	// Tickets prove to a relay that this slot had a name: by relay, then by endpoint name.
	Tickets map[string]map[string]string `json:"tickets,omitempty"`
}

// maxRelays is how many relays' tickets a slot keeps; beyond that others make room.
const maxRelays = 16

// saveAgain is how long after a failure the file is written again, when nothing new comes before that: a disk is not full for ever.
const saveAgain = 5 * time.Second

// maxSlots bounds the search; a machine with more agents than this has another problem.
const maxSlots = 1000

// TakeSlot locks the first free slot below stateDir/agent, making it (mode 0700) when needed. A file in it that cannot be understood is set
// aside and does not fail: see Slot.Warning. Close gives the slot back.
func TakeSlot(stateDir string) (*Slot, error) {
	for n := 1; n <= maxSlots; n++ {
		dir := filepath.Join(stateDir, "agent", fmt.Sprintf("slot-%d", n))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("agent slot: %w", err)
		}
		lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
		ok, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("agent slot: lock %s: %w", dir, err)
		}
		if !ok {
			continue
		}
		s := &Slot{dir: dir, lock: lock}
		if err := s.load(); err != nil {
			return nil, errors.Join(fmt.Errorf("agent slot: %w", err), lock.Unlock())
		}
		return s, nil
	}
	return nil, fmt.Errorf("agent slot: all %d slots below %s are taken", maxSlots, stateDir)
}

// Dir is the slot's directory; it stays locked until Close.
func (s *Slot) Dir() string { return s.dir }

// Instance is the id by which a relay knows this slot's agent again.
func (s *Slot) Instance() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Instance
}

// Warning says what was wrong with the slot when it was taken and has been mended, or nil: a file set aside, or one that could not be
// written (the instance then lasts for this run only).
func (s *Slot) Warning() error { return s.warn }

// Port is the port that the endpoint had last at an embedded relay, 0 if none is known.
func (s *Slot) Port(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Ports[endpoint]
}

// SetPort remembers the endpoint's port. The error is that of writing the file, which is tried again; the port is remembered for this run in any case.
func (s *Slot) SetPort(endpoint string, port int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file.Ports[endpoint] == port {
		return nil
	}
	if s.file.Ports == nil {
		s.file.Ports = map[string]int{}
	}
	s.file.Ports[endpoint] = port
	return s.keep()
}

// Ticket is the last one that the relay gave for the endpoint, "" if none is known.
func (s *Slot) Ticket(relay, endpoint string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Tickets[relay][endpoint]
}

// SetTicket remembers a ticket, so that a restarted agent has its name back at once. The error is that of writing the file, which is tried again; the
// ticket is remembered for this run in any case.
func (s *Slot) SetTicket(relay, endpoint, ticket string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.file.Tickets
	if all == nil {
		all = map[string]map[string]string{}
		s.file.Tickets = all
	}
	if all[relay] == nil {
		for other := range all {
			if len(all) < maxRelays {
				break
			}
			delete(all, other)
		}
		all[relay] = map[string]string{}
	}
	all[relay][endpoint] = ticket
	return s.keep()
}

// Close gives the slot back; once is enough, more is fine.
func (s *Slot) Close() error {
	s.mu.Lock()
	s.closed = true
	if s.again != nil {
		s.again.Stop()
		s.again = nil
	}
	s.mu.Unlock()
	if err := s.lock.Unlock(); err != nil {
		return fmt.Errorf("agent slot: unlock: %w", err)
	}
	return nil
}

// load reads agent.json, or starts a new one. Its error is one of the disk's that leaves no choice.
func (s *Slot) load() error {
	path := s.path()
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		if s.file, err = parseSlotFile(b); err == nil {
			return nil
		}
		aside := path + ".corrupt"
		if rerr := os.Rename(path, aside); rerr != nil {
			return rerr
		}
		s.warn = fmt.Errorf("%s could not be read and is now %s: %w", path, aside, err)
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	s.file = slotFile{Instance: uuid.NewString()}
	if err := s.keep(); err != nil {
		s.warn = errors.Join(s.warn, err)
	}
	return nil
}

func parseSlotFile(b []byte) (slotFile, error) {
	var f slotFile
	if err := json.Unmarshal(b, &f); err != nil {
		return f, err
	}
	if _, err := uuid.Parse(f.Instance); err != nil {
		return f, fmt.Errorf("instance %q: %w", f.Instance, err)
	}
	for name, port := range f.Ports {
		if port < 1 || port > 65535 {
			return f, fmt.Errorf("port %d of %q is out of range", port, name)
		}
	}
	return f, nil
}

// keep saves, and has it tried again when that fails.
func (s *Slot) keep() error {
	err := s.save()
	if err != nil && s.again == nil && !s.closed {
		s.again = time.AfterFunc(saveAgain, s.tryAgain)
	}
	return err
}

func (s *Slot) tryAgain() {
	s.mu.Lock()
	s.again = nil
	if s.closed {
		s.mu.Unlock()
		return
	}
	err, report := s.keep(), s.report
	s.mu.Unlock()
	if report != nil {
		report(err)
	}
}

// tell has report called with what comes of trying to write the file again; nil: it is written.
func (s *Slot) tell(report func(error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report = report
}

// save writes a new file and renames it over the old one, so that a full disk or a crash leaves one of the two whole.
func (s *Slot) save() error {
	b, err := json.MarshalIndent(s.file, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(s.dir, ".agent-*.json") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(b, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), s.path())
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

func (s *Slot) path() string { return filepath.Join(s.dir, "agent.json") }
