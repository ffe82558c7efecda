package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adit-tunnel/adit/config"
)

// relayGroups is the order of settings in a new configuration file; one that stands nowhere here comes last.
var relayGroups = []struct {
	title string
	names []string
}{
	{"What is served", []string{"domain", "public-url", "http", "https", "redirect-https", "hsts", "tcp-ports", "agents", "admin", "region"}},
	{"Certificates", []string{"cert", "key", "acme", "acme-email", "acme-ca", "acme-dns-hook"}},
	{"Who is believed", []string{"trust-forwarded", "trust-proxy-protocol", "token-file", "resolver"}},
	{"Limits", []string{"conns-per-address", "timeout", "grace"}},
	{"State and logs", []string{"state-dir", "access-log", "log", "log-level", "log-format", "log-max-size"}},
}

func (a *app) relayInitCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented configuration file for a relay",
		Long: `Write a configuration file for a relay, with every setting, what it means and its default.
Those that are given as flags are set in it, the others stand as comments. A file that
is there is left alone. "-" prints it.`,
		Example: `  sudo adit relay init --domain tunnel.example.com
  adit relay init relay.yml --domain tunnel.example.com --http :80
  adit relay --config relay.yml --check`,
		Args: cobra.MaximumNArgs(1),
	}
	relayFlags(c.Flags(), &relayOptions{})
	c.Flags().Lookup(relayConfigFlag).Hidden = true
	c.RunE = func(c *cobra.Command, args []string) error {
		path := config.RelayFile(runtime.GOOS, a.env)
		if len(args) > 0 {
			path = args[0]
		}
		return a.initRelay(path, c.Flags())
	}
	return c
}

// initRelay writes the file. Nothing that would be refused later is written.
func (a *app) initRelay(path string, f *pflag.FlagSet) error {
	given := setFlags(f)
	if path == "" || len(given[relayConfigFlag]) > 0 {
		return usage("name the file: adit relay init FILE")
	}
	text := relayFile(f, given)
	if path == "-" {
		_, err := a.Out.WriteString(text)
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return usage("%w\n  try sudo, or name another file: adit relay init FILE", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage("%s is there already\n  change it, or name another file: adit relay init FILE", path)
	}
	if err != nil {
		return usage("%w\n  try sudo, or name another file: adit relay init FILE", err)
	}
	_, err = file.WriteString(text)
	if err = closeWith(file, err); err != nil {
		return errors.Join(err, os.Remove(path)) // half a file is none
	}
	fmt.Fprintf(a.Out, "wrote %s\n", path)
	return nil
}

// relayFile is the text of a configuration file in which the given settings are set.
func relayFile(flags *pflag.FlagSet, given map[string][]string) string {
	var b strings.Builder
	b.WriteString(`# The configuration of an adit relay. Each key is a flag of "adit relay", which wins over it; "adit relay --config FILE --check" looks for mistakes.
# A relay that runs reads it again at SIGHUP, and says what counts only at its next start.
version: 1
`)
	done := map[string]bool{relayConfigFlag: true, "help": true}
	write := func(f *pflag.Flag) {
		if f == nil || f.Hidden || done[f.Name] {
			return
		}
		done[f.Name] = true
		name, text := pflag.UnquoteUsage(f)
		text = strings.ReplaceAll(text, "\n", " ")
		if name != "" && !strings.Contains(text, name) {
			text = name + ": " + text
		}
		fmt.Fprintf(&b, "\n# %s\n", text)
		if values, ok := given[f.Name]; ok {
			fmt.Fprintf(&b, "%s: %s\n", f.Name, yamlValue(f, values))
			return
		}
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("#%s: %s", f.Name, yamlDefault(f)), " "))
	}
	for _, g := range relayGroups {
		if !slices.ContainsFunc(g.names, func(n string) bool { return flags.Lookup(n) != nil }) {
			continue
		}
		fmt.Fprintf(&b, "\n# --- %s ---\n", g.title)
		for _, n := range g.names {
			write(flags.Lookup(n))
		}
	}
	flags.VisitAll(write)
	return b.String()
}

// yamlDefault is a flag's default as it stands in the file; "" for one that is not set.
func yamlDefault(f *pflag.Flag) string {
	if _, list := f.Value.(pflag.SliceValue); list || f.DefValue == "" || f.DefValue == "0s" {
		return ""
	}
	return yamlText(f.DefValue)
}

func yamlValue(f *pflag.Flag, values []string) string {
	if _, list := f.Value.(pflag.SliceValue); !list {
		return yamlText(strings.Join(values, ","))
	}
	var words []string
	for _, v := range values {
		if v != "" {
			words = append(words, yamlText(v))
		}
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// plainYAML is a text that needs no quotes in YAML.
var plainYAML = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9_./-]*$`)

func yamlText(s string) string {
	if plainYAML.MatchString(s) && !strings.EqualFold(s, "null") {
		return s
	}
	return strconv.Quote(s)
}
