// Package config is what the user wrote down: the settings of the agent, their defaults, and the layers they come from.
//
// Load puts the layers on top of each other, lowest first: defaults, the user's file, environment variables (ADIT_*), flags that
// were set. Every value knows its layer (Config.Origin). All mistakes of all layers are returned at once.
package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// delim separates the parts of a key inside koanf. It is a control byte because endpoints' names, which become keys too, may
// hold dots and slashes.
const delim = "\x1f"

// Config is the settings of an agent.
type Config struct {
	Relay      string        // HOST:PORT of the relay's agents' port; "" starts an embedded relay
	RelayPin   string        // "sha256:HEX"
	RelayCA    string        // path of a PEM file
	Authtoken  string        // for Relay
	WebAddr    string        // HOST:PORT of the web interface; "false" for none
	StateDir   string        // where slots, keys and captures are kept
	NoTUI      Tristate      // lines instead of a screen
	Log        string        // "stderr", "stdout", "false" or a path; "" lets the face decide
	LogLevel   string        // debug, info, warn, error, crit
	LogFormat  string        // term, logfmt or json
	LogMaxSize int           // MiB after which a log file is set aside; 0 never
	ReadyFile  string        // path of the file that tells when all endpoints are up, "" none
	URLFile    string        // likewise, with their URLs alone
	GiveUp     time.Duration // end after so long without a session; 0 never
	Legs       int           // connections to the relay, 1 to 4
	Notices    []string      // what the person should know about the configuration, though it is no mistake

	origin map[string]string
}

// Tristate is a yes or no that may also be left open.
type Tristate uint8

// The values of a Tristate.
const (
	Unset Tristate = iota
	Yes
	No
)

// Sources says where the layers come from.
type Sources struct {
	File     string            // path of the configuration file
	Required bool              // the person named File: it must exist
	Environ  []string          // KEY=VALUE, as os.Environ gives them
	Flags    map[string]string // flags that were set, by name without dashes
}

// Load reads all layers and checks the result. The error joins every mistake found; each names the file and line, the
// variable or the flag it comes from.
func Load(s Sources) (*Config, error) {
	k := koanf.New(delim)
	l := loader{k: k, origin: map[string]string{}}
	l.layer("default", defaults())
	l.file(s.File, s.Required)
	l.environ(s.Environ)
	l.flags(s.Flags)
	c := l.config()
	return c, errors.Join(l.mistakes...)
}

// Origin names the layer a setting comes from: "default", "file PATH:LINE", "env NAME" or "flag --NAME". name is the
// setting's flag name; "" for one that does not exist.
func (c *Config) Origin(name string) string { return c.origin[name] }

type loader struct {
	k        *koanf.Koanf
	origin   map[string]string
	notices  []string
	mistakes []error
}

func (l *loader) mistake(format string, a ...any) {
	l.mistakes = append(l.mistakes, fmt.Errorf(format, a...))
}

// layer puts values (by setting name) on top; all of them come from one place.
func (l *loader) layer(origin string, values map[string]string) {
	for i := range settings {
		if v, ok := values[settings[i].name]; ok {
			l.set(origin, &settings[i], v)
		}
	}
}

func (l *loader) set(origin string, s *setting, value string) {
	if err := s.check(value); err != nil {
		where := origin // which names a flag or a variable
		if place, ok := strings.CutPrefix(origin, "file "); ok {
			where = place + ": " + s.file
		}
		l.mistake("%s: %w", where, err)
		return
	}
	m := map[string]any{s.key(): value}
	if err := l.k.Load(confmap.Provider(m, delim), nil); err != nil {
		l.mistake("%s: %s: %w", origin, s.name, err)
		return
	}
	l.origin[s.name] = origin
}

func (l *loader) file(path string, required bool) {
	if path == "" {
		return
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !required {
		return
	}
	if err != nil {
		l.mistake("configuration file: %w", err)
		return
	}
	l.readFile(path, data)
}

func (l *loader) environ(environ []string) {
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) {
			continue
		}
		s := settingByEnv(name)
		if s == nil {
			l.notices = append(l.notices, fmt.Sprintf("the environment variable %s means nothing to adit%s", name, hint(name, envNames())))
			continue
		}
		l.set("env "+name, s, value)
	}
}

func (l *loader) flags(flags map[string]string) {
	for i := range settings {
		if v, ok := flags[settings[i].name]; ok {
			l.set("flag --"+settings[i].name, &settings[i], v)
		}
	}
}

func (l *loader) get(name string) string { return l.k.String(settingByName(name).key()) }

func (l *loader) config() *Config {
	c := &Config{
		Relay: l.get("relay"), RelayPin: l.get("relay-pin"), RelayCA: l.get("relay-ca"), Authtoken: l.get("authtoken"),
		WebAddr: l.get("web-addr"), StateDir: l.get("state-dir"),
		Log: l.get("log"), LogLevel: l.get("log-level"), LogFormat: l.get("log-format"),
		Notices: l.notices, origin: l.origin,
	}
	c.ReadyFile, c.URLFile = l.get("ready-file"), l.get("url-file")
	c.LogMaxSize, _ = strconv.Atoi(l.get("log-max-size"))
	c.GiveUp, _ = time.ParseDuration(l.get("give-up"))
	c.Legs, _ = strconv.Atoi(l.get("legs"))
	switch l.get("no-tui") {
	case "true":
		c.NoTUI = Yes
	case "false":
		c.NoTUI = No
	}
	if c.Relay == "" {
		for _, name := range []string{"relay-pin", "relay-ca"} {
			if l.get(name) != "" {
				l.mistake("%s: %s means nothing without --relay HOST:PORT", l.origin[name], name)
			}
		}
	} else if _, _, err := net.SplitHostPort(c.Relay); err != nil {
		c.Relay = net.JoinHostPort(strings.Trim(c.Relay, "[]"), DefaultAgentsPort)
	}
	return c
}
