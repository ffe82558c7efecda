// Package config is what the user wrote down: the settings of the agent and its endpoints, their defaults, and the layers they come from.
//
// Options is the table of everything that can be set, with all spellings: flags, keys of files in ngrok's version 2 and 3, environment variables.
// Load puts the layers on top of each other, lowest first: defaults, the system's file, the user's, the project's, environment variables
// (ADIT_*), flags that were set. Files named with --config stand instead of the three. Every value knows where it comes from. All mistakes of
// all layers are returned at once.
package config

import (
	"slices"
	"time"

	"github.com/knadh/koanf/v2"
)

// delim separates the parts of a key inside koanf. It is a control byte because endpoints' names, which become keys too, may
// hold dots and slashes.
const delim = "\x1f"

const envPrefix = "ADIT_"

// Config is the settings of an agent and the endpoints that files describe.
type Config struct {
	Relay       string        // HOST:PORT of the relay's agents' port, or wss://HOST[:PORT]; "" starts an embedded relay
	Proxy       string        // URL of the proxy on the way to the relay; "": the environment's
	RelayPin    string        // "sha256:HEX"
	RelayCA     string        // path of a PEM file
	Authtoken   string        // for Relay; may be a reference (Secret)
	WebAddr     string        // HOST:PORT of the local API; "false" for none
	WebAllow    []string      // further Host names that it answers to
	WebPassword string        // that it asks for, "" none; may be a reference (Secret)
	StateDir    string        // where slots, keys and captures are kept; "" the usual place
	NoTUI       Tristate      // lines instead of a screen
	Log         string        // "stderr", "stdout", "false" or a path; "" lets the face decide
	LogLevel    string        // debug, info, warn, error, crit
	LogFormat   string        // term, logfmt or json
	LogMaxSize  int           // MiB after which a log file is set aside; 0 never
	ReadyFile   string        // path of the file that tells when all endpoints are up, "" none
	URLFile     string        // likewise, with their URLs alone
	GiveUp      time.Duration // end after so long without a session; 0 never
	Legs        int           // connections to the relay, 1 to 4
	Capture     Capture
	Dashboard   Dashboard
	Webhooks    []Webhook // of which secrets are known

	Endpoints []Endpoint // in the order of the files; a name stands once
	NotYet    []NotYet   // settings that are used and come later; not empty: nothing must be started
	Notices   []string   // what the person should know about the configuration, though it is no mistake
	Files     []string   // what was read

	origin origins
}

// Capture says what is recorded of the traffic, and where and how long it is kept.
type Capture struct {
	Off        bool          // nothing is recorded
	MemoryOnly bool          // none of it goes to the disk
	MaxSize    int64         // bytes on the disk
	MaxAge     time.Duration // of what is on the disk
	Headers    []string      // names of fields whose values are never recorded
	JSON       []string      // likewise paths of values in JSON content: $.card.number
}

// Dashboard says how the dashboard looks and behaves.
type Dashboard struct {
	Theme   string              // auto, light, dark or 16
	MaskAll bool                // nothing captured is readable, on the page neither
	Mask    []string            // paths of values within JSON content that are masked, on the page too
	ASCII   Tristate            // drawn with ASCII alone; Unset: if the locale says so
	Inline  bool                // below what the terminal shows
	Mouse   bool                // it takes the mouse
	Profile string              // the keys that it has without Keys: default, vim or emacs
	Keys    map[string][]string // keys of actions by their ids; none: no key
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
	Files    []string            // files that the person named; they must exist, and stand instead of the next four
	System   string              // the system's file, which may be missing, like the next three; "": none
	Ngrok    string              // ngrok's own, for who stands in for it
	User     string              // the user's
	Project  string              // the project's (FindProject)
	Environ  []string            // KEY=VALUE, as os.Environ gives them
	Flags    map[string][]string // flags that were set, by name without dashes, in whichever spelling
	StateDir string              // the usual state directory: where it is kept whom the person trusts
	// CheckKeys, when set, tells what is wrong with the dashboard's keys, by the id of the action; "" is the profile. The dashboard knows its actions.
	CheckKeys func(profile string, keys map[string][]string, wrong func(id, text string))
}

// Load reads all layers and checks the result. The error joins every mistake found, each a *KeyError; each names the file and line, the
// variable or the flag it comes from.
func Load(s Sources) (*Config, error) {
	l := loader{k: koanf.New(delim), origin: map[string]value{}, drafts: map[string]draft{}}
	files, above := l.files(s), []layer{l.environ(s.Environ), l.flags(s.Flags)}
	if len(s.Files) == 0 {
		files = append(files, l.project(s.Project, stateDir(slices.Concat(files, above), s.StateDir), files)...)
	}
	for _, layer := range slices.Concat([]layer{defaults()}, files, above) {
		l.put(layer)
	}
	c := l.config()
	if s.CheckKeys != nil {
		s.CheckKeys(c.Dashboard.Profile, c.Dashboard.Keys, l.wrongKey)
	}
	l.lateToken(c, s.Environ)
	return c, join(l.mistakes)
}

// Origin names the layer a setting comes from: "default", "file PATH:LINE", "env NAME" or "flag --NAME". name is the
// setting's flag name; "" for one that does not exist.
func (c *Config) Origin(name string) string { return c.origin[settingKey(name)].where }
