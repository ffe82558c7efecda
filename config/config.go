// Package config is what the user wrote down: the settings of the agent and its endpoints, their defaults, and the layers they come from.
//
// Options is the table of everything that can be set, with all spellings: flags, keys of files in ngrok's version 2 and 3, environment variables.
// Load puts the layers on top of each other, lowest first: defaults, the system's file, the user's, the project's, environment variables
// (ADIT_*), flags that were set. Files named with --config stand instead of the three. Every value knows where it comes from. All mistakes of
// all layers are returned at once.
package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// delim separates the parts of a key inside koanf. It is a control byte because endpoints' names, which become keys too, may
// hold dots and slashes.
const delim = "\x1f"

const envPrefix = "ADIT_"

// Config is the settings of an agent and the endpoints that files describe.
type Config struct {
	Relay      string        // HOST:PORT of the relay's agents' port; "" starts an embedded relay
	RelayPin   string        // "sha256:HEX"
	RelayCA    string        // path of a PEM file
	Authtoken  string        // for Relay; may be a reference (Secret)
	WebAddr    string        // HOST:PORT of the web interface; "false" for none
	WebAllow   []string      // further Host names that it answers to
	StateDir   string        // where slots, keys and captures are kept; "" the usual place
	NoTUI      Tristate      // lines instead of a screen
	Log        string        // "stderr", "stdout", "false" or a path; "" lets the face decide
	LogLevel   string        // debug, info, warn, error, crit
	LogFormat  string        // term, logfmt or json
	LogMaxSize int           // MiB after which a log file is set aside; 0 never
	ReadyFile  string        // path of the file that tells when all endpoints are up, "" none
	URLFile    string        // likewise, with their URLs alone
	GiveUp     time.Duration // end after so long without a session; 0 never
	Legs       int           // connections to the relay, 1 to 4

	Endpoints []Endpoint // in the order of the files; a name stands once
	NotYet    []NotYet   // settings that are used and come later; not empty: nothing must be started
	Notices   []string   // what the person should know about the configuration, though it is no mistake
	Files     []string   // what was read

	origin map[string]value // by koanf's key
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
	l.lateToken(c, s.Environ)
	return c, join(l.mistakes)
}

// Origin names the layer a setting comes from: "default", "file PATH:LINE", "env NAME" or "flag --NAME". name is the
// setting's flag name; "" for one that does not exist.
func (c *Config) Origin(name string) string { return c.origin[settingKey(name)].where }

type loader struct {
	k *koanf.Koanf
	mistakes
	origin  map[string]value
	names   []string         // of endpoints, in order
	drafts  map[string]draft // the last one of each, without values
	notices []string
	read    []string
}

func settingKey(option string) string        { return "agent" + delim + option }
func endpointKey(name, option string) string { return "endpoints" + delim + name + delim + option }

// put lays a layer on top.
func (l *loader) put(from layer) {
	for _, v := range from.agent {
		l.set(settingKey(v.option.Name), v)
	}
	for _, d := range from.endpoints {
		if !slices.Contains(l.names, d.name) {
			l.names = append(l.names, d.name)
		}
		l.drafts[d.name] = draft{name: d.name, where: d.where, tunnel: d.tunnel}
		for _, v := range d.values {
			l.set(endpointKey(d.name, v.option.Name), v)
		}
	}
}

func (l *loader) set(key string, v value) {
	if err := l.k.Load(confmap.Provider(map[string]any{key: v.texts}, delim), nil); err != nil {
		l.at(v, "%v", err)
		return
	}
	l.origin[key] = v
}

func defaults() layer {
	var l layer
	for i := range Options {
		if o := &Options[i]; o.Scope == OfAgent && o.Default != "" && o.Standing == Works {
			l.agent = append(l.agent, value{option: o, key: o.Name, texts: o.elements(o.Default), where: "default"})
		}
	}
	return l
}

func (l *loader) environ(environ []string) layer {
	var out layer
	for _, kv := range environ {
		name, text, ok := strings.Cut(kv, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) {
			continue
		}
		o := optionByEnv(name)
		if o == nil {
			l.notices = append(l.notices, fmt.Sprintf("the environment variable %s means nothing to adit%s", name, hint(name, envNames())))
			continue
		}
		v := value{option: o, key: name, texts: o.elements(text), where: "env " + name}
		if l.checked(v) {
			out.agent = append(out.agent, v)
		}
	}
	return out
}

func (l *loader) flags(flags map[string][]string) layer {
	var out layer
	values, notices := flagValues(OfAgent, flags, &l.mistakes)
	out.agent = values
	l.notices = append(l.notices, notices...)
	return out
}

// checked says whether all of v is right, and notes what is not.
func (m *mistakes) checked(v value) bool {
	before := len(*m)
	for _, t := range v.texts {
		if err := v.option.checkText(t, false); err != nil {
			m.at(v, "%v", err)
		}
	}
	return len(*m) == before
}

func (l *loader) strings(name string) []string { return l.k.Strings(settingKey(name)) }

func (l *loader) get(name string) string {
	if s := l.strings(name); len(s) > 0 {
		return s[0]
	}
	return ""
}

