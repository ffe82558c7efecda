package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
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
// nothing. Secrets of webhooks count at once; the agent's other settings at the next start, and it says so.
type reloader struct {
	following
	a         *app
	p         *parts
	cfg       *config.Config            // what the agent was started with
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
	var events <-chan fsnotify.Event // these two stay nil, and silent, when the system has no watch to give
	var failures <-chan error
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		r.p.log.Warn("the configuration is not watched; SIGHUP makes adit read it again", "err", err)
		watcher = nil
	} else {
		defer watcher.Close()
		events, failures = watcher.Events, watcher.Errors
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
		case e := <-events:
			if slices.Contains(names, e.Name) && e.Op != fsnotify.Chmod {
				quiet.Reset(settle)
			}
		case err := <-failures:
			r.p.log.Warn("watching the configuration", "err", err)
			quiet.Reset(settle) // something may have been missed
		case <-quiet.C:
			names = r.watch(watcher) // links may lead elsewhere now; what changes while the files are read shows afterwards
			if again := r.reload(ctx); again {
				quiet.Reset(bindWithin)
			}
		}
	}
}

// watch watches the folders of all files: a file that is replaced, or comes later, is another one than was there. Where a folder is not there yet, the
// one above it is watched for it. It returns the paths that matter.
func (r *reloader) watch(w *fsnotify.Watcher) []string {
	if w == nil {
		return nil
	}
	var names []string
	for _, path := range r.sources.Places(r.cfg.StateDir) {
		abs, err := filepath.Abs(path)
		for err == nil && abs != filepath.Dir(abs) {
			names = append(names, abs)
			abs = filepath.Dir(abs)
			if w.Add(abs) == nil {
				break
			}
		}
	}
	return names
}

// reload reads everything again and does what follows from it; again says that something could not be done just now. The token stays where it is: it
// counts at the next start.
func (r *reloader) reload(ctx context.Context) (again bool) {
	next, err := r.a.loadFrom(r.sources)
	if err == nil {
		err = later("", next.NotYet)
	}
	if err != nil {
		r.complain("the configuration has a mistake, and what was before goes on", err)
		return false
	}
	wanted, wrong := r.wanted(ctx, next)
	if err := setWebhooks(ctx, r.p.agent, next, r.secrets()); err != nil {
		wrong = append(wrong, err)
	}
	settings := next.Changed(r.cfg)
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
	return slices.ContainsFunc(wrong, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) })
}

// wanted is what should be online. An endpoint whose secret cannot be had stays as it is; one that uses what comes later is not served without it.
func (r *reloader) wanted(ctx context.Context, cfg *config.Config) (map[string]agent.Endpoint, []error) {
	out, wrong := map[string]agent.Endpoint{}, []error(nil)
	for _, e := range r.chosen(cfg) {
		if err := notYet(&e); err != nil {
			wrong = append(wrong, err)
			continue
		}
		if err := e.Resolve(ctx, r.secrets()); err != nil {
			wrong = append(wrong, err)
			if old, ok := r.online[e.Name]; ok {
				out[e.Name] = old
			}
			continue
		}
		out[e.Name] = agentEndpoint(&e)
	}
	return out, wrong
}

// secrets is what references are looked up with while the agent runs: nothing may write over the dashboard.
func (r *reloader) secrets() config.SecretOptions {
	o := r.a.secretOptions()
	if r.dashboard {
		o.Stderr, o.Warn = nil, func(text string) { r.p.log.Warn(text) }
	}
	return o
}

// apply makes what is online what is wanted. What ends makes room first, and so does what leaves its host name to another endpoint.
func (r *reloader) apply(ctx context.Context, wanted map[string]agent.Endpoint, wrong *[]error) (added, changed, removed []string) {
	for name := range r.online {
		if r.isTheirs(name) {
			delete(r.online, name)
		}
	}
	before := maps.Clone(r.online)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		_, stays := wanted[name]
		if stays && !leavesHost(name, before, wanted) {
			continue
		}
		if !stays {
			removed = append(removed, name)
		}
		delete(r.online, name)
		if err := r.p.agent.Remove(name); err != nil && !errors.Is(err, inspect.ErrNoEndpoint) {
			*wrong = append(*wrong, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		e := wanted[name]
		old, had := r.online[name]
		switch {
		case had && reflect.DeepEqual(old, e):
			continue
		case r.isTheirs(name):
			*wrong = append(*wrong, fmt.Errorf("the local API has started an endpoint %q, which stays; end that one, or give this one another name", name))
			continue
		}
		if err := r.put(ctx, e, had); err != nil {
			*wrong = append(*wrong, err)
			continue
		}
		r.online[name] = e
		if _, known := before[name]; known {
			changed = append(changed, name)
		} else {
			added = append(added, name)
		}
	}
	return added, changed, removed
}

// isTheirs says that the endpoint of that name is the local API's, perhaps in the place of the file's.
func (r *reloader) isTheirs(name string) bool {
	_, theirs := r.p.made.Load(name)
	return theirs
}

// leavesHost says that an endpoint goes to another host name, and that another endpoint wants the one it has.
func leavesHost(name string, before, wanted map[string]agent.Endpoint) bool {
	has := before[name].Host
	if has == "" || has == wanted[name].Host {
		return false
	}
	for other, e := range wanted {
		if other != name && e.Host == has && before[other].Host != has {
			return true
		}
	}
	return false
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
