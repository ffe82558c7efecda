package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// value is what stands for one option in one place.
type value struct {
	option *Option
	key    string   // as it is written there; a flag with its dashes
	each   string   // the key's last part, with an option of any key
	texts  []string // one, or the elements of a list
	where  string   // "file PATH:LINE", "env NAME", "flag --NAME", "api" or "default"
}

// draft is an endpoint as one place writes it.
type draft struct {
	name     string
	where    string
	tunnel   bool   // written in version 2's shape
	protocol string // of the command that it stands behind; "": what the values say, or http
	values   []value
}

// layer is everything that one place says.
type layer struct {
	file      string // its path; "" when it is no file
	data      []byte // its content
	agent     []value
	endpoints []draft
}

// put keeps v unless the same option stands in values already; in another spelling, say.
func put(values []value, v value, m *mistakes, place string) []value {
	if i := slices.IndexFunc(values, func(w value) bool { return w.option == v.option && w.each == v.each }); i >= 0 {
		if first := values[i]; first.key != v.key {
			m.add(place, "", "%s and %s say the same; keep one of them", first.key, v.key)
		}
		return values // a key that stands twice was complained of by the reader
	}
	return append(values, v)
}

// same says that both ask for the same; where does not matter.
func (v value) same(w value) bool { return v.each == w.each && slices.Equal(v.texts, w.texts) }

// setting is its key among those of the agent's settings.
func (v value) setting() string {
	if v.each == "" {
		return settingKey(v.option.Name)
	}
	return settingKey(v.option.Name) + delim + v.each
}

// at is where it stands, as mistakes say it.
func (v value) at() string { return strings.TrimPrefix(v.where, "file ") }
func (d draft) at() string { return strings.TrimPrefix(d.where, "file ") }

// path is a path, which in a file begins at that file: the working directory may be somebody else's repository.
func (v value) path() string {
	if len(v.texts) == 0 {
		return ""
	}
	text := v.texts[0]
	if dir, ok := v.folder(); ok && text != "" && !filepath.IsAbs(text) {
		return filepath.Join(dir, text)
	}
	return text
}

// folder is that of the file in which it stands; ok is false when it stands in none.
func (v value) folder() (dir string, ok bool) {
	place, ok := strings.CutPrefix(v.where, "file ")
	if !ok {
		return "", false
	}
	return filepath.Dir(place[:strings.LastIndexByte(place, ':')]), true
}

// used says whether the value asks for anything but what holds by itself.
func (v value) used() bool { return v.option != nil && v.option.asks(v.texts) }

// wrong is a mistake in v. The key of a flag or a variable stands in where already.
func (v value) wrong(format string, a ...any) *KeyError {
	key := v.key
	if v.where == commandLine || strings.HasPrefix(v.where, "flag ") || strings.HasPrefix(v.where, "env ") {
		key = ""
	}
	return &KeyError{v.at(), key, fmt.Sprintf(format, a...)}
}

// at adds a mistake in v.
func (m *mistakes) at(v value, format string, a ...any) { *m = append(*m, v.wrong(format, a...)) }
