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

// keep makes the store. One that cannot be opened keeps nobody from the traffic: captures are in memory then, and it is said why.
func (a *app) keep(p *parts, cfg *config.Config, memory int64) {
	o := store.Options{
		Bytes: min(store.DefaultBytes, memory/8), OnChange: func(uint64) { p.agent.Changed() },
		Dir: capturesDir(cfg.StateDir), MaxBytes: cfg.Capture.MaxSize, MaxAge: cfg.Capture.MaxAge, Label: view.Label, Go: a.guard.Go, Log: p.log,
	}
	if !cfg.Capture.Off && !cfg.Capture.MemoryOnly {
		disk, err := store.Open(o)
		if err == nil {
			p.store, p.disk = disk, disk
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

// observer is the agent as faces see it, with what is wrong with its captures.
type observer struct {
	*agent.Agent
	p *parts
}

// Status implements inspect.Observer.
func (o observer) Status() inspect.Status {
	st := o.Agent.Status()
	problem := o.p.unkept
	if k := o.p.store.Keeping(); k.Problem != "" {
		problem = "captures: " + k.Problem
	}
	switch {
	case problem == "":
	case st.Notice == "":
		st.Notice = problem
	default:
		st.Notice += "; " + problem
	}
	return st
}

var _ inspect.Observer = observer{}
