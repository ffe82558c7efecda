package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/adit-tunnel/adit/config"
)

// logger opens the log that the settings ask for. With to "" it goes to stderr, or nowhere when a dashboard has the screen. close
// ends it.
func (a *app) logger(to, level, format string, dashboard bool) (log *slog.Logger, close func(), err error) {
	handler, err := logHandler(level, format)
	if err != nil {
		return nil, nil, err
	}
	var w io.Writer
	close = func() {}
	switch to {
	case "":
		if dashboard {
			return slog.New(slog.DiscardHandler), close, nil
		}
		w = &lossy{w: a.Err}
	case "stderr", "stdout":
		if dashboard {
			return nil, nil, usage("the log cannot go to %s while the dashboard has the screen\n  name a file, or pass --no-tui", to)
		}
		w = &lossy{w: a.Err}
		if to == "stdout" {
			w = &lossy{w: a.Out, what: "the log", say: a.complain}
		}
	case "false":
		return slog.New(slog.DiscardHandler), close, nil
	default:
		f, err := os.OpenFile(to, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, usage("the log: %w", err)
		}
		file := &lossy{w: f, what: "the log " + to, say: a.complain}
		if dashboard {
			file.say = nil // it has the screen
		}
		w, close = file, func() { _ = f.Close() }
	}
	return slog.New(handler(w)), close, nil
}

// complain tells the person at the terminal, or who reads stderr later, what cannot be told in the log.
func (a *app) complain(text string) { fmt.Fprintln(a.Err, "adit:", text) }

func logHandler(level, format string) (func(io.Writer) slog.Handler, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, usage("--log-level %q is none of debug, info, warn, error", level)
	}
	o := &slog.HandlerOptions{Level: l}
	switch format {
	case "json":
		return func(w io.Writer) slog.Handler { return slog.NewJSONHandler(w, o) }, nil
	case "logfmt":
		return func(w io.Writer) slog.Handler { return slog.NewTextHandler(w, o) }, nil
	}
	return nil, usage("--log-format %q is neither logfmt nor json", format)
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

func (a *app) agentLogger(c *config.Config, dashboard bool) (*slog.Logger, func(), error) {
	return a.logger(c.Log, c.LogLevel, c.LogFormat, dashboard)
}
