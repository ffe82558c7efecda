package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

// compatVersion is the version that adit tells programs that take it for ngrok: one of ngrok's whose commands, log and local API it keeps to. They want three
// numbers and nothing else.
const compatVersion = "3.39.0"

// program reads how adit was called: as ngrok, when its file has that name or --compat ngrok stands anywhere before "--". rest is the command line without it.
func program(argv []string) (rest []string, compat bool, err error) {
	if len(argv) == 0 {
		return nil, false, nil
	}
	base := strings.TrimSuffix(strings.ToLower(filepath.Base(argv[0])), ".exe")
	compat = base == "ngrok"
	args := argv[1:]
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if strings.HasPrefix(arg, "-compat") {
			arg = "-" + arg // one dash is forgiven, as it is for every long flag
		}
		value, found := strings.CutPrefix(arg, "--compat=")
		switch {
		case arg == "--":
			return append(rest, args[i:]...), compat, nil
		case arg == "--compat" && i+1 < len(args):
			i++
			value, found = args[i], true
		case arg == "--compat":
			return rest, compat, usage("--compat needs a name\n  the only one there is: --compat ngrok")
		}
		if !found {
			rest = append(rest, args[i])
			continue
		}
		if value != "ngrok" {
			return rest, compat, usage("--compat %q: adit can stand in for ngrok and for nothing else\n  try --compat ngrok", value)
		}
		compat = true
	}
	return rest, compat, nil
}

// name is what the program is called in its own help.
func (a *app) name() string {
	if a.compat {
		return "ngrok"
	}
	return "adit"
}

// version is the line that tells the version.
func (a *app) version() string {
	if a.compat {
		return "ngrok version " + compatVersion
	}
	return "adit version " + Version
}

// compatCommands adds what ngrok has and adit has no use for. Programs that drive ngrok pass the flags of its log to every command.
func (a *app) compatCommands(root *cobra.Command) {
	f := root.PersistentFlags()
	for _, name := range []string{"log", "log-level", "log-format", "config", "authtoken", "region"} {
		f.String(name, "", "")
	}
	f.VisitAll(func(flag *pflag.Flag) { flag.Hidden = true })
	root.AddCommand(&cobra.Command{
		Use: "update", Short: "Say that there is no update", Hidden: true, FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.Out, "No update available: this is adit %s, which does not update itself.\n", Version)
			return err
		},
	}, &cobra.Command{
		Use: "api", Short: "Say that there is no such service", Hidden: true, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return usage("the command api asks ngrok's own service, which adit has nothing to do with\n  the agent's local API is at http://127.0.0.1:4040/api while it runs")
		},
	})
}

// reportAsNgrok prints an error as ngrok does, each line marked, and tells the log: client libraries show their user what stands behind err.
func (a *app) reportAsNgrok(err error) {
	if log := a.anyLog(); log != nil {
		log.Error("terminating with error", "obj", "app", "err", compatText(err))
		log.Log(context.Background(), levelCrit, "command failed", "err", compatText(err))
	}
	for line := range strings.SplitSeq(compatText(err), "\n") {
		fmt.Fprintln(a.Err, strings.TrimRight("ERROR:  "+line, " "))
	}
	fmt.Fprintln(a.Err, "ERROR:")
}

// compatText is an error with what to do about it.
func compatText(err error) string {
	text := err.Error()
	if next := remedy(err); next != "" {
		text += "\n" + next
	}
	return text
}

// standIn is what adit keeps while it stands in for ngrok.
type standIn struct {
	log   *slog.Logger // nil: none is open yet
	close func()       // nil likewise
}

// end closes what is open.
func (s *standIn) end() {
	if s.close != nil {
		s.close()
	}
}

// compatLogger is logger as ngrok has it: without a screen the log goes to standard output, and it stays open until the very end, to tell why that came.
func (a *app) compatLogger(o logOptions, dashboard bool) (log *slog.Logger, close func(), err error) {
	if o.to == "" && !dashboard {
		o.to = "stdout"
	}
	if a.stand.log, a.stand.close, err = a.logger(o, dashboard); err != nil {
		return nil, nil, err
	}
	return a.stand.log, func() {}, nil
}

// logHandlers is logHandler, or ngrok's formats.
func (a *app) logHandlers(level, format string) (func(io.Writer, screen) slog.Handler, error) {
	if !a.compat {
		return logHandler(level, format)
	}
	l, err := logLevel(level)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer, s screen) slog.Handler { return newNgrokHandler(w, l, format, s) }, nil
}

// agentsLog is what the agent logs to. Who stands in for ngrok words its events, and only lets through what needs attention.
func (a *app) agentsLog(log *slog.Logger) *slog.Logger {
	if a.compat {
		return quiet(log)
	}
	return log
}

// warnAsNgrok says something in the log, else on standard output.
func (a *app) warnAsNgrok(text string) {
	if log := a.anyLog(); log != nil {
		log.Warn(text)
		return
	}
	fmt.Fprintln(a.Out, text)
}

// anyLog is the log. Before the configuration is read it is what the command line asks for; nil: nothing.
func (a *app) anyLog() *slog.Logger {
	if a.stand.log != nil {
		return a.stand.log
	}
	set := givenFlags(a.args, "log", "log-format")
	if !slices.Equal(set["log"], []string{"stdout"}) {
		return nil
	}
	format := slices.Concat(set["log-format"], []string{"logfmt"})[0]
	return slog.New(newNgrokHandler(a.Out, slog.LevelInfo, format, screen{}))
}

// exitCode is the program's: ngrok knows success and failure.
func (a *app) exitCode(err error) int {
	code := exitCode(err)
	switch {
	case !a.compat:
		return code
	case code == exitInterrupted:
		return exitOK
	}
	return min(code, exitNo)
}

// userFile is the configuration file that commands change, and what they read without --config.
func (a *app) userFile() (string, error) {
	if a.compat {
		return a.ngroksFile()
	}
	return config.File(runtime.GOOS, a.env)
}

// newFile is where a configuration file belongs that is written anew.
func (a *app) newFile() (string, error) {
	if places := config.NgrokFiles(runtime.GOOS, a.env); a.compat && len(places) > 0 {
		return places[0], nil
	}
	return config.File(runtime.GOOS, a.env)
}

// ngroksFile is the person's configuration file of ngrok, or where it would be.
func (a *app) ngroksFile() (string, error) {
	places := config.NgrokFiles(runtime.GOOS, a.env)
	if len(places) == 0 {
		return config.File(runtime.GOOS, a.env) // whose error says what is missing
	}
	for _, path := range places {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return places[0], nil
}
