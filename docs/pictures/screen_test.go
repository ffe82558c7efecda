package main

import (
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	p := papers["dark"]
	for _, x := range []struct{ screen, want string }{
		{"a<b", `<span style="color:#d8dee9">a&lt;b</span>`},
		{"\x1b[1;32mok\x1b[0m\x1b(B\x0f.", `<span style="color:#98c379;font-weight:bold">ok</span><span style="color:#d8dee9">.</span>`},
		{"\x1b[38;5;114mok\x1b[39m.", `<span style="color:#87d787">ok</span><span style="color:#d8dee9">.</span>`},
		{"\x1b[38;2;1;2;3;48;5;255mx", `<span style="color:#010203;background:#eeeeee">x</span>`},
		{"\x1b[7mx\x1b[27my", `<span style="color:#14181f;background:#d8dee9">x</span><span style="color:#d8dee9">y</span>`},
		{"\x1b[2;3;4;97mx\x1b[22;23;24my", `<span style="color:#ffffff;opacity:.6;font-style:italic;text-decoration:underline">x</span><span style="color:#ffffff">y</span>`},
		{"\x1b[38;5mx\x1b[48mx", `x`}, // cut short
	} {
		if got := page(x.screen, p); !strings.Contains(got, x.want) {
			t.Errorf("%q: %s, want %s in it", x.screen, got, x.want)
		}
	}
}
