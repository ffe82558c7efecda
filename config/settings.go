package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// DefaultAgentsPort is where a relay listens for agents.
const DefaultAgentsPort = "4443"

const envPrefix = "ADIT_"

// setting is one row of the table: its flag's name, its place in the file, and what it may hold. The environment variable
// is ADIT_ and the name in capitals.
type setting struct {
	name  string // the flag's name without dashes
	file  string // the key in the file, below "agent"
	value string // default
	check func(string) error
}

var settings = []setting{
	{"relay", "relay", "", checkRelay},
	{"relay-pin", "relay_pin", "", checkPin},
	{"relay-ca", "relay_ca", "", anything},
	{"authtoken", "authtoken", "", anything},
	{"web-addr", "web_addr", "127.0.0.1:4040", checkWeb},
	{"state-dir", "state_dir", "", anything},
	{"no-tui", "no_tui", "", checkBool},
	{"log", "log", "", anything},
	{"log-level", "log_level", "info", oneOf("debug", "info", "warn", "error", "crit")},
	{"log-format", "log_format", "term", oneOf("term", "logfmt", "json")},
	{"log-max-size", "log_max_size", "10", checkCount},
	{"ready-file", "ready_file", "", anything},
	{"url-file", "url_file", "", anything},
	{"give-up", "give_up", "0s", checkDuration},
	{"legs", "legs", "1", oneOf("1", "2", "3", "4")},
}

func (s *setting) key() string { return "agent" + delim + s.file }

func (s *setting) env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

func defaults() map[string]string {
	m := make(map[string]string, len(settings))
	for _, s := range settings {
		m[s.name] = s.value
	}
	return m
}

func find(match func(*setting) bool) *setting {
	for i := range settings {
		if match(&settings[i]) {
			return &settings[i]
		}
	}
	return nil
}

func settingByName(name string) *setting {
	return find(func(s *setting) bool { return s.name == name })
}
func settingByFile(key string) *setting { return find(func(s *setting) bool { return s.file == key }) }
func settingByEnv(name string) *setting {
	return find(func(s *setting) bool { return s.env() == name })
}

func names(f func(*setting) string) []string {
	var out []string
	for i := range settings {
		out = append(out, f(&settings[i]))
	}
	return out
}

func envNames() []string  { return names((*setting).env) }
func fileNames() []string { return names(func(s *setting) string { return s.file }) }

func anything(string) error { return nil }

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		for _, x := range values {
			if v == x {
				return nil
			}
		}
		return fmt.Errorf("%q is none of %s", v, strings.Join(values, ", "))
	}
}

func checkBool(v string) error {
	if v == "" {
		return nil
	}
	if v != "true" && v != "false" {
		return fmt.Errorf("%q is neither true nor false", v)
	}
	return nil
}

func checkCount(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 {
		return fmt.Errorf("%q is no number of 0 or more", v)
	}
	return nil
}

func checkDuration(v string) error {
	d, err := time.ParseDuration(v)
	if err != nil {
		return fmt.Errorf("%q is no duration such as 30s or 5m", v)
	}
	if d < 0 {
		return fmt.Errorf("%q is negative", v)
	}
	return nil
}

var pinForm = regexp.MustCompile(`^sha256:[0-9a-fA-F]{64}$`)

func checkPin(v string) error {
	if v != "" && !pinForm.MatchString(v) {
		return errors.New(`a pin is "sha256:" and 64 hexadecimal digits, as the relay prints it at its start`)
	}
	return nil
}

func checkRelay(v string) error {
	if v == "" {
		return nil
	}
	if strings.Contains(v, "/") {
		return fmt.Errorf("%q is an URL; the relay is named HOST:PORT", v)
	}
	if host, port, err := net.SplitHostPort(v); err == nil {
		return checkHostPort(host, port)
	}
	return nil // a host alone: the default port
}

func checkWeb(v string) error {
	if v == "false" {
		return nil
	}
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		return fmt.Errorf("%q is neither HOST:PORT nor false", v)
	}
	if host == "" {
		return errors.New("the web interface shows every request, so name the host it listens on, such as 127.0.0.1")
	}
	return checkHostPort(host, port)
}

func checkHostPort(host, port string) error {
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q is no port number", port)
	}
	if host == "" {
		return errors.New("the host is missing in front of the port")
	}
	return nil
}
