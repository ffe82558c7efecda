package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A project's file comes with a repository, so that whoever wrote the repository wrote it. By itself it may describe endpoints only, those that
// start nothing, look no secret up, and send nothing anywhere. For the rest the person says once, with "adit trust", that the file is theirs; what is kept is a hash
// of its content, so that a changed file needs it again.

// Project is a project's file as it was read.
type Project struct {
	Path string
	Asks []string // what it sets beyond plain endpoints, one line each, without secrets

	data []byte
}

// ReadProject reads the file at path; below is the configuration that it lies on, whose endpoints it may change. The error says what is wrong with it.
func ReadProject(path string, below *Config) (*Project, error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("project file: %w", err)
	}
	l, wrong := readFile(path, data)
	if err := join(wrong); err != nil {
		return nil, err
	}
	var others []string
	for _, e := range below.Endpoints {
		others = append(others, e.Name)
	}
	return &Project{Path: path, Asks: l.asks(others), data: data}, nil
}

// Trust keeps in stateDir that the person trusts the file as it was read.
func (p *Project) Trust(stateDir string) error {
	note, err := trustNote(stateDir, p.Path)
	if err == nil {
		err = replaceFile(note, []byte(trustText(p.data)))
	}
	if err != nil {
		return fmt.Errorf("trust: %w", err)
	}
	return nil
}

// Distrust takes back what Project.Trust keeps; it is no error when there was none.
func Distrust(stateDir, path string) error {
	note, err := trustNote(stateDir, path)
	if err == nil {
		err = os.Remove(note)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("trust: %w", err)
	}
	return nil
}

func trusted(stateDir, path string, data []byte) bool {
	note, err := trustNote(stateDir, path)
	if err != nil || stateDir == "" {
		return false
	}
	text, err := os.ReadFile(note)
	return err == nil && string(text) == trustText(data)
}

// trustNote is the file that holds the hash of the file at path.
func trustNote(stateDir, path string) (string, error) {
	real, err := filepath.Abs(path)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return "", err
	}
	name := sha256.Sum256([]byte(real))
	return filepath.Join(stateDir, "trust", hex.EncodeToString(name[:])), nil
}

func trustText(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]) + "\n"
}

// project reads the project's file. What it asks beyond plain endpoints is a mistake unless the person trusts it. below are the layers under it.
func (l *loader) project(path, stateDir string, below []layer) []layer {
	out := l.file(nil, path, false)
	if len(out) == 0 {
		return out
	}
	var others []string
	for _, b := range below {
		for _, d := range b.endpoints {
			others = append(others, d.name)
		}
	}
	asks := out[0].asks(others)
	if len(asks) == 0 || trusted(stateDir, path, out[0].data) {
		return out
	}
	l.add(path, "", "this project's file is not trusted, and sets more than endpoints of its own:\n  %s\n  look at it; if that is what you want, say: adit trust %s",
		strings.Join(asks, "\n  "), inShell(path))
	return nil
}

// inShell is path as a shell takes it for one word that means nothing else; one that holds what a terminal would obey is only shown.
func inShell(path string) string {
	if visible(path) != path || !strings.ContainsAny(path, " '\"`$&;|<>()*?[]{}#!~") {
		return visible(path)
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// asks lists what needs trust in a project's file. others are the names of endpoints in files below it.
func (l layer) asks(others []string) (out []string) {
	for _, v := range l.agent {
		if v.option.Standing != Ignored {
			out = append(out, v.ask(""))
		}
	}
	for _, d := range l.endpoints {
		if slices.Contains(others, d.name) {
			out = append(out, fmt.Sprintf("line %s: changes the endpoint %q of another file", lineOf(d.where), d.name))
		}
		for _, v := range d.values {
			if v.reachesOut(filepath.Dir(l.file)) {
				out = append(out, v.ask(visible(d.name)+": "))
			}
		}
	}
	return out
}

// ask is a line about v for the person to read.
func (v value) ask(of string) string {
	texts := slices.Clone(v.texts)
	for i, text := range texts {
		if !isReference(text) { // a command is what is to be looked at
			texts[i] = v.shown(text)
		}
	}
	return fmt.Sprintf("line %s: %s%s: %s", lineOf(v.where), of, v.key, visible(strings.Join(texts, ", ")))
}

func lineOf(where string) string { return where[strings.LastIndexByte(where, ':')+1:] }

// reachesOut says whether an endpoint's value would look a secret up, which goes to the relay, show what lies outside the project's folder, lead to a socket
// that only this user may open, or use a private key of theirs. A
// secret in the folder is no better than one elsewhere: what git does not look at (.env, .npmrc) is the person's, not the repository's.
func (v value) reachesOut(folder string) bool {
	return slices.ContainsFunc(v.texts, func(text string) bool {
		if v.option.Secret {
			return isReference(text)
		}
		if v.option.Name == "upstream-client-key" || v.option.Name == "key" || v.option.Name == "upstream" && strings.HasPrefix(text, "unix:") {
			return true // what is the person's, and what it proves
		}
		path, ok := strings.CutPrefix(text, "file:")
		return ok && v.option.Name == "upstream" && !inside(folder, strings.TrimPrefix(path, "//"))
	})
}

// inside says whether path, with all links followed, lies in folder. What cannot be found does not.
func inside(folder, path string) bool {
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return false
	}
	rel, err := filepath.Rel(folder, real)
	return err == nil && filepath.IsLocal(rel)
}
