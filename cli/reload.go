package cli

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect"
)

const (
	// settle is how long files are left alone before they are read again: editors write them in several steps.
	settle = 200 * time.Millisecond

	// bindWithin is how long an endpoint may take to be bound before the next one is looked at.
	bindWithin = 30 * time.Second
)

// following is what an agent goes on reading while it runs.
type following struct {
	sources config.Sources
	chosen  func(*config.Config) []config.Endpoint // those of its endpoints that are to be online
	hangup  chan struct{}                          // of one place: SIGHUP has come
}

// reloader keeps endpoints as the configuration files describe them, while the agent runs. What has come into a file goes online, what has gone ends, what has
// changed takes the place of what was there; nothing else is touched, neither what the local API has started nor what has stayed the same. A mistake changes
// nothing. Settings of the agent itself count at the next start, and it says so.
type reloader struct {
	following
	a         *app
	p         *parts
	cfg       *config.Config
	online    map[string]agent.Endpoint // of the files, as they are now
	dashboard bool
	told      bool // the dashboard shows what was wrong
}

// startReload begins to follow the files; nil when the run follows none.
func (a *app) startReload(p *parts, run agentRun, cfg *config.Config, dashboard bool) *task {
	if run.follow == nil {
		return nil
	}
	r := &reloader{following: *run.follow, a: a, p: p, cfg: cfg, online: map[string]agent.Endpoint{}, dashboard: dashboard, told: run.refused != nil}
	for _, e := range run.endpoints {
		r.online[e.Name] = e
	}
	return a.start(r.run)
}

func (r *reloader) run(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		r.p.log.Warn("the configuration is not watched; SIGHUP makes adit read it again", "err", err)
		watcher = &fsnotify.Watcher{} // whose channels are nil
	} else {
		defer watcher.Close()
	}
	names := r.watch(watcher)
	quiet := time.NewTimer(time.Hour)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.hangup:
			quiet.Reset(0)
		case e := <-watcher.Events:
			if slices.Contains(names, e.Name) && e.Op != fsnotify.Chmod {
				quiet.Reset(settle)
			}
		case err := <-watcher.Errors:
			r.p.log.Warn("watching the configuration", "err", err)
			quiet.Reset(settle) // something may have been missed
		case <-quiet.C:
			r.reload(ctx)
			names = r.watch(watcher) // links may lead elsewhere now
		}
	}
}

// watch watches the folders of all files: a file that is replaced, or comes later, is another one than was there. It returns their paths.
func (r *reloader) watch(w *fsnotify.Watcher) []string {
	var names []string
	for _, path := range r.sources.Places() {
		abs, err := filepath.Abs(path)
		if err != nil {
			continue
		}
		names = append(names, abs)
		_ = w.Add(filepath.Dir(abs)) // a folder that is not there holds no file
	}
	return names
}

// reload reads everything again and does what follows from it.
func (r *reloader) reload(ctx context.Context) {
	next, err := r.a.agentConfigFrom(r.sources)
	if err != nil {
		r.complain("the configuration has a mistake, and what was before goes on", err)
		return
	}
	wanted, wrong := r.wanted(next)
	settings := next.Changed(r.cfg)
	r.cfg = next
	added, changed, removed := r.apply(ctx, wanted, &wrong)
	if len(added)+len(changed)+len(removed) > 0 {
		r.p.log.Info("the configuration was read again", "added", added, "changed", changed, "removed", removed)
	}
	switch {
	case len(wrong) > 0:
		r.complain("not all of the configuration could be taken over", errors.Join(wrong...))
	case len(settings) > 0:
		r.complain("settings have changed that count at the next start", errors.New(strings.Join(settings, ", ")))
	case r.told:
		r.told = false
		r.p.agent.SetNotice("")
	}
}

// wanted is what should be online. An endpoint whose secret cannot be had stays as it is; one that uses what comes later is not served without it.
func (r *reloader) wanted(cfg *config.Config) (map[string]agent.Endpoint, []error) {
	out, wrong := map[string]agent.Endpoint{}, []error(nil)
	for _, e := range r.chosen(cfg) {
		if err := notYet(&e); err != nil {
			wrong = append(wrong, err)
			continue
		}
		ready, err := r.a.resolved(&e)
		if err != nil {
			wrong = append(wrong, err)
			if old, ok := r.online[e.Name]; ok {
				out[e.Name] = old
			}
			continue
		}
		out[e.Name] = ready
	}
	return out, wrong
}

// apply makes what is online what is wanted. What ends makes room first.
func (r *reloader) apply(ctx context.Context, wanted map[string]agent.Endpoint, wrong *[]error) (added, changed, removed []string) {
	for _, name := range sortedNames(r.online) {
		if _, stays := wanted[name]; !stays {
			removed = append(removed, name)
			delete(r.online, name)
			if err := r.p.agent.Remove(name); err != nil && !errors.Is(err, inspect.ErrNoEndpoint) {
				*wrong = append(*wrong, err)
			}
		}
	}
	for _, name := range sortedNames(wanted) {
		e := wanted[name]
		old, had := r.online[name]
		if had && old == e {
			continue
		}
		if err := r.put(ctx, e, had); err != nil {
			*wrong = append(*wrong, err)
			continue
		}
		r.online[name] = e
		if had {
			changed = append(changed, name)
		} else {
			added = append(added, name)
		}
	}
	return added, changed, removed
}

// put brings e online, in the place of one of its name if there is one. Without a session nobody is served that could be waited for: it is bound when there is one.
func (r *reloader) put(ctx context.Context, e agent.Endpoint, had bool) error {
	ag := r.p.agent
	if ag.Status().State != inspect.Online {
		if had {
			_ = ag.Remove(e.Name) // it may have been taken out by the local API
		}
		return ag.Forward(e)
	}
	ctx, cancel := context.WithTimeout(ctx, bindWithin)
	defer cancel()
	var err error
	if had {
		_, err = ag.Replace(ctx, e)
	} else {
		_, err = ag.Start(ctx, e)
	}
	return err
}

// complain tells what the person should know, also one who looks at the dashboard.
func (r *reloader) complain(what string, err error) {
	r.p.log.Error(what, "err", err)
	if r.dashboard {
		r.told = true
		r.p.agent.SetNotice(what + ": " + oneLine(err))
	}
}

// oneLine is what err says, for the place of a notice.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func sortedNames(m map[string]agent.Endpoint) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