func (l *loader) config() *Config {
	c := &Config{
		Relay: l.get("relay"), RelayPin: l.get("relay-pin"), RelayCA: l.get("relay-ca"), Authtoken: l.get("authtoken"),
		WebAddr: l.get("web-addr"), WebAllow: l.strings("web-allow-hosts"), StateDir: l.get("state-dir"), NoTUI: l.noTUI(),
		Log: l.get("log"), LogLevel: l.get("log-level"), LogFormat: l.get("log-format"),
		ReadyFile: l.get("ready-file"), URLFile: l.get("url-file"),
		Files: l.read, origin: l.origin,
	}
	c.LogMaxSize, _ = strconv.Atoi(l.get("log-max-size"))
	c.GiveUp, _ = time.ParseDuration(l.get("give-up"))
	c.Legs, _ = strconv.Atoi(l.get("legs"))
	if c.Relay == "" {
		for _, name := range []string{"relay-pin", "relay-ca"} {
			if v := l.origin[settingKey(name)]; v.used() {
				l.add(v.at(), "", "%s means nothing without --relay HOST:PORT", v.option.Name)
			}
		}
	} else if _, _, err := net.SplitHostPort(c.Relay); err != nil {
		c.Relay = net.JoinHostPort(strings.Trim(c.Relay, "[]"), DefaultAgentsPort)
	}
	c.Endpoints = l.endpoints()
	c.NotYet = l.later()
	c.Notices = append(l.notices, l.ignored()...)
	return c
}

// endpoints makes the endpoints of what lies on top of each other.
func (l *loader) endpoints() []Endpoint {
	var out []Endpoint
	recorded := l.get("inspect-db-size") != "-1"
	for _, name := range l.names {
		d := l.drafts[name]
		for i := range Options {
			key := endpointKey(name, Options[i].Name)
			if v, ok := l.origin[key]; ok && Options[i].Scope == OfEndpoint {
				v.texts = l.k.Strings(key)
				d.values = append(d.values, v)
			}
		}
		e := d.endpoint(&l.mistakes)
		e.Inspect = e.Inspect && recorded
		out = append(out, e)
	}
	return out
}

// noTUI is adit's own key, or ngrok's console_ui where that is not written.
func (l *loader) noTUI() Tristate {
	switch l.get("no-tui") {
	case "true":
		return Yes
	case "false":
		return No
	}
	switch l.get("console-ui") {
	case "true":
		return No
	case "false":
		return Yes
	}
	return Unset
}

// later lists the settings that are used and come later.
func (l *loader) later() []NotYet {
	var out []NotYet
	for i := range Options {
		if v := l.origin[settingKey(Options[i].Name)]; Options[i].Scope == OfAgent && Options[i].Standing == Later && v.used() {
			out = append(out, NotYet{v.key, v.where})
		}
	}
	return out
}

// ignored makes one notice of all settings that have no meaning here.
func (l *loader) ignored() []string {
	var keys []string
	for i := range Options {
		v := l.origin[settingKey(Options[i].Name)]
		if Options[i].Scope == OfAgent && Options[i].Standing == Ignored && v.used() {
			keys = append(keys, fmt.Sprintf("%s (%s)", strings.TrimLeft(v.key, "-"), v.at()))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return []string{"these settings are ngrok's and mean nothing to adit: " + strings.Join(keys, ", ")}
}

// lateToken takes NGROK_AUTHTOKEN where a relay is named and no token is: a token for ngrok's servers must not go anywhere unasked.
func (l *loader) lateToken(c *Config, environ []string) {
	const name = "NGROK_AUTHTOKEN"
	i := slices.IndexFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, name+"=") && len(kv) > len(name)+1 })
	if i < 0 || c.Relay == "" || c.Authtoken != "" {
		return
	}
	c.Authtoken = environ[i][len(name)+1:]
	c.origin[settingKey("authtoken")] = value{option: Lookup(OfAgent, "authtoken"), key: name, texts: []string{c.Authtoken}, where: "env " + name}
	c.Notices = append(c.Notices, "the token for the relay comes from "+name+"; ADIT_AUTHTOKEN is the name of adit's own")
}

// stateDir is the state directory that the last of layers names.
func stateDir(layers []layer, usual string) string {
	for _, l := range layers {
		for _, v := range l.agent {
			if v.option.Name == "state-dir" && v.used() {
				usual = v.texts[0]
			}
		}
	}
	return usual
}

// files reads the files in the order in which they lie on top of each other, all but the project's.
func (l *loader) files(s Sources) []layer {
	var out []layer
	if len(s.Files) > 0 {
		for _, path := range s.Files {
			out = l.file(out, path, true)
		}
		return out
	}
	return l.file(l.file(l.file(out, s.System, false), s.Ngrok, false), s.User, false)
}

func (l *loader) file(to []layer, path string, required bool) []layer {
	if path == "" {
		return to
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && !required {
		return to
	}
	if err != nil {
		l.mistakes = append(l.mistakes, fmt.Errorf("configuration file: %w", err))
		return to
	}
	l.read = append(l.read, path)
	from, wrong := readFile(path, data)
	l.mistakes = append(l.mistakes, wrong...)
	return append(to, from)
}

func optionByEnv(name string) *Option {
	for i := range Options {
		if Options[i].Env() == name {
			return &Options[i]
		}
	}
	return nil
}

func envNames() (out []string) {
	for i := range Options {
		if name := Options[i].Env(); name != "" {
			out = append(out, name)
		}
	}
	return out
}
