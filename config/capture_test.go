package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestCapture: what is said about recording, in whichever words.
func TestCapture(t *testing.T) {
	const day = 24 * time.Hour
	usual := Capture{MaxSize: 1 << 30, MaxAge: 30 * day}
	with := func(change func(*Capture)) Capture {
		c := usual
		change(&c)
		return c
	}
	for text, want := range map[string]Capture{
		"capture:":                            usual,
		"capture: {memory_only: on}":          with(func(c *Capture) { c.MemoryOnly = true }),
		"capture: {max_size: 1500mb}":         with(func(c *Capture) { c.MaxSize = 1_500_000_000 }),
		"capture: {max_size: \"1.5 GiB\"}":    with(func(c *Capture) { c.MaxSize = 3 << 29 }),
		"capture: {max_size: 10485760}":       with(func(c *Capture) { c.MaxSize = 10 << 20 }),
		"capture: {max_age: 1.5d}":            with(func(c *Capture) { c.MaxAge = 36 * time.Hour }),
		"capture: {max_age: 90m}":             with(func(c *Capture) { c.MaxAge = 90 * time.Minute }),
		"capture: {redact: {headers: A}}":     with(func(c *Capture) { c.Headers = []string{"A"} }),
		"capture: {redact: {json: \"$[*]\"}}": with(func(c *Capture) { c.JSON = []string{"$[*]"} }),
		"no_inspect: true":                    with(func(c *Capture) { c.Off = true }),
		"inspect_db_size: -1":                 with(func(c *Capture) { c.Off = true }),
		"inspect_db_size: 1\nno_inspect: no":  usual,
	} {
		c, err := Load(Sources{Files: []string{write(t, "version: 2\n"+text+"\n")}})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, c.Capture, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", text, diff)
		}
	}
	for _, size := range []string{"1e30gb", "-1gb", "gib", "nan", "1 2gb", "infgb"} {
		if n, err := parseSize(size); err == nil {
			t.Errorf("%q is read as %d bytes", size, n)
		}
	}
	for _, age := range []string{"-1d", "d", "nand", "1e9d", "-5m", "30"} {
		if d, err := parseAge(age); err == nil {
			t.Errorf("%q is read as %v", age, d)
		}
	}
}
