package config

import (
	"context"
	"strings"
)

// Resolve replaces references to the token and the local API's password by what they name. Relative paths begin at the file that has the reference; "-" is for
// flags alone. Without a relay there is nobody to show a token to, and it is not looked up.
func (c *Config) Resolve(ctx context.Context, o SecretOptions) (err error) {
	if c.Relay != "" {
		if c.Authtoken, err = c.origin[settingKey("authtoken")].secret(ctx, c.Authtoken, o); err != nil {
			return err
		}
	}
	return c.ResolveWeb(ctx, o)
}

// ResolveWeb is Resolve for who asks a running agent: the password alone.
func (c *Config) ResolveWeb(ctx context.Context, o SecretOptions) (err error) {
	if c.WebPassword == "" {
		return nil
	}
	v := c.origin[settingKey("web-password")]
	if c.WebPassword, err = v.secret(ctx, c.WebPassword, o); err != nil {
		return err
	}
	if err := checkPassword(c.WebPassword); err != nil {
		return v.wrong("%v", err)
	}
	return nil
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
