package config

import "testing"

func TestPassingURL(t *testing.T) {
	for text, want := range map[string]string{
		"22": "tcp://localhost:22", "db.local:5432": "tcp://db.local:5432", "tcp://db.local:5432/": "tcp://db.local:5432", "tls://db.local:5433": "tls://db.local:5433",
		"tls://5433": "tls://localhost:5433", "[::1]:22": "tcp://[::1]:22",
		// There is always a port, so brackets may be left out.
		"::1:22": "tcp://[::1]:22", "2001:db8::1:22": "tcp://[2001:db8::1]:22", "tls://::1:22": "tls://[::1]:22",
	} {
		if got, err := passingURL(text); got != want || err != nil {
			t.Errorf("%s: %s %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"0":                 `0 is no port number: they go from 1 to 65535`,
		"-1":                `-1 is no port number: they go from 1 to 65535`,
		"+22":               `+22 is no port number: they go from 1 to 65535`,
		"tcp://70000":       `70000 is no port number: they go from 1 to 65535`,
		"db.local:0":        `"db.local:0": 0 is no port number: they go from 1 to 65535`,
		"db.local":          `"db.local": a port is missing behind the host`,
		"db.local:":         `"db.local:": a port is missing behind the host`,
		"::1":               `"::1" is no address: an IPv6 address with its port is written [ADDRESS]:PORT, as in [::1]:22`,
		"[::1]":             `"[::1]": a port is missing behind the host`,
		":22":               `":22" is no address: give a port, or HOST:PORT`,
		"":                  `"" is no address: give a port, or HOST:PORT`,
		"host:22/path":      `"host:22/path" is no address: give a port, or HOST:PORT`,
		"tcp://me:pw@db:22": `"tcp://…@db:22" is no address: give a port, or HOST:PORT`,
		"https://db:22":     `"https://db:22": the service of a tcp or tls endpoint is named by a port, HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT`,
	} {
		if got, err := passingURL(text); err == nil || err.Error() != want {
			t.Errorf("%s: %s %v, want %s", text, got, err, want)
		}
	}
}

// FuzzPassingURL: what is taken names one service, and is taken again as it is spelled.
func FuzzPassingURL(f *testing.F) {
	for _, text := range []string{"22", "db.local:5432", "tls://[::1]:22", "::1:22", "tcp://a:b@c:1", "tcp://::1", "tls://x:y", "[fe80::1%25eth0]:22"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := passingURL(text)
		if err != nil {
			return
		}
		again, err := passingURL(address)
		if err != nil || again != address {
			t.Errorf("%q is %q, and that %q, %v", text, address, again, err)
		}
	})
}
