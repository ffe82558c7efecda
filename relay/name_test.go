package relay

import (
	"bytes"
	"regexp"
	"slices"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
)

func TestWords(t *testing.T) {
	word := regexp.MustCompile(`^[a-z]{3,7}$`)
	all := slices.Concat(adjectives, nouns)
	if len(adjectives) != 256 || len(nouns) != 256 {
		t.Fatalf("%d adjectives, %d nouns", len(adjectives), len(nouns))
	}
	seen := map[string]bool{}
	for _, w := range all {
		if seen[w] || !word.MatchString(w) {
			t.Errorf("%q is there twice, or no short word", w)
		}
		seen[w] = true
	}
}

// The examples of the proquint paper.
func TestProquints(t *testing.T) {
	for v, want := range map[uint16]string{0x7f00: "lusab", 0x0001: "babad", 0x3f54: "gutih", 0xdcc1: "tugad", 0xffff: "zuzuz", 0: "babab"} {
		if got := string(appendProquint(nil, v)); got != want {
			t.Errorf("%04x is %s, want %s", v, got, want)
		}
	}
}

func TestSpell(t *testing.T) {
	quiet, otter := slices.Index(adjectives, "quiet"), slices.Index(nouns, "otter")
	got := spell([8]byte{0x9a, 0x1b, byte(quiet), byte(otter), 0x7f, 0x00, 0x00, 0x01})
	if got != "9a1b-quiet-otter-lusab-babad" {
		t.Error(got)
	}
}

// A name is a promise: this one must come out of every later version.
func TestEndpointNameNeverChanges(t *testing.T) {
	got := endpointName(bytes.Repeat([]byte{7}, keySize), "acme", "0123456789abcdef", "command_line")
	if got != "0405-worthy-lynx-kosub-jitaf" {
		t.Error(got)
	}
}

func TestEndpointNames(t *testing.T) {
	key, other := bytes.Repeat([]byte{1}, keySize), bytes.Repeat([]byte{2}, keySize)
	shape := regexp.MustCompile(`^[0-9a-f]{4}-[a-z]{3,7}-[a-z]{3,7}-[a-z]{5}-[a-z]{5}$`)
	seen := map[string]string{}
	add := func(key []byte, account, instance, endpoint string) {
		t.Helper()
		name := endpointName(key, account, instance, endpoint)
		who := account + "|" + instance + "|" + endpoint
		if seen[name] != "" {
			t.Errorf("%s is the name of %s and of %s", name, seen[name], who)
		}
		seen[name] = who
		canonical, _, ok := registry.CanonicalHost(nil, []byte(name))
		if !shape.MatchString(name) || len(name) > 63 || !ok || string(canonical) != name {
			t.Errorf("%q is no label", name)
		}
		if again := endpointName(key, account, instance, endpoint); again != name {
			t.Errorf("%s, then %s", name, again)
		}
	}
	add(key, "acme", "one", "web")
	add(other, "acme", "one", "web")
	add(key, "acme", "two", "web")
	add(key, "acme", "one", "api")
	add(key, "acmeone", "", "web")
	add(key, "acme", "onew", "eb")
	add(key, "", "acme", "oneweb")
	for i := range 500 {
		add(key, "acme", "one", string(rune('a'+i)))
	}
}
