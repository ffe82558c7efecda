package cli

import (
	"path/filepath"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/inspect/view"
)

// capturesDir is where captures are kept: one store for all agents of a person.
func capturesDir(stateDir string) string { return filepath.Join(stateDir, "captures") }

// keeper is where an agent's exchanges go: a store on the disk, or a window in memory.
type keeper interface {
	inspect.Recorder
	inspect.Reader
	inspect.Keeper
}

// keep makes the store, of an eighth of the memory and a sixteenth of the files that the agent may use; those it takes are no longer the agent's. One that
// cannot be opened keeps nobody from the traffic: captures are in memory then, and it is said why.
func (a *app) keep(p *parts, cfg *config.Config, share *agent.Options) {
	o := store.Options{
		Bytes: min(store.DefaultBytes, share.Memory/8), OnChange: func(uint64) { p.agent.Changed() }, Files: int(min(store.DefaultFiles, max(share.Files/16, 1))),
		Dir: capturesDir(cfg.StateDir), MaxBytes: cfg.Capture.MaxSize, MaxAge: cfg.Capture.MaxAge, Label: view.Label, Go: a.guard.Go, Log: p.log,
	}
	if !cfg.Capture.Off && !cfg.Capture.MemoryOnly {
		disk, err := store.Open(o)
		if err == nil {
			p.store, p.disk = disk, disk
			share.Files -= int64(o.Files)
			return
		}
		p.log.Warn("captures are kept in memory only", "err", err)
		p.unkept = "captures are kept in memory only: " + oneLine(err)
	}
	p.store = store.NewMemory(o)
}

// startStore has the store write; nil when it is in memory only.
func (a *app) startStore(p *parts) *task {
	if p.disk == nil {
		return nil
	}
	return a.start(p.disk.Keep)
}

// observer is the agent as faces see it, with the reason why its captures are in memory only, if they should not be.
type observer struct {
	*agent.Agent
	p *parts
}

// Status implements inspect.Observer.
func (o observer) Status() inspect.Status {
	st := o.Agent.Status()
	notice(&st, o.p.unkept)
	return st
}

// telling is an observer for a face that does not ask the store how it is.
type telling struct{ observer }

// Status implements inspect.Observer.
func (t telling) Status() inspect.Status {
	st := t.observer.Status()
	switch k := t.p.store.Keeping(); {
	case k.Problem != "":
		notice(&st, "captures are not written: "+k.Problem)
	case k.Notice != "":
		notice(&st, "captures: "+k.Notice)
	}
	return st
}

// notice adds a text to what a status says.
func notice(st *inspect.Status, text string) {
	if st.Notice != "" && text != "" {
		st.Notice += "; "
	}
	st.Notice += text
}

var _, _ inspect.Observer = observer{}, telling{}
