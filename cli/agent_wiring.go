package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/store"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/inspect/web"
	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/tui"
)

// agentRun is what a command with an agent brings along.
type agentRun struct {
	endpoints []agent.Endpoint
	// work, if any, starts when all endpoints are ready; the run ends when it returns.
	work func(ctx context.Context, p *parts) error
	// follow, if any, makes the endpoints follow the configuration files while the agent runs.
	follow *following
	// refused, if any, is why other endpoints were left out; it is said before the others start, and a dashboard hides what was.
	refused error
}

// parts is an agent with everything that belongs to it, put together but not started.
type parts struct {
	slot     *agent.Slot
	embedded *relay.Relay // nil with a relay elsewhere
	agent    *agent.Agent
	store    keeper
	disk     *store.Store // nil when captures are in memory only
	unkept   string       // why they are, though they should not be
	api      *web.Server
	apiLn    net.Listener // nil with web-addr false
	made     sync.Map     // names of the endpoints that the local API has started
	ready    []*readyFile // none without --ready-file and --url-file
	words    *compatFace  // nil unless adit stands in for ngrok
	lines    lineWriter   // what plain lines go to; nowhere under a dashboard
	screen   tui.Options  // of the dashboard
	journal  *journal     // what the log has had lately; nil without a dashboard
	log      *slog.Logger
	closeLog func()
}

// runAgent runs an agent with a face until the person quits, a signal comes, or its work is done.
//
// Order of stop: the agent drains (it finishes what is under way), the face shows the last of it, then the local API ends, the store writes what has come until
// then, the embedded relay ends, and the slot is given back.
func (a *app) runAgent(cfg *config.Config, run agentRun) error {
	dashboard := a.wantsDashboard(cfg)
	p, err := a.assemble(cfg, run, dashboard)
	if err != nil {
		return err
	}
	defer p.close()
	if dashboard && run.refused != nil {
		p.agent.SetNotice(oneLine(run.refused))
	}
	var stop stopper
	if run.follow != nil {
		stop.hangup = run.follow.hangup
	}
	ctx, unwatch := stop.watch(context.Background(), a.guard)
	defer unwatch()
	p.screen.Away = stop.away.Store
	reload, began := a.startReload(p, run, cfg, dashboard), time.Now()
	err = a.runParts(ctx, p, run, dashboard, func() {
		stop.drains()
		_ = reload.stop()
	})
	if err == nil && dashboard && !a.compat {
		fmt.Fprint(a.Out, summary(p.agent.Status(), time.Since(began), p.capturesWhere(cfg)))
	}
	if err == nil && stop.interrupted.Load() && !dashboard {
		return &exitError{code: exitInterrupted}
	}
	return err
}

