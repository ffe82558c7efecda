package view

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSanitize(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"/webhooks?a=b&c":                 "/webhooks?a=b&c",
		"\x1b]52;c;aGk=\a":                `\x1b]52;c;aGk=\x07`,
		"a\r\nb\tc":                       `a\r\nb\tc`,
		"\x00\x7f":                        `\x00\x7f`,
		"\u009b2J":                        `\u009b2J`,
		"\x9b2J":                          `\x9b2J`,
		"user\u202egnp.exe":               `user\u202egnp.exe`,
		"a\u2066b\u2069\u200e":            `a\u2066b\u2069\u200e`,
		"zero\u200bwidth\ufeff":           `zero\u200bwidth\ufeff`,
		"l\u2028p\u2029":                  `l\u2028p\u2029`,
		"tag\U000e0041":                   `tag\U000e0041`,
		"Grüße, 世界 🙂":                     "Grüße, 世界 🙂",
		"e\u0301":                         "e\u0301",
		"\u0301":                          `\u0301`,
		"z" + strings.Repeat("\u0335", 6): "z" + strings.Repeat("\u0335", 4) + `\u0335\u0335`,
		"cut \xe4\xb8":                    `cut \xe4\xb8`,
		"\ufffd":                          "\ufffd",
		"private \ue000":                  `private \ue000`,
		"blank\u3164":                     `blank\u3164`,
		`back\slash`:                      `back\slash`,
		"soft\u00adhyphen":                `soft\u00adhyphen`,
	} {
		if got := Sanitize(in); got != want {
			t.Errorf("Sanitize(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSanitizeTyped(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[7mü\x1b[0m世\nb":             "\x1b[7mü\x1b[0m世\nb",
		"a\u202eb\u2069\u200b\u3164":      "a\ufffdb\ufffd\ufffd\ufffd",
		"z" + strings.Repeat("\u0335", 6): "z" + strings.Repeat("\u0335", 4) + "\ufffd\ufffd",
	} {
		if got := SanitizeTyped(in); got != want {
			t.Errorf("SanitizeTyped(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	p := painter{room: 10}
	p.add(ClassPlain, "a\tb\r\n\x1b[2J\n\n\u202een")
	p.add(ClassString, "d\n")
	if got := joined(Content{Lines: p.lines}); got != `a   b|\x1b[2J||\u202eend` {
		t.Errorf("%q", got)
	}
}

// checkSafe fails when s holds anything a terminal would act on, or that nobody would see.
func checkSafe(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("not UTF-8: %q", s)
	}
	for _, r := range s {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || r == 0x7f {
			t.Fatalf("%q holds %U", s, r)
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J\x9b1m\u009b", "\u202e\u200b\u2066", "a\u0301\u0301", "\xff\xfe", "\U000e0001", "世界\t\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		safe := Sanitize(s)
		checkSafe(t, safe)
		if again := Sanitize(safe); again != safe {
			t.Fatalf("%q is changed again to %q", safe, again)
		}
		p := painter{room: 100}
		p.add(ClassPlain, s)
		for _, line := range p.lines {
			checkSafe(t, line.String())
		}
	})
}
