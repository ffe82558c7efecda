package relay

import (
	"errors"
	"log/slog"
	"sync"
	"syscall"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// portFiles is the part of the relay's open files that the listeners of endpoints with ports of their own may take, so that nobody has the files of visitors and
// agents by binding many. A nil one bounds nothing. Safe for concurrent use.
type portFiles struct {
	files *budget.Budget
	apart int64 // how many, the last ones, are for accounts that have none
	log   *slog.Logger
	told  budget.Complaint

	mu sync.Mutex
	of map[string]int64 // by account
}

// newPortFiles shares files among endpoints that may want as many as that. Where there are fewer the last quarter is kept for accounts that have none.
func newPortFiles(files *budget.Budget, wanted int64, log *slog.Logger) *portFiles {
	p := &portFiles{files: files, log: log, of: map[string]int64{}}
	if files.Size() < wanted {
		p.apart = files.Size() / 4
	}
	return p
}

// take takes n files for an endpoint of the account, for give to give back. bespoken are files that are somebody's already and not counted yet, and own says that those
// that are asked for were such files, too: they are open already, and nothing of what is kept for others. The error is what the agent is told, who asks again.
func (p *portFiles) take(account string, n, bespoken int64, own bool) error {
	if p == nil || p.counted(account, n, bespoken, own) {
		return nil
	}
	return p.none()
}

// counted takes the files; false: there are none.
func (p *portFiles) counted(account string, n, bespoken int64, own bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := p.files.Size() - bespoken
	if p.of[account] > 0 && !own {
		most -= p.apart
	}
	if p.files.Held()+n > most || !p.files.Take(n) {
		return false
	}
	p.of[account] += n
	return true
}

func (p *portFiles) give(account string, n int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files.Give(n)
	if p.of[account] -= n; p.of[account] == 0 {
		delete(p.of, account)
	}
}

// none says to the relay's owner, once a minute, and to the agent that no file is left.
func (p *portFiles) none() error {
	if n, due := p.told.Due(); due {
		p.log.Warn("endpoints with ports of their own are refused: no open files are left for them; ulimit -n or LimitNOFILE= gives more", "allowed", p.files.Size(), "times", n)
	}
	return errNoPortFiles
}

var errNoPortFiles = &registry.Error{
	Code: wire.CodeRelayBusy, Text: "no open files are left for another endpoint with a port of its own; trying again",
}

// scarce makes of an error of opening a listener that is about this moment, and not about the port, what the agent is told, who asks again; else nil.
func (p *portFiles) scarce(err error) error {
	for _, passing := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		switch {
		case !errors.Is(err, passing):
		case p == nil:
			return errNoPortFiles
		default:
			return p.none()
		}
	}
	return nil
}
