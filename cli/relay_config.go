package cli

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/relay/cert"
)

// relayConfigFlag is the flag that names the file; it is no key in it.
const relayConfigFlag = "config"

// relaySettings are all settings of a relay, from the command line and the file.
type relaySettings struct {
	o     relayOptions
	flags *pflag.FlagSet
	texts map[string]string   // of the flags, as they were written
	given map[string][]string // on the command line
	file  string              // that was read; "": none
}

// relaySettings reads the file that the command line names, or the usual one if it is there, and lays the command line on top of it.
func (a *app) relaySettings(given map[string][]string) (*relaySettings, error) {
	s := &relaySettings{flags: pflag.NewFlagSet("relay", pflag.ContinueOnError), given: given}
	relayFlags(s.flags, &s.o)
	for name, values := range given {
		if err := setFlag(s.flags.Lookup(name), values); err != nil {
			return nil, usage("--%s: %w", name, err)
		}
	}
	if err := s.readFile(config.RelayFile(runtime.GOOS, a.env)); err != nil {
		return nil, &exitError{exitUsage, err}
	}
	s.texts = map[string]string{}
	s.flags.VisitAll(func(f *pflag.Flag) { s.texts[f.Name] = settingText(f) })
	return s, s.o.read(a)
}

func settingText(f *pflag.Flag) string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return strings.Join(list.GetSlice(), ",")
	}
	return f.Value.String()
}

// setFlag is pflag's Set for what setFlags returns.
func setFlag(f *pflag.Flag, values []string) error {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		if len(values) == 1 && values[0] == "" {
			values = nil
		}
		return list.Replace(values)
	}
	return f.Value.Set(strings.Join(values, ","))
}

// keys are the settings that may stand in the file.
func (s *relaySettings) keys() (keys []string) {
	s.flags.VisitAll(func(f *pflag.Flag) {
		if f.Name != relayConfigFlag {
			keys = append(keys, f.Name)
		}
	})
	return keys
}

func (s *relaySettings) readFile(usual string) error {
	path := s.o.config
	if path == "" {
		path = usual
	}
	if path == "" {
		return nil
	}
	all, err := config.ReadSettings(path, s.keys(), func(key string) bool {
		_, list := s.flags.Lookup(key).Value.(pflag.SliceValue)
		return list
	})
	if s.o.config == "" && config.IsMissing(err) {
		return nil
	}
	if config.IsMissing(err) {
		return fmt.Errorf("--config: %w\n  \"adit relay init %s\" writes one", err, path)
	}
	if err != nil {
		return err
	}
	s.file = path
	var wrong []error
	for _, x := range all {
		if _, given := s.given[x.Key]; given {
			continue
		}
		f := s.flags.Lookup(x.Key)
		if err := setFlag(f, x.Values); err != nil {
			wrong = append(wrong, x.Wrong(fmt.Errorf("%q is no %s", strings.Join(x.Values, ","), kindOf(f))))
		}
	}
	return errors.Join(wrong...)
}

// kindOf names what a flag takes.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "whole number"
	case "bool":
		return "truth value: write true or false"
	case "duration":
		return "duration such as 10s or 2m"
	}
	return "value that it takes"
}

// checkRelay says what a relay with these settings would do.
func (a *app) checkRelay(s *relaySettings) error {
	if err := errors.Join(s.o.Check(), cert.Check(s.o.Certs, s.o.ACME)); err != nil {
		return &exitError{exitUsage, err}
	}
	w := tabwriter.NewWriter(a.Out, 0, 8, 2, ' ', 0)
	show := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, value)
		}
	}
	show("configuration", s.file)
	for _, name := range []string{"domain", "http", "https", "tcp-ports", "agents", "admin"} {
		show(name, s.texts[name])
	}
	show("state", s.o.StateDir)
	return w.Flush()
}
