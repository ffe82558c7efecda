package inspect

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// understand works out what the value says. wrong is what a person is told when it says nothing.
func (t *Term) understand() (wrong string) {
	if t.Op != OpIs && t.Op != OpEqual && !t.isNumber() {
		return "only status:, dur:, size: and age: compare; for the text itself, put it in quotes"
	}
	switch t.Field {
	case KeyAny, KeyBody:
		if t.steps == nil {
			return t.understandWords()
		}
	case KeyStatus:
		return t.understandStatus()
	case KeyDuration, KeyAge:
		return t.understandAmount(timeUnits, "a time with its unit: 500ms, 2s, 10m, 1h, 7d")
	case KeySize:
		return t.understandAmount(sizeUnits, "a size: 500, 20kb (20,000 bytes), 20kib (20,480), 1mb, 1gb")
	case KeyPinned, KeyReplay:
		return t.understandChoice()
	case KeyIP:
		return t.understandIP()
	case KeyKind:
		return t.understandKind()
	}
	t.understandText()
	return ""
}

func (t *Term) isNumber() bool {
	return t.Field == KeyStatus || t.Field == KeyDuration || t.Field == KeyAge || t.Field == KeySize
}

// Exists says that the condition asks only whether there is one at all.
func (t *Term) Exists() bool { return t.Value == "" && t.Op == OpIs && !t.Exact }

// understandText makes the pieces: a text is matched by a pattern, as a whole, or contained.
func (t *Term) understandText() {
	value := strings.ToLower(t.Value)
	contained := t.Field == KeyPath || t.Field == KeyHost || t.Field == KeyHeader
	switch {
	case t.Op == OpIs && !t.Exact && strings.Contains(value, "*"):
		t.pieces = strings.Split(value, "*")
	case t.Op == OpIs && contained:
		t.pieces = []string{"", value, ""}
	default:
		t.pieces = []string{value}
	}
}

// maxWords bounds a phrase, so that looking for it takes time that grows with the content only.
const maxWords = 32

func (t *Term) understandWords() (wrong string) {
	if t.Exists() && t.Field == KeyBody {
		return ""
	}
	if inner, ok := strings.CutPrefix(t.Value, "*"); ok && !t.Exact && t.Field == KeyBody && strings.Trim(inner, "*") != "" {
		t.pieces = append(append([]string{""}, strings.Split(strings.ToLower(strings.TrimSuffix(inner, "*")), "*")...), "")
		return ""
	}
	t.words = Words(t.Value)
	t.prefix = !t.Exact && strings.HasSuffix(t.Value, "*")
	switch {
	case len(t.words) == 0:
		return "words have letters or digits, and here is none; body:*...* finds any characters within content"
	case len(t.words) > maxWords:
		return "at most " + strconv.Itoa(maxWords) + " words in a row can be searched for"
	}
	return ""
}

// Statuses are three digits.
const minStatus, maxStatus = 100, 999

func (t *Term) understandStatus() (wrong string) {
	const help = "a status is a number (404), a class (5xx), a range (400..499), compared (>=500), or one of pending, open, done, failed, interrupted"
	value := strings.ToLower(t.Value)
	compares := t.Op != OpIs && t.Op != OpEqual
	least, most, ok := statuses(value)
	switch _, isState := stateOf(value); {
	case t.Exists():
		t.Least, t.Most = minStatus, maxStatus
	case isState && !compares:
	case !ok || compares && least != most:
		return help
	default:
		t.compare(least, most)
		t.Least, t.Most = max(t.Least, minStatus), min(t.Most, maxStatus)
	}
	if t.Value, t.Exact = value, false; t.Op == OpEqual {
		t.Op = OpIs
	}
	return ""
}

// statuses reads 404, 4xx or 400..499.
func statuses(value string) (least, most int64, ok bool) {
	if class, is := strings.CutSuffix(value, "xx"); is {
		least, ok = status(class + "00")
		return least, least + 99, ok
	}
	low, high, between := strings.Cut(value, "..")
	if !between {
		high = low
	}
	least, ok = status(low)
	most, ok2 := status(high)
	return least, most, ok && ok2 && least <= most
}

func status(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return int64(n), err == nil && len(s) == 3 && n >= minStatus
}

