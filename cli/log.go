package cli

import (
	"context"
	"io"
	"log/slog"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/adit-tunnel/adit/config"
)

// levelCrit is above everything that adit logs as an error: with it, the log keeps silent.
const levelCrit = slog.LevelError + 4

// logOptions says where a log goes and what it looks like.
type logOptions struct {
	to      string // "stderr", "stdout", "false" or a path; "": stderr, or nowhere when a dashboard has the screen
	level   string // debug, info, warn, error or crit
	format  string // term, logfmt or json
	maxSize int    // MiB after which a file is set aside and a new one begun; 0: never
	files   *logFiles
}

func (o logOptions) checkSize() error {
	if o.maxSize < 0 {
		return usage("--log-max-size %d: it is a number of MiB; 0 sets no limit", o.maxSize)
	}
	return nil
}

// logger opens the log that o asks for; close ends it.
func (a *app) logger(o logOptions, dashboard bool) (log *slog.Logger, close func(), err error) {
	if err := o.checkSize(); err != nil {
		return nil, nil, err
	}
	handler, err := a.logHandlers(o.level, o.format)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case o.to == "false" || o.to == "" && dashboard:
		return discard(), func() {}, nil
	case dashboard && (o.to == "stdout" || o.to == "stderr" && a.screenOf(a.Err).terminal):
		return nil, nil, usage("the log cannot go to %s while the dashboard has the screen\n  name a file, or pass --no-tui", o.to)
	case o.to == "" || o.to == "stderr":
		w := newUnhurried(&lossy{w: a.Err}, a.guard.Go)
		return slog.New(handler(w, a.screenOf(a.Err))), w.close, nil
	case o.to == "stdout":
		w := newUnhurried(&lossy{w: a.Out, what: "the log", say: a.complain}, a.guard.Go)
		return slog.New(handler(w, a.screenOf(a.Out))), w.close, nil
	}
	f, err := o.files.open(o.to, 0o600, o.maxSize)
	if err != nil {
		return nil, nil, usage("the log: %w", err)
	}
	w := &lossy{w: f, what: "the log " + o.to, say: a.complain, torn: torn(o.to)}
	if dashboard {
		w.say = nil // it has the screen
	}
	return slog.New(handler(w, screen{})), func() { _ = f.Close() }, nil
}

func (a *app) agentLogger(c *config.Config, dashboard bool) (*slog.Logger, func(), error) {
	o := logOptions{to: c.Log, level: c.LogLevel, format: c.LogFormat, maxSize: c.LogMaxSize}
	if a.compat {
		return a.compatLogger(o, dashboard)
	}
	return a.logger(o, dashboard)
}

// screen is what is known of the place where a log's lines are read.
type screen struct{ terminal, colour bool }

// screenOf asks f. Old consoles of Windows would show the codes of colours.
func (a *app) screenOf(f *os.File) screen {
	t := term.IsTerminal(int(f.Fd()))
	return screen{t, t && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb" && runtime.GOOS != "windows"}
}

// logHandler makes the handlers of a format. "term" is for people: where no terminal is, it is logfmt.
func logHandler(level, format string) (func(io.Writer, screen) slog.Handler, error) {
	l, err := logLevel(level)
	if err != nil {
		return nil, err
	}
	o := &slog.HandlerOptions{Level: l}
	switch format {
	case "json":
		return func(w io.Writer, _ screen) slog.Handler { return slog.NewJSONHandler(w, o) }, nil
	case "logfmt":
		return func(w io.Writer, _ screen) slog.Handler { return slog.NewTextHandler(w, o) }, nil
	case "term":
		return func(w io.Writer, s screen) slog.Handler {
			if s.terminal {
				return newTermHandler(w, l, s.colour)
			}
			return slog.NewTextHandler(w, o)
		}, nil
	}
	return nil, usage("--log-format %q is none of term, logfmt, json", format)
}

func logLevel(name string) (slog.Level, error) {
	if name == "crit" {
		return levelCrit, nil
	}
	var l slog.Level
	if err := l.UnmarshalText([]byte(name)); err != nil {
		return 0, usage("--log-level %q is none of debug, info, warn, error, crit", name)
	}
	return l, nil
}

// quiet lets through what needs attention, and everything when debugging. An embedded relay's news is told by the agent already.
func quiet(log *slog.Logger) *slog.Logger {
	if log.Enabled(context.Background(), slog.LevelDebug) {
		return log
	}
	return slog.New(warnings{log.Handler()})
}

// warnings is a handler without what is less than a warning.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}
func (h warnings) WithAttrs(as []slog.Attr) slog.Handler { return warnings{h.Handler.WithAttrs(as)} }
func (h warnings) WithGroup(name string) slog.Handler    { return warnings{h.Handler.WithGroup(name)} }

// discard is a log that nobody reads.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
