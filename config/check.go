package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// checkText looks at one element of a value; a secret may be a reference to one, unless it must stand there literally. What it returns never
// holds a secret.
func (o *Option) checkText(text string, literally bool) error {
	if text == "" && o.Kind != Duration && (o.Kind != Strings || o.check == nil) {
		return nil // as good as nothing; but for what keeps visitors out, where nothing may be a variable that is not set
	}
	if len(o.Values) > 0 && !slices.Contains(o.Values, text) {
		return fmt.Errorf("%q is none of %s", text, strings.Join(o.Values, ", "))
	}
	if err := o.Kind.check(text); err != nil {
		return err
	}
	if o.check == nil || o.Secret && !literally && isReference(text) {
		return nil
	}
	return o.check(text)
}

func (k Kind) check(text string) (err error) {
	switch k {
	case Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
	case Integer:
		if _, err = strconv.ParseInt(text, 10, 64); err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
	case Number:
		if _, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("%q is no number", text)
		}
	case Duration:
		return checkDuration(text)
	}
	return nil
}

// yes and no are how YAML 1.1, and so ngrok, spells them.
func plainBool(text string) string {
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return "true"
	case "false", "no", "off":
		return "false"
	}
	return text
}

var shellVariable = regexp.MustCompile(`^\$(\{.*\}|[A-Za-z_]+)$`)

// checkToken finds what somebody expected a shell to fill in.
func checkToken(v string) error {
	if shellVariable.MatchString(v) {
		return errors.New("variables are not filled in here; env:NAME takes the value of one")
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

var pinForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^sha256:[0-9a-fA-F]{64}$`)
})

func checkPin(v string) error {
	if !pinForm().MatchString(v) {
		return errors.New(`a pin is "sha256:" and 64 hexadecimal digits, as the relay prints it at its start`)
	}
	return nil
}

func checkRelay(v string) error {
	if scheme, host, ok := strings.Cut(v, "://"); ok && (strings.EqualFold(scheme, "ws") || strings.EqualFold(scheme, "wss")) {
		switch v = strings.TrimSuffix(host, "/"); {
		case v == "":
			return fmt.Errorf("the host is missing behind %s://", scheme)
		case strings.Contains(v, "/"):
			return fmt.Errorf("%q: the relay's WebSocket has a path of its own; write %s://HOST", withoutPassword(v), scheme)
		}
	}
	if strings.Contains(v, "/") {
		return fmt.Errorf("%q is an URL; the relay is named HOST:PORT, or wss://HOST", withoutPassword(v))
	}
	if strings.Contains(v, "@") {
		return fmt.Errorf("%q: the relay is named HOST:PORT, without a user; the token stands apart (--authtoken)", withoutPassword(v))
	}
	if host, port, err := net.SplitHostPort(v); err == nil {
		return checkHostPort(host, port)
	}
	return nil // a host alone: the default port
}

// CheckProxy says what is wrong with a proxy's URL, and repeats nothing of it: it may hold a password.
func CheckProxy(v string) error {
	u, err := url.Parse(strings.Replace(v, "://…@", "://", 1)) // what "config show" leaves out
	switch {
	case err != nil:
		return errors.New("the URL cannot be read: it looks like http://USER:PASSWORD@HOST:PORT, with % signs for what is special in USER or PASSWORD")
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		return errors.New("a proxy's URL begins with http://, https:// or socks5://")
	case u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return fmt.Errorf("a proxy's URL looks like %s://HOST:PORT", u.Scheme)
	}
	return nil
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
		return errors.New("the local API shows every request, so name the host it listens on, such as 127.0.0.1")
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

// atMost is the check of a text's length in bytes.
func atMost(n int) func(string) error {
	return func(v string) error {
		if len(v) > n {
			return fmt.Errorf("%d bytes, where at most %d are kept", len(v), n)
		}
		return nil
	}
}

// checkName keeps names sayable: they stand in logs, in URLs of the local API, and are keys here.
func checkName(v string) error {
	if len(v) > 255 {
		return fmt.Errorf("a name has at most 255 bytes, not %d", len(v))
	}
	if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
		return fmt.Errorf("%q holds what cannot be shown", v)
	}
	return nil
}

// checkHostHeader keeps what would split a head out of a literal Host.
func checkHostHeader(v string) error {
	if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\?#@,"`, r) }) {
		return fmt.Errorf("%q is neither preserve nor rewrite nor a host name", v)
	}
	return nil
}

// checkBasicAuth has ngrok's limits, counted as the relay counts them: what passes here is not refused there. The text is a secret and stays out of the error.
func checkBasicAuth(v string) error {
	user, password, ok := strings.Cut(v, ":")
	switch long := utf8.RuneCountInString(user); {
	case !ok || user == "":
		return errors.New("a pair is USER:PASSWORD")
	case long > 128:
		return fmt.Errorf("a user has at most 128 characters, not %d", long)
	case !utf8.ValidString(user):
		return errors.New("a user and a password are UTF-8 text, and this is none")
	case strings.ContainsFunc(user, unicode.IsControl):
		return errors.New("control characters cannot be sent in a password")
	}
	return checkPassword(password)
}

// checkPassword has the limits of a password that is sent by HTTP Basic. The text stays out of the error.
func checkPassword(v string) error {
	switch long := utf8.RuneCountInString(v); {
	case long < 8 || long > 128:
		return fmt.Errorf("a password has 8 to 128 characters, not %d", long)
	case !utf8.ValidString(v):
		return errors.New("a user and a password are UTF-8 text, and this is none")
	case strings.ContainsFunc(v, unicode.IsControl):
		return errors.New("control characters cannot be sent in a password")
	}
	return nil
}

func checkCIDR(v string) error {
	if p, err := netip.ParsePrefix(v); err == nil && (!p.Addr().Is4In6() || p.Bits() >= 96) { // a shorter one is more than all of IPv4
		return nil
	}
	if ip, err := netip.ParseAddr(v); err == nil && ip.Zone() == "" {
		return nil
	}
	return fmt.Errorf("%q is neither an address nor a CIDR such as 10.0.0.0/8", v)
}

// checkShare wants 0 to 1.
func checkShare(v string) error {
	if f, err := strconv.ParseFloat(v, 64); err != nil || !(f >= 0 && f <= 1) {
		return fmt.Errorf("%q is not between 0 and 1", v)
	}
	return nil
}
