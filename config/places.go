package config

import (
	"errors"
	"path/filepath"
)

// Env looks an environment variable up; "" when it is not set.
type Env func(name string) string

var errNoHome = errors.New("neither HOME nor a state directory is known: set HOME or pass --state-dir DIR")

// File is the place of the user's configuration file on this system, and StateDir that of everything adit keeps (slots, keys,
// captures). goos is runtime.GOOS. The error says that the environment names no home.
func File(goos string, env Env) (string, error) { return fileOf("adit", goos, env) }

// fileOf is where a program's configuration file belongs: ngrok keeps its own as adit does.
func fileOf(program, goos string, env Env) (string, error) {
	file := filepath.Join(program, program+".yml")
	switch goos {
	case "darwin":
		return under(env("HOME"), "Library", "Application Support", file)
	case "windows":
		return under(env("LOCALAPPDATA"), file)
	}
	if dir := env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, file), nil
	}
	return under(env("HOME"), ".config", file)
}

// SystemFile is the place of the file that holds for everybody on this system; "" when there is none.
func SystemFile(goos string, env Env) string {
	switch goos {
	case "darwin":
		return "/Library/Application Support/adit/adit.yml"
	case "windows":
		if dir := env("ProgramData"); dir != "" {
			return filepath.Join(dir, "adit", "adit.yml")
		}
		return ""
	}
	return "/etc/adit/adit.yml"
}

// RelayFile is the place of a relay's configuration file on this system; "" when there is none.
func RelayFile(goos string, env Env) string {
	file := SystemFile(goos, env)
	if file == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(file), "relay.yml")
}

// StateDir is where adit keeps its state: $STATE_DIRECTORY when systemd gives one, else the user's place for it.
func StateDir(goos string, env Env) (string, error) {
	if dir := env("STATE_DIRECTORY"); filepath.IsAbs(dir) {
		return dir, nil
	}
	switch goos {
	case "darwin":
		return under(env("HOME"), "Library", "Application Support", "adit")
	case "windows":
		return under(env("LOCALAPPDATA"), "adit")
	}
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "adit"), nil
	}
	return under(env("HOME"), ".local", "state", "adit")
}

func under(home string, parts ...string) (string, error) {
	if home == "" {
		return "", errNoHome
	}
	return filepath.Join(append([]string{home}, parts...)...), nil
}
