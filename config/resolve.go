package config

import (
	"context"
	"strings"
)

// Resolve replaces a reference to the token by the token. Relative paths begin at the file that has the reference; "-" is for flags alone.
func (c *Config) Resolve(ctx context.Context, o SecretOptions) (err error) {
	c.Authtoken, err = c.origin[settingKey("authtoken")].secret(ctx, c.Authtoken, o)
	return err
}

// Resolve replaces references to secrets by what they name, as Config.Resolve does. Files, commands and keychain are asked only here, so that an
// endpoint that is not started asks nobody.
func (e *Endpoint) Resolve(ctx context.Context, o SecretOptions) error {
	for _, v := range e.values {
		if v.option.Name != "basic-auth" {
			continue
		}
		pairs := make([]string, 0, len(e.BasicAuth))
		for _, ref := range e.BasicAuth {
			pair, err := v.secret(ctx, ref, o)
			if err != nil {
				return err
			}
			if err := checkBasicAuth(pair); err != nil {
				return v.wrong("%v", err)
			}
			pairs = append(pairs, pair)
		}
		e.BasicAuth = pairs
	}
	return nil
}

func (v value) secret(ctx context.Context, ref string, o SecretOptions) (string, error) {
	if dir, ok := v.folder(); ok {
		o.Dir, o.Stdin = dir, nil
	} else if !strings.HasPrefix(v.where, "flag ") {
		o.Stdin = nil
	}
	if v.where == "api" {
		return ref, nil // what a program sends is the secret itself
	}
	secret, err := Secret(ctx, ref, o)
	if err != nil {
		return "", v.wrong("%v", err)
	}
	return secret, nil
}
