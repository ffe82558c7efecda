package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// origins are the values that hold, by koanf's key.
type origins map[string]value

// of is the value that one of the agent's options has; or those of all keys, in their order, with an option of any key.
func (o origins) of(option *Option) (out []value) {
	for _, v := range o {
		if v.option == option {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b value) int { return strings.Compare(a.each, b.each) })
	return out
}

// loader lays the layers on top of each other.
type loader struct {
	k *koanf.Koanf
	mistakes
	origin  origins
	names   []string         // of endpoints, in order
	drafts  map[string]draft // the last one of each, without values
	notices []string
	read    []string
}

func settingKey(option string) string { return "agent" + delim + option }

func endpointKey(name, option string) string { return "endpoints" + delim + name + delim + option }

// put lays a layer on top.
func (l *loader) put(from layer) {
	texts := map[string]any{}
	add := func(key string, v value) { texts[key], l.origin[key] = v.texts, v }
	for _, v := range from.agent {
		add(v.setting(), v)
	}
	for _, d := range from.endpoints {
		if _, known := l.drafts[d.name]; !known {
			l.names = append(l.names, d.name)
		}
		l.drafts[d.name] = draft{name: d.name, where: d.where, tunnel: d.tunnel}
		for _, v := range d.values {
			add(endpointKey(d.name, v.option.Name), v)
		}
	}
	if err := l.k.Load(confmap.Provider(texts, delim), nil); err != nil {
		l.add(from.file, "", "%v", err)
	}
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
	data, err := ReadFile(path)
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

// stateDir is the state directory that the last of layers names.
func stateDir(layers []layer, usual string) string {
	for _, l := range layers {
		for _, v := range l.agent {
			if v.option.Name == "state-dir" && v.used() {
				usual = v.path()
			}
		}
	}
	return usual
}

func (l *loader) environ(environ []string) layer {
	var out layer
	for _, kv := range environ {
		name, text, ok := strings.Cut(kv, "=")
		if !ok || text == "" || !strings.HasPrefix(name, envPrefix) {
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
