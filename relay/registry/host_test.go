package registry

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCanonicalHost(t *testing.T) {
	long := strings.Repeat("a", 63)
	for _, c := range []struct {
		in, name string
		port     uint16
	}{
		{"example.com", "example.com", 0},
		{"EXAMPLE.Com", "example.com", 0},
		{"example.com.", "example.com", 0},
		{"example.com:8080", "example.com", 8080},
		{"example.com.:8080", "example.com", 8080},
		{"example.com:", "example.com", 0},
		{"example.com:65535", "example.com", 65535},
		{"example.com:00080", "example.com", 80},
		{"localhost", "localhost", 0},
		{"my_app.example.com", "my_app.example.com", 0},
		{"a--b.example.com", "a--b.example.com", 0},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", 0},
		{"bücher.example:80", "xn--bcher-kva.example", 80},
		{"BÜCHER.example.", "xn--bcher-kva.example", 0},
		{"例。example", "xn--fsq.example", 0},
		{"ｅｘａｍｐｌｅ.com", "example.com", 0},
		{"127.0.0.1:80", "127.0.0.1", 80},
		{"[::1]", "[::1]", 0},
		{"[0:0:0:0:0:0:0:1]:8080", "[::1]", 8080},
		{"[2001:DB8::A]", "[2001:db8::a]", 0},
		{long + ".example", long + ".example", 0},
		{strings.Repeat(long+".", 3) + strings.Repeat("a", 61), strings.Repeat(long+".", 3) + strings.Repeat("a", 61), 0},
	} {
		name, port, ok := CanonicalHost([]byte("before "), []byte(c.in))
		if got, found := bytes.CutPrefix(name, []byte("before ")); !ok || !found || string(got) != c.name || port != c.port {
			t.Errorf("%q: %q %d %v, want %q %d", c.in, name, port, ok, c.name, c.port)
		}
	}
}

func TestCanonicalHostRefuses(t *testing.T) {
	for _, in := range []string{
		"", ".", "..", "a..b", ".a", "a..", ":80", ":", "a:0", "a:65536", "a:123456", "a:8o", "a:80:80", "a:-1",
		"a b", "a\tb", "a\x00", "a/b", "a@b", "a,b", "%41", "a%2eb", "a?b", "a\\b", "http://a", "*.a", "a\"b", "<a>",
		"-a", "a-", "a.-b", "a-.b", "a-:80",
		strings.Repeat("a", 64), strings.Repeat("abc.", 63) + "ab", strings.Repeat("a", 5000),
		"[", "[]", "[::1", "::1", "[::1]x", "[::1]80", "[127.0.0.1]", "[fe80::1%eth0]", "[fe80::1%25eth0]", "[::g]", "[::1]:0", "[a.example]",
		"\xff", "a\xc3", "a\u200db", "example。。", "a：80", "ex\u00adample\u2024\u2024", "\u00ad", "例-.com",
	} {
		name, port, ok := CanonicalHost([]byte("x"), []byte(in))
		if ok || string(name) != "x" || port != 0 {
			t.Errorf("%q: %q %d %v, want it refused", in, name, port, ok)
		}
	}
}

func TestCanonicalHostAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 256)
	host := []byte("9a1b-Quiet-Otter-lusab-babad.tunnel.example.com:8080")
	if n := testing.AllocsPerRun(100, func() { CanonicalHost(buf, host) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What is accepted is one spelling: again the same when read again, and made of nothing that could mean something in a URL, a log or a file name.
func FuzzCanonicalHost(f *testing.F) {
	for _, s := range []string{
		"example.com", "EXAMPLE.com.:80", "bücher.example", "[::FFFF:1.2.3.4]:1", "a..b", "xn--a", "例。example", "a:0", "[::1", "ß.de", "a\u0301.x", "1.2.3.4", "-", "İ.com",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		kept := bytes.Clone(in)
		name, port, ok := CanonicalHost(nil, in)
		if !bytes.Equal(in, kept) {
			t.Fatalf("%q was changed to %q", kept, in)
		}
		if !ok {
			if name != nil || port != 0 {
				t.Fatalf("%q refused with %q %d", in, name, port)
			}
			return
		}
		again, p, ok := CanonicalHost(nil, name)
		if !ok || p != 0 || !bytes.Equal(again, name) {
			t.Fatalf("%q is %q, and that is %q %d %v", in, name, again, p, ok)
		}
		if upper, _, ok := CanonicalHost(nil, bytes.ToUpper(name)); !ok || !bytes.Equal(upper, name) {
			t.Fatalf("%q in upper case is %q", name, upper)
		}
		if len(name) == 0 || len(name) > 253 || !utf8.Valid(name) || bytes.ContainsAny(name, " \t\r\n\x00/\\@%?#,;\"'<>*") {
			t.Fatalf("%q is %q", in, name)
		}
		if name[0] == '[' != bytes.ContainsRune(name, ':') {
			t.Fatalf("%q is %q", in, name)
		}
	})
}

func BenchmarkCanonicalHost(b *testing.B) {
	buf := make([]byte, 0, 256)
	host := []byte("9a1b-quiet-otter-lusab-babad.tunnel.example.com:8080")
	b.ReportAllocs()
	for b.Loop() {
		CanonicalHost(buf, host)
	}
}
