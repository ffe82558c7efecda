package config

import (
	"slices"
	"strings"
)

// Option is one thing that a person can set, with all its spellings. The table of options (Options) is the one place that knows which
// flag, which key of a version 2 file and which key of a version 3 file mean the same.
type Option struct {
	Name      string   // what it is called here: its flag without dashes
	Scope     Scope    // what it belongs to
	Hidden    bool     // no flag sets it
	Older     []string // other spellings of the flag: they work, with a notice
	Protocols []string // kinds of endpoints that it is for; nil for options of the agent
	V2, V3    []string // keys in files, dots between the levels; the first is the usual one, others are older. V3 of the agent stand below "agent". * is any key
	Kind      Kind
	Default   string   // what holds when nothing is written; the elements of a list with commas between
	Values    []string // everything that may be written; nil: anything of its kind
	Standing  Standing
	Secret    bool   // never shown; may be a reference such as env:NAME (Secret)
	Usage     string // for help and docs/config.md; the word in `backquotes` stands for the value

	provider string // of the webhooks whose secrets it holds
	live     bool   // a change counts at once (Config.Changed)

	check func(text string) error // of one element; nil: its kind and Values are enough
	rank  int                     // its place in the table
}

// Scope says what an option belongs to.
type Scope uint8

// The scopes.
const (
	OfAgent    Scope = iota // the program: relay, log, web address
	OfEndpoint              // one endpoint
)

// Kind says what an option's value looks like.
type Kind uint8

// The kinds.
const (
	String   Kind = iota
	Bool          // true or false
	Strings       // a list
	Integer       // a whole number
	Number        // one with a fraction
	Duration      // such as 30s or 5m
	Object        // keys and values of its own, which are not looked at here
)

// String names the kind as docs/config.md does.
func (k Kind) String() string {
	return [...]string{"text", "true or false", "list", "whole number", "number", "duration", "object"}[k]
}

// Standing says what comes of an option in this version.
type Standing uint8

// The standings.
const (
	Works   Standing = iota
	Later            // read and checked; what uses it is refused when it is started (NotYet)
	Ignored          // has no meaning for adit; a notice says so
)

// Options is the table of all options, the agent's first. It is not to be changed.
var Options = func() []Option {
	all := slices.Concat(agentOptions, webhookOptions(), endpointOptions)
	for i := range all {
		all[i].rank = i
	}
	return all
}()

// Flags returns the options that are flags of a command that starts endpoints of a protocol, and the agent's; with protocol "" the
// agent's alone.
func Flags(protocol string) []*Option {
	var out []*Option
	for i := range Options {
		o := &Options[i]
		if !o.Hidden && (o.Scope == OfAgent || slices.Contains(o.Protocols, protocol)) {
			out = append(out, o)
		}
	}
	return out
}

// Lookup finds the option of a flag, in whichever spelling; nil when there is none.
func Lookup(scope Scope, flag string) *Option {
	for i := range Options {
		if o := &Options[i]; o.Scope == scope && (o.Name == flag || slices.Contains(o.Older, flag)) {
			return o
		}
	}
	return nil
}

// Env is the name of the option's environment variable; "" for options of endpoints, which have none.
func (o *Option) Env() string {
	if o.Scope != OfAgent || o.Hidden && o.provider == "" {
		return ""
	}
	return envPrefix + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// elements is a value's text in parts: those of a list, else the text alone. A secret may have commas in it.
func (o *Option) elements(text string) []string {
	switch {
	case o.Kind != Strings, o.Secret && text != "":
		return []string{text}
	case text == "":
		return nil
	}
	return strings.Split(text, ",")
}

// asks says whether texts ask for anything but what holds by itself.
func (o *Option) asks(texts []string) bool {
	return !slices.Equal(texts, o.elements(o.Default)) && !slices.Equal(texts, []string{""}) && len(texts) > 0
}

// gates says that who leaves the option out of an endpoint may let in whom it keeps out; of those that come later, nobody knows yet.
func (o *Option) gates() bool {
	return o.Scope == OfEndpoint && (o.Standing == Later || o.Name == "basic-auth" || o.Name == "cidr-allow" || o.Name == "cidr-deny")
}

// shape is how one version of the file spells the options of one scope: key, with dots between the levels, to option.
type shape map[string]*Option

func newShape(scope Scope, keys func(*Option) []string) shape {
	s := shape{}
	for i := range Options {
		if o := &Options[i]; o.Scope == scope {
			for _, k := range keys(o) {
				s[k] = o
			}
		}
	}
	return s
}

func inV2(o *Option) []string { return o.V2 }
func inV3(o *Option) []string { return o.V3 }

var (
	agentV2    = newShape(OfAgent, inV2)
	agentV3    = newShape(OfAgent, inV3)
	endpointV2 = newShape(OfEndpoint, inV2)
	endpointV3 = newShape(OfEndpoint, inV3)
)

// knows says whether key is one of the top level: an option's, or that of a section.
func (s shape) knows(key string) bool {
	return !strings.Contains(key, ".") && (s[key] != nil || len(s.below(key+".")) > 0)
}

// find is the option of key at the level that prefix (with its dot, or "") leads to: the one of that name, or the one of any key there.
func (s shape) find(prefix, key string) *Option {
	if o := s[prefix+key]; o != nil {
		return o
	}
	return s[prefix+"*"]
}

// forEach says that each key at the option's level has a value of its own.
func (o *Option) forEach() bool { return len(o.V3) > 0 && strings.HasSuffix(o.V3[0], ".*") }

// below lists the keys that may stand at the level that prefix (with its dot, or "") leads to.
func (s shape) below(prefix string) []string {
	var out []string
	for path := range s {
		if rest, ok := strings.CutPrefix(path, prefix); ok {
			key, _, _ := strings.Cut(rest, ".")
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
