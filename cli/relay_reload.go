package cli

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/coreos/go-systemd/v22/daemon"
)

// atOnce are the settings that a relay takes over while it runs; the others count at its next start.
var atOnce = []string{"trust-forwarded", "trust-proxy-protocol", "conns-per-address", "timeout", "grace", "log-level"}

// lifeCounts count what happens to a relay's process, for the metrics page.
type lifeCounts struct{ reloads, reloadFailures, renewFailures atomic.Uint64 }

func (c *lifeCounts) gather(set func(name string, value float64)) {
	set("adit_config_reloads_total", float64(c.reloads.Load()))
	set("adit_config_reload_failures_total", float64(c.reloadFailures.Load()))
	set("adit_restart_failures_total", float64(c.renewFailures.Load()))
}

// reloadWhenAsked reads the configuration again each time when asked to, until ctx ends.
func (r *runningRelay) reloadWhenAsked(ctx context.Context, asked <-chan struct{}) {
	last := r.settings
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
		}
		r.tellManager(daemon.SdNotifyReloading)
		if err := r.files.reopen(); err != nil {
			r.log.Error("a log file could not be opened anew; lines go where they went before", "err", err)
		}
		if err := r.ReloadCertificates(); err != nil {
			r.log.Error("a certificate could not be read anew, and stays as it was", "err", err)
		}
		next, err := r.reload(last)
		if err != nil {
			r.count.reloadFailures.Add(1)
			r.log.Error("the configuration has a mistake, and what was before goes on", "err", err)
		} else {
			r.count.reloads.Add(1)
			last = next
		}
		r.tellManager(daemon.SdNotifyReady)
	}
}

// reload takes over what may change while the relay runs, and names what may not. last is what was read before.
func (r *runningRelay) reload(last *relaySettings) (*relaySettings, error) {
	next, err := r.a.relaySettings(last.given)
	if err != nil {
		return nil, err
	}
	if err := r.Change(next.o.Options); err != nil {
		return nil, err
	}
	level, err := logLevel(next.o.log.level)
	if err != nil {
		return nil, err
	}
	changed := next.changed(last, func(name string) bool { return r.takes(name, next) })
	if len(changed) > 0 || next.file != "" {
		r.log.Info("the configuration was read again", "file", next.file, "changed", changed)
	}
	for _, what := range next.changed(r.settings, func(name string) bool { return !r.takes(name, next) }) {
		r.log.Warn(what + ": takes effect at the next restart")
	}
	r.level.Set(level)
	return next, nil
}

// takes says that a setting can be changed now. Connections of balancers go another way from the start, or they do not.
func (r *runningRelay) takes(name string, next *relaySettings) bool {
	if name == "trust-proxy-protocol" && (len(next.o.proxy) > 0) != (len(r.settings.o.proxy) > 0) {
		return false
	}
	return slices.Contains(atOnce, name)
}

// changed lists the settings, of those that of accepts, which are not as they were.
func (s *relaySettings) changed(old *relaySettings, of func(name string) bool) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(s.texts)) {
		if was, is := old.texts[name], s.texts[name]; of(name) && was != is {
			list = append(list, fmt.Sprintf("--%s changed from %q to %q", name, was, is))
		}
	}
	return list
}

// levelledLogger is logger with a level that may be changed.
func (a *app) levelledLogger(o logOptions, level *slog.LevelVar) (*slog.Logger, func(), error) {
	at, err := logLevel(o.level)
	if err != nil {
		return nil, nil, err
	}
	level.Set(at)
	o.level = "debug"
	log, done, err := a.logger(o, false)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(levelled{log.Handler(), level}), done, nil
}

// levelled is a handler without what is below its level.
type levelled struct {
	slog.Handler
	level slog.Leveler
}

// Enabled implements slog.Handler.
func (h levelled) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.level.Level() && h.Handler.Enabled(ctx, l)
}

// WithAttrs implements slog.Handler.
func (h levelled) WithAttrs(as []slog.Attr) slog.Handler {
	return levelled{h.Handler.WithAttrs(as), h.level}
}

// WithGroup implements slog.Handler.
func (h levelled) WithGroup(name string) slog.Handler {
	return levelled{h.Handler.WithGroup(name), h.level}
}
