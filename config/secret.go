package config

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
)

// SecretOptions is what references to secrets are looked up with.
type SecretOptions struct {
	Env    Env          // for env:NAME; nil: nothing is set
	Dir    string       // where relative paths of file:PATH begin; "" the working directory
	Stdin  io.Reader    // for "-"; nil refuses it
	Stderr io.Writer    // where a command of cmd:… may say what is wrong; nil drops it
	Warn   func(string) // takes what the person should know though it works; nil drops it
}

// maxSecret is how many bytes a secret may have.
const maxSecret = 64 << 10

// secretKinds are the ways to say where a secret is kept, by the word in front of the colon.
var secretKinds = map[string]func(ctx context.Context, rest string, o SecretOptions) (string, error){
	"env": fromEnv, "file": fromFile, "cmd": fromCommand, "keychain": fromKeychain,
}

// SecretKind is the word in front of the colon when ref tells where a secret is kept: env, file, cmd or keychain; "-" for standard
// input; "" when ref is the secret itself.
func SecretKind(ref string) string {
	if ref == "-" {
		return ref
	}
	if kind, _, ok := strings.Cut(ref, ":"); ok && secretKinds[kind] != nil {
		return kind
	}
	return ""
}

// isReference says that a secret is not here but named.
func isReference(text string) bool { return SecretKind(text) != "" }

// Secret is what ref stands for:
//
//	env:NAME       the environment variable
//	file:PATH      the content of the file without its last line end, of PEM the base64 within; within 10 s (ReadLimit); ~/ is the home directory
//	cmd:COMMAND    the first line that a command prints, within 10 s (CommandLimit)
//	keychain:NAME  the entry NAME of "adit" in the keychain of the system, within a minute (KeychainLimit)
//	-              the first line of standard input
//
// Everything else is the secret itself. Nothing behind the colon is an error. A secret that is looked up is one line and not empty.
// Errors say where they looked; none holds the secret, or what the command is.
func Secret(ctx context.Context, ref string, o SecretOptions) (string, error) {
	kind := SecretKind(ref)
	if kind == "" {
		return ref, nil
	}
	read, where := secretKinds[kind], ref
	switch kind {
	case "-":
		read, where = fromStdin, "standard input"
	case "cmd":
		where = "cmd:…" // the command may hold other secrets
	}
	rest := strings.TrimPrefix(ref, kind+":")
	if rest == "" {
		return "", fmt.Errorf("%s: nothing stands behind the colon", ref)
	}
	value, err := read(ctx, rest, o)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", where, err)
	case value == "":
		return "", fmt.Errorf("%s: it is empty", where)
	case len(value) > maxSecret:
		return "", fmt.Errorf("%s: it has more than %d bytes", where, maxSecret)
	case strings.ContainsAny(value, "\r\n\x00"):
		return "", fmt.Errorf("%s: it has more than one line", where)
	}
	return value, nil
}

func fromEnv(_ context.Context, name string, o SecretOptions) (string, error) {
	if o.Env == nil || o.Env(name) == "" {
		return "", errors.New("this environment variable is not set, or empty")
	}
	return o.Env(name), nil
}

func fromFile(ctx context.Context, path string, o SecretOptions) (string, error) {
	path, err := secretPath(path, o)
	if err != nil {
		return "", err
	}
	c, err := readBounded(ctx, path, maxSecret+2)
	if err != nil {
		return "", withoutPath(err)
	}
	if o.Warn != nil && othersRead(c.info) {
		o.Warn(fmt.Sprintf("%s can be read by other people on this machine; chmod 600 %s", path, path))
	}
	if block, rest := pem.Decode(c.text); block != nil && len(bytes.TrimSpace(rest)) == 0 {
		return base64.StdEncoding.EncodeToString(block.Bytes), nil
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(c.text), "\n"), "\r"), nil
}

func secretPath(path string, o SecretOptions) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && o.Env != nil {
		home := o.Env("HOME")
		if home == "" {
			home = o.Env("USERPROFILE")
		}
		return under(home, filepath.FromSlash(rest))
	}
	if filepath.IsAbs(path) {
		return path, nil
	}
	return filepath.Join(o.Dir, path), nil
}

func othersRead(info fs.FileInfo) bool {
	return runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0
}

// withoutPath is what went wrong with a file whose name is said already.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func fromStdin(_ context.Context, _ string, o SecretOptions) (string, error) {
	if o.Stdin == nil {
		return "", errors.New("a secret is read from there on the command line alone")
	}
	return firstLine(o.Stdin)
}

// firstLine reads r up to its first line end, byte by byte: what stands behind is somebody else's.
func firstLine(r io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) <= maxSecret {
		n, err := r.Read(one)
		if n == 1 && one[0] == '\n' || errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		line = append(line, one[:n]...)
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}