// stateOf is the state of that name.
func stateOf(word string) (State, bool) {
	for s := Pending; s <= Interrupted; s++ {
		if s.String() == word {
			return s, true
		}
	}
	return 0, false
}

// State is the state that a status: names instead of a number.
func (t *Term) State() (State, bool) {
	if t.Field != KeyStatus || t.Most != 0 {
		return 0, false
	}
	return stateOf(t.Value)
}

// unit is a unit with its worth.
type unit struct {
	name  string
	worth int64
}

var (
	timeUnits = []unit{{"us", 1}, {"µs", 1}, {"μs", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"h", 3600e6}, {"d", 86400e6}} // microseconds
	sizeUnits = []unit{{"", 1}, {"b", 1}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}}
)

// understandAmount reads a number with its unit. A bare one means at least so long or so large, but not older: what people look for is slow, large
// and recent.
func (t *Term) understandAmount(units []unit, help string) (wrong string) {
	value := strings.ToLower(t.Value)
	digits := strings.TrimRightFunc(value, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.Trim(digits, "0123456789.") != "" {
		return "here comes " + help
	}
	_, fraction, _ := strings.Cut(digits, ".")
	for _, u := range units {
		if u.name != value[len(digits):] {
			continue
		}
		n, fine := number*float64(u.worth), float64(u.worth)/math.Pow10(len(fraction))
		if n > 1e17 {
			return "that is too much"
		}
		if t.Op == OpIs {
			t.Op = OpAtLeast
			if t.Field == KeyAge {
				t.Op = OpLess
			}
		}
		t.compare(int64(math.Round(n)), int64(math.Round(n+max(fine, 1)))-1)
		t.Exact = false
		return ""
	}
	return "here comes " + help
}

// compare sets the range. A number that is equal may be anything up to equal: 1s is 1.0 to 1.999999 s, 1.5s up to 1.599999.
func (t *Term) compare(n, equal int64) {
	t.Least, t.Most = 0, math.MaxInt64
	switch t.Op {
	case OpLess:
		t.Most = n - 1
	case OpAtMost:
		t.Most = n
	case OpMore:
		t.Least = n + 1
	case OpAtLeast:
		t.Least = n
	default:
		t.Least, t.Most = n, equal
	}
}

// understandChoice reads yes and no; replay: takes the beginning of an ID as well.
func (t *Term) understandChoice() (wrong string) {
	value := strings.ToLower(t.Value)
	switch {
	case value == "" || value == "yes" || value == "true":
		value = ""
	case value == "no" || value == "false":
		value = "no"
	case t.Field == KeyPinned:
		return "here comes yes or no, or nothing for yes"
	case strings.Trim(value, "0123456789abcdef-") != "":
		return "here comes the ID of an exchange, or its beginning; or yes or no, or nothing for yes"
	}
	t.Value, t.Op, t.Exact = value, OpIs, false
	return ""
}

// understandKind reads the name of a kind; without one any will do.
func (t *Term) understandKind() (wrong string) {
	t.Value, t.Op, t.Exact = strings.ToLower(t.Value), OpIs, false
	if _, named := t.Kind(); t.Value != "" && !named {
		return "here comes http, tcp or tls"
	}
	return ""
}

// Kind is the kind that a kind: names.
func (t *Term) Kind() (k Kind, named bool) {
	for k = HTTP; k <= TLS; k++ {
		if t.Field == KeyKind && k.String() == t.Value {
			return k, true
		}
	}
	return 0, false
}

func (t *Term) understandIP() (wrong string) {
	t.Op, t.Exact = OpIs, false
	if t.Value == "" {
		return ""
	}
	prefix, err := netip.ParsePrefix(t.Value)
	if err != nil {
		a, err := netip.ParseAddr(t.Value)
		if err != nil {
			return "here comes an address, or a network: 192.0.2.7, 10.0.0.0/8, 2001:db8::/32"
		}
		a = a.WithZone("")
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	if a := prefix.Addr(); a.Is4In6() {
		if prefix.Bits() < 96 {
			return "an IPv4 network within IPv6 has at least 96 bits; write it as IPv4"
		}
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	t.Prefix = prefix.Masked()
	return ""
}
