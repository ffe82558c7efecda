package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// config is what holds when all layers lie on top of each other.
func (l *loader) config() *Config {
	c := &Config{
		Relay: l.get("relay"), Proxy: l.get("proxy-url"), RelayPin: l.get("relay-pin"), RelayCA: l.origin[settingKey("relay-ca")].path(), Authtoken: l.get("authtoken"),
		WebAddr: l.get("web-addr"), WebAllow: l.strings("web-allow-hosts"), WebPassword: l.get("web-password"),
		StateDir: l.origin[settingKey("state-dir")].path(), NoTUI: l.noTUI(),
		Log: l.get("log"), LogLevel: l.get("log-level"), LogFormat: l.get("log-format"),
		ReadyFile: l.get("ready-file"), URLFile: l.get("url-file"),
		Files: l.read, origin: l.origin,
	}
	c.LogMaxSize, _ = strconv.Atoi(l.get("log-max-size"))
	c.GiveUp, _ = time.ParseDuration(l.get("give-up"))
	c.Legs, _ = strconv.Atoi(l.get("legs"))
	c.Capture = l.capture()
	c.Dashboard = l.dashboard()
	c.Webhooks = l.webhooks()
	if c.Relay == "" {
		l.relayMissing()
	} else if _, _, err := net.SplitHostPort(c.Relay); err != nil && !strings.Contains(c.Relay, "://") {
		c.Relay = net.JoinHostPort(strings.Trim(c.Relay, "[]"), DefaultAgentsPort)
	}
	c.Endpoints = l.endpoints(!c.Capture.Off)
	c.NotYet = l.later()
	c.Notices = append(l.notices, l.ignored()...)
	if c.webIsOpen() {
		c.Notices = append(c.Notices, "the local API at "+c.WebAddr+" shows and replays requests to every machine that reaches it; web_password makes it ask for a password")
	}
	return c
}

// relayMissing looks for what is of a relay, although there is none. With other mistakes there may be one: what is wrong is left out, and said already.
func (l *loader) relayMissing() {
	if len(l.mistakes) > 0 {
		return
	}
	for _, name := range []string{"relay-pin", "relay-ca"} {
		if v := l.origin[settingKey(name)]; v.used() {
			l.add(v.at(), "", "%s means nothing without --relay HOST:PORT", v.option.Name)
		}
	}
}

// webIsOpen says that other machines may ask the local API, and need no password.
func (c *Config) webIsOpen() bool {
	host, _, err := net.SplitHostPort(c.WebAddr)
	if err != nil || c.WebPassword != "" || host == "localhost" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err != nil || !ip.IsLoopback()
}

func (l *loader) strings(name string) []string { return l.k.Strings(settingKey(name)) }

func (l *loader) get(name string) string {
	if s := l.strings(name); len(s) > 0 {
		return s[0]
	}
	return ""
}

func (l *loader) tristate(name string) Tristate {
	switch l.get(name) {
	case "true":
		return Yes
	case "false":
		return No
	}
	return Unset
}

func (l *loader) dashboard() Dashboard {
	return Dashboard{
		Theme: l.get("theme"), MaskAll: l.get("mask-all") == "true", Mask: l.strings("mask-json"), ASCII: l.tristate("ascii"),
		Inline: l.get("inline") == "true", Mouse: l.get("mouse") == "true",
		Profile: l.get("dashboard-profile"), Keys: l.keys(),
	}
}

func (l *loader) keys() map[string][]string {
	keys := map[string][]string{}
	for _, v := range l.origin.of(Lookup(OfAgent, "dashboard-keys")) {
		keys[v.each] = v.texts
	}
	return keys
}

// wrongKey takes what is wrong with the keys of an action, or with the profile.
func (l *loader) wrongKey(id, text string) {
	v := l.origin[settingKey("dashboard-profile")]
	if id != "" {
		v = l.origin[value{option: Lookup(OfAgent, "dashboard-keys"), each: id}.setting()]
	}
	l.at(v, "%s", text)
}

// noTUI is adit's own key, or ngrok's console_ui where that is not written.
func (l *loader) noTUI() Tristate {
	if t := l.tristate("no-tui"); t != Unset {
		return t
	}
	switch l.get("console-ui") {
	case "true":
		return No
	case "false":
		return Yes
	}
	return Unset
}

// capture is what is said about recording; ngrok's inspect_db_size has a word for none at all.
func (l *loader) capture() Capture {
	c := Capture{
		Off:        l.get("no-inspect") == "true" || l.get("inspect-db-size") == "-1",
		MemoryOnly: l.get("capture-memory-only") == "true",
		Headers:    l.strings("capture-redact-headers"),
		JSON:       l.strings("capture-redact-json"),
	}
	c.MaxSize, _ = parseSize(l.get("capture-max-size"))
	c.MaxAge, _ = parseAge(l.get("capture-max-age"))
	return c
}

// endpoints makes the endpoints of what lies on top of each other.
func (l *loader) endpoints(recorded bool) []Endpoint {
	var out []Endpoint
	for _, name := range l.names {
		d := l.drafts[name]
		for i := range Options {
			key := endpointKey(name, Options[i].Name)
			if v, ok := l.origin[key]; ok && Options[i].Scope == OfEndpoint {
				v.texts = l.k.Strings(key)
				d.values = append(d.values, v)
			}
		}
		e := d.endpoint(&l.mistakes)
		e.Inspect = e.Inspect && recorded
		out = append(out, e)
	}
	return out
}

// later lists the settings that are used and come later.
func (l *loader) later() []NotYet {
	var out []NotYet
	for i := range Options {
		if v := l.origin[settingKey(Options[i].Name)]; Options[i].Scope == OfAgent && Options[i].Standing == Later && v.used() {
			out = append(out, NotYet{v.key, v.where})
		}
	}
	return out
}

// ignored makes one notice of all settings that have no meaning here.
func (l *loader) ignored() []string {
	var keys []string
	for i := range Options {
		v := l.origin[settingKey(Options[i].Name)]
		if Options[i].Scope == OfAgent && Options[i].Standing == Ignored && v.used() {
			keys = append(keys, fmt.Sprintf("%s (%s)", strings.TrimLeft(v.key, "-"), v.at()))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return []string{"these settings are ngrok's and mean nothing to adit: " + strings.Join(keys, ", ")}
}

// lateToken takes NGROK_AUTHTOKEN where a relay is named and no token is: a token for ngrok's servers must not go anywhere unasked.
func (l *loader) lateToken(c *Config, environ []string) {
	const name = "NGROK_AUTHTOKEN"
	i := slices.IndexFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, name+"=") && len(kv) > len(name)+1 })
	if i < 0 || c.Relay == "" || c.Authtoken != "" {
		return
	}
	c.Authtoken = environ[i][len(name)+1:]
	c.origin[settingKey("authtoken")] = value{option: Lookup(OfAgent, "authtoken"), key: name, texts: []string{c.Authtoken}, where: "env " + name}
	c.Notices = append(c.Notices, "the token for the relay comes from "+name+"; ADIT_AUTHTOKEN is the name of adit's own")
}