// assemble makes all parts; on error none is left behind.
func (a *app) assemble(cfg *config.Config, run agentRun, dashboard bool) (_ *parts, err error) {
	p := &parts{screen: a.dashboardOptions(cfg.Dashboard)}
	if !dashboard {
		p.lines.w = a.Out
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if err = a.openLog(p, cfg, dashboard); err != nil {
		return nil, err
	}
	a.forewarn(p, cfg, run, dashboard)
	if p.ready, err = newReadyFiles(cfg.ReadyFile, cfg.URLFile); err != nil {
		return nil, err
	}
	a.readied = true
	if p.slot, err = agent.TakeSlot(cfg.StateDir); err != nil {
		return nil, usage("the state directory: %w\n  choose another one with --state-dir DIR", err)
	}
	a.guard.setDir(p.slot.Dir())
	proxy := a.proxyFor(cfg)
	if proxy.err != nil {
		return nil, usage("%w\n  correct it, name another proxy with --proxy-url, or leave the relay out with NO_PROXY", proxy.err)
	}
	o := agent.Options{
		Relay: cfg.Relay, Proxy: proxy.url, ProxyFrom: proxy.from, Pin: cfg.RelayPin, CA: cfg.RelayCA, Token: cfg.Authtoken,
		Version: Version, Slot: p.slot, GiveUp: cfg.GiveUp, Legs: cfg.Legs, Log: a.agentsLog(p.log), Go: a.guard.Go,
	}
	if o.Memory, o.Files, err = a.takeStock(); err != nil {
		return nil, err
	}
	if cfg.Relay == "" {
		o.Memory, o.Files = o.Memory/2, o.Files/2 // the other half is the relay's
		if err = a.embed(p, &o); err != nil {
			return nil, err
		}
	}
	if err = a.join(p, o, cfg, run); err == nil {
		a.knowWebhooks(p, cfg, dashboard)
	}
	return p, err
}

// openLog opens the log, and keeps what is in it for the dashboard.
func (a *app) openLog(p *parts, cfg *config.Config, dashboard bool) (err error) {
	if p.log, p.closeLog, err = a.agentLogger(cfg, dashboard); err != nil || !dashboard {
		return err
	}
	p.journal, p.log, err = journalOf(p.log, cfg.LogLevel)
	return err
}

// forewarn says what there is to say before anything starts.
func (a *app) forewarn(p *parts, cfg *config.Config, run agentRun, dashboard bool) {
	if a.compat {
		tellFiles(p.log, cfg.Files)
	}
	if run.refused != nil {
		a.refuse(run.refused, dashboard)
	}
	for _, n := range cfg.Notices {
		a.notice(p, n, dashboard)
	}
}

// notice logs a warning. Under a dashboard it stands behind the screen as well, and is seen when that is gone.
func (a *app) notice(p *parts, text string, dashboard bool) {
	if dashboard && !a.compat {
		a.warn(text)
	}
	p.log.Warn(text)
}

// join makes agent, store and local API and introduces them to each other.
func (a *app) join(p *parts, o agent.Options, cfg *config.Config, run agentRun) (err error) {
	a.keep(p, cfg, &o)
	o.RedactFields, o.RedactJSON = cfg.Capture.Headers, cfg.Capture.JSON
	if !cfg.Capture.Off {
		o.Recorder = p.store
	}
	if p.agent, err = agent.New(o); err != nil {
		return &exitError{exitUsage, err}
	}
	p.agent.SetReader(p.store)
	if a.compat {
		p.words = newCompatFace(p.log, p.agent)
	}
	for _, e := range run.endpoints {
		if err = p.agent.Forward(e); err != nil {
			return &exitError{exitUsage, err}
		}
	}
	if cfg.WebAddr == "false" {
		return nil
	}
	masked, err := inspect.ParseJSONPaths(cfg.Dashboard.Mask)
	if err != nil {
		return usage("mask-json: %w", err)
	}
	if p.apiLn, err = web.Listen(cfg.WebAddr, cfg.Origin("web-addr") == "default"); err != nil {
		return usage("%w\n  choose another address with --web-addr, or turn it off with --web-addr false", err)
	}
	p.api = web.New(web.Options{
		Reader: p.store, Keeper: p.store, Replayer: p.agent, Observer: observer{p.agent, p}, Controller: p.controller(cfg.WebPassword != ""),
		Log: p.log, Go: a.guard.Go, Access: p.words.access(),
		Allow: cfg.WebAllow, Open: !isLoopback(p.apiLn.Addr()), Password: cfg.WebPassword, Mask: view.Mask{All: cfg.Dashboard.MaskAll, Paths: masked},
	})
	p.agent.SetWeb("http://" + p.apiLn.Addr().String())
	p.words.web(p.apiLn.Addr(), cfg.WebAllow)
	return nil
}

func isLoopback(at net.Addr) bool {
	tcp, ok := at.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// embed makes a relay inside this process. It speaks the same protocol over loopback as one elsewhere; only its token never leaves memory.
func (a *app) embed(p *parts, o *agent.Options) (err error) {
	token := rand.Text()
	p.embedded, err = relay.New(relay.Options{
		Embedded: true, Agents: "127.0.0.1:0", StateDir: filepath.Join(p.slot.Dir(), "relay"),
		Tokens: []string{token}, Account: "local (embedded relay)", Region: "this machine",
		Version: Version, Log: quiet(p.log), Go: a.guard.Go, Memory: o.Memory, Files: o.Files,
	})
	if err != nil {
		return usage("the embedded relay: %w\n  choose another state directory with --state-dir DIR", err)
	}
	o.Relay, o.Pin, o.CA, o.Token, o.Embedded = p.embedded.AgentsAddr(), p.embedded.Pin(), "", token, true
	return nil
}

// controller is what a face may change; own says that nobody but the user of this process speaks through it.
func (p *parts) controller(own bool) controller {
	return controller{agent: p.agent, own: own, notices: func(text string) { p.log.Info(text) }, made: &p.made}
}

func (p *parts) close() {
	if p.agent != nil {
		_ = p.agent.Close()
	}
	if p.disk != nil {
		_ = p.disk.Close() // all is written; what is wrong with it has been told
	}
	if p.embedded != nil {
		_ = p.embedded.Close()
	}
	if p.apiLn != nil {
		_ = p.apiLn.Close()
	}
	if p.slot != nil {
		_ = p.slot.Close()
	}
	if p.closeLog != nil {
		p.closeLog()
	}
}

// runParts starts everything in order, waits for the first reason to end, calls drains, and stops everything in the reverse order.
func (a *app) runParts(ctx context.Context, p *parts, run agentRun, dashboard bool, drains func()) error {
	var embedded, api *task
	if p.embedded != nil {
		embedded = a.start(p.embedded.Run)
	}
	if p.api != nil {
		api = a.start(func(ctx context.Context) error { return p.api.Run(ctx, p.apiLn) })
	}
	keeps := a.startStore(p)
	face := a.start(func(ctx context.Context) error { return a.runFace(ctx, p, dashboard) })
	link := a.start(p.agent.Run)
	work := a.startWork(p, run)
	ready := a.startReady(p)
	words := a.startWords(p)

	var first error
	screenFree := !dashboard
	select {
	case <-ctx.Done():
	case first = <-face.over():
		screenFree = true
	case first = <-link.over():
	case first = <-work.over():
	case first = <-api.over():
	case first = <-embedded.over():
	}
	drains()
	return errors.Join(first, work.stop(), ready.stop(), a.drain(link, screenFree), words.stop(), stopFace(face, &p.lines), api.stop(), keeps.stop(), embedded.stop())
}

// startWork starts run's own work when the endpoints are ready. Without any, the task lasts until it is stopped.
func (a *app) startWork(p *parts, run agentRun) *task {
	return a.start(func(ctx context.Context) error {
		select {
		case <-p.agent.Ready():
		case <-ctx.Done():
			return nil
		}
		if run.work == nil {
			<-ctx.Done()
			return nil
		}
		return run.work(ctx, p)
	})
}

// drain stops the agent; when that takes a moment and the screen is free, it says why.
func (a *app) drain(link *task, screenFree bool) error {
	link.end()
	if screenFree {
		select {
		case <-link.done:
		case <-time.After(500 * time.Millisecond):
			a.tell("finishing the requests that are under way; Ctrl+C ends at once")
		}
	}
	return link.stop()
}

// runFace shows the agent until ctx ends or the person quits.
func (a *app) runFace(ctx context.Context, p *parts, dashboard bool) error {
	source := tui.Source{Reader: p.store, Keeper: p.store, Replayer: p.agent, Observer: telling{observer{p.agent, p}}, Controller: p.controller(true), Line: writeLine}
	if p.words != nil && !dashboard {
		<-ctx.Done() // the log says it all
		return nil
	}
	if !dashboard {
		return tui.Plain(ctx, source, &p.lines)
	}
	source.Journal = p.journal
	err := tui.Run(ctx, source, p.screen)
	var panicked *tui.PanicError
	if errors.As(err, &panicked) {
		a.guard.die(panicked.Value, panicked.Stack)
	}
	return err
}
