package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/adit-tunnel/adit/config"
)

const secretHelp = `It may be written as a reference, so that the file does not hold it:
  env:NAME        an environment variable
  file:PATH       a file's content
  cmd:COMMAND     the first line that a command prints
  keychain:NAME   an entry of adit in the system's keychain
With "-" it is read from standard input, which keeps it out of the shell's history and
the list of processes.`

// tokenEntry is the keychain entry of the token, unless another one is named.
const tokenEntry = "authtoken"

func (a *app) addAuthtokenCommand() *cobra.Command {
	c := a.authtokenCommand("add-authtoken")
	c.Short = "Save the token for the relay"
	c.Long = "Save the token for the relay in the configuration file.\n\n" + secretHelp
	c.Example = `  adit config add-authtoken adit_…
  adit config add-authtoken - < token
  adit config add-authtoken "cmd:pass show adit"
  adit config add-authtoken - --keychain`
	return c
}

// oldAuthtokenCommand is how ngrok's second version spells it.
func (a *app) oldAuthtokenCommand() *cobra.Command {
	c := a.authtokenCommand("authtoken")
	c.Short, c.Hidden = "Save the token for the relay (older spelling of config add-authtoken)", true
	save := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		err := save(c, args)
		if err == nil && !a.compat {
			a.hint(`"adit authtoken" is now spelled "adit config add-authtoken"`)
		}
		return err
	}
	return c
}

func (a *app) authtokenCommand(name string) *cobra.Command {
	var entry string
	c := &cobra.Command{
		Use:  name + " <token | reference | ->",
		Args: exactly("the token", "adit_…"),
		RunE: func(c *cobra.Command, args []string) error {
			ref, err := a.secretToSave(c.Context(), "Authtoken", args[0], aWord)
			if err != nil {
				return err
			}
			if c.Flag("keychain").Changed {
				if ref, err = a.intoKeychain(c.Context(), entry, ref); err != nil {
					return err
				}
			}
			return a.change(c, "Authtoken", func(d *config.Document) error { return d.SetAgent("authtoken", ref) })
		},
	}
	c.Flags().StringVar(&entry, "keychain", "", "put the token into the system's keychain, as entry `NAME`, and a reference into the file")
	c.Flags().Lookup("keychain").NoOptDefVal = tokenEntry
	fileFlags(c)
	return c
}

func (a *app) addAPIKeyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "add-api-key <key | reference | ->",
		Short: "Save a key for ngrok's API, which adit does not use",
		Long: `Save a key for ngrok's API in the configuration file. adit does not use it: the command is
here for programs that expect it.

` + secretHelp,
		Example: `  adit config add-api-key -`,
		Args:    exactly("the key", "2abc…"),
		RunE: func(c *cobra.Command, args []string) error {
			ref, err := a.secretToSave(c.Context(), "API key", args[0], aWord)
			if err != nil {
				return err
			}
			return a.change(c, "API key", func(d *config.Document) error { return d.SetAgent("api_key", ref) })
		},
	}
	fileFlags(c)
	return c
}

// secretToSave is what the file is to hold for a secret given on the command line: a reference as it is, all else the secret, which check may refuse.
func (a *app) secretToSave(ctx context.Context, what, arg string, check func(what, value string) error) (string, error) {
	var err error
	kind, rest, _ := strings.Cut(arg, ":")
	switch config.SecretKind(arg) {
	case "-":
		if arg, err = a.askSecret(ctx, what); err == nil {
			err = check(what, arg)
		}
	case "file":
		if !filepath.IsAbs(rest) && !strings.HasPrefix(rest, "~/") && rest != "" { // it is the working directory's path, not the file's
			rest, err = filepath.Abs(rest)
			arg = kind + ":" + rest
		}
		fallthrough
	case "env", "cmd", "keychain":
		if rest == "" {
			err = usage("%s: nothing stands behind the colon\n  try \"%s\"", arg, map[string]string{
				"env": "env:ADIT_TOKEN", "file": "file:/run/secrets/adit", "cmd": "cmd:pass show adit", "keychain": "keychain:" + tokenEntry}[kind])
		}
	default:
		err = check(what, arg)
	}
	return arg, err
}

// aWord refuses what cannot be a token or a key, and was pasted with more than that around it.
func aWord(what, value string) error {
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return usage("the %s is empty or holds spaces or line ends\n  it is one word; put a command that prints it as one argument, \"cmd:…\"", strings.ToLower(what[:1])+what[1:])
	}
	return nil
}

// aText refuses what cannot be a secret that people agree on: spaces may be within it, but not around it, where they were pasted along.
func aText(what, value string) error {
	if value == "" || value != strings.TrimSpace(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return usage("the %s is empty, or spaces or line ends stand around it\n  if they belong to it, put it into a file: \"file:PATH\"", strings.ToLower(what[:1])+what[1:])
	}
	return nil
}

// askSecret reads a secret from standard input; at a terminal it asks for it and shows nothing.
func (a *app) askSecret(ctx context.Context, what string) (value string, err error) {
	if fd := int(a.In.Fd()); term.IsTerminal(fd) {
		fmt.Fprintf(a.Err, "%s: ", what)
		var typed []byte
		typed, err = term.ReadPassword(fd)
		fmt.Fprintln(a.Err)
		value = string(typed)
	} else {
		value, err = config.Secret(ctx, "-", config.SecretOptions{Stdin: a.In})
	}
	if err != nil {
		return "", usage("%w", err)
	}
	return value, nil
}

// intoKeychain looks up what ref stands for and puts it into the keychain; it returns the reference to it there.
func (a *app) intoKeychain(ctx context.Context, entry, ref string) (string, error) {
	if config.SecretKind(ref) == "keychain" {
		return "", usage("%s is in the keychain already\n  leave --keychain out", ref)
	}
	value, err := config.Secret(ctx, ref, config.SecretOptions{Env: a.env, Stderr: a.Err, Warn: a.warn})
	if err == nil {
		err = config.StoreSecret(ctx, entry, value)
	}
	if err != nil {
		return "", fmt.Errorf("%w\n  nothing was saved; without --keychain the file can refer to env:NAME, file:PATH or cmd:COMMAND", err)
	}
	return "keychain:" + entry, nil
}
