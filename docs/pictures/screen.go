package main

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
)

// A paper is what a screen is drawn on: its colours, and the sixteen of a terminal.
type paper struct {
	ink, ground string
	sixteen     [16]string
}

var papers = map[string]paper{
	"dark": {"#d8dee9", "#14181f", [16]string{"#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
		"#6b7280", "#ef8a92", "#b1d89a", "#f0d399", "#85c4f5", "#d7a1e7", "#7fd0d8", "#ffffff"}},
	"light": {"#24292f", "#ffffff", [16]string{"#24292f", "#a40e26", "#1a7f37", "#7d4e00", "#0550ae", "#6639ba", "#1b7c83", "#6e7781",
		"#57606a", "#cf222e", "#2da44e", "#9a6700", "#0969da", "#8250df", "#3192aa", "#8c959f"}},
}

// A pen is how the next characters look. Colours are those of CSS; "" is the paper's.
type pen struct {
	ink, ground                         string
	bold, faint, italic, under, reverse bool
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m|\x1b\\([A-Z]|\x0e|\x0f")

// page is a screen as HTML. screen is what tmux captures with -e: lines of characters and of escapes that say how they look.
func page(screen string, p paper) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html><meta charset=utf-8><style>html{background:%s}body{margin:%dpx}"+
		"pre{margin:0;font:%dpx/%dpx 'DejaVu Sans Mono',monospace;color:%s}</style><pre>", p.ground, margin, fontSize, lineHeight, p.ink)
	now, at := pen{}, 0
	for _, span := range append(escapes.FindAllStringIndex(screen, -1), []int{len(screen), len(screen)}) {
		if text := screen[at:span[0]]; text != "" {
			fmt.Fprintf(&b, `<span style="%s">%s</span>`, now.css(p), html.EscapeString(text))
		}
		if code, ok := strings.CutPrefix(screen[span[0]:span[1]], "\x1b["); ok {
			now.take(strings.Split(strings.TrimSuffix(code, "m"), ";"), p)
		}
		at = span[1]
	}
	return b.String() + "</pre>"
}

func (w *pen) css(p paper) string {
	ink, ground := w.ink, w.ground
	if ink == "" {
		ink = p.ink
	}
	if w.reverse {
		if ground == "" {
			ground = p.ground
		}
		ink, ground = ground, ink
	}
	out := "color:" + ink
	if ground != "" {
		out += ";background:" + ground
	}
	for _, part := range []struct {
		on  bool
		css string
	}{{w.bold, ";font-weight:bold"}, {w.faint, ";opacity:.6"}, {w.italic, ";font-style:italic"}, {w.under, ";text-decoration:underline"}} {
		if part.on {
			out += part.css
		}
	}
	return out
}

// take changes the pen as the numbers of an escape say (SGR).
func (w *pen) take(codes []string, p paper) {
	for i := 0; i < len(codes); i++ {
		switch n, _ := strconv.Atoi(codes[i]); {
		case n == 0:
			*w = pen{}
		case n == 1:
			w.bold = true
		case n == 2:
			w.faint = true
		case n == 3:
			w.italic = true
		case n == 4:
			w.under = true
		case n == 7:
			w.reverse = true
		case n == 22:
			w.bold, w.faint = false, false
		case n == 23:
			w.italic = false
		case n == 24:
			w.under = false
		case n == 27:
			w.reverse = false
		case n >= 30 && n <= 37:
			w.ink = p.sixteen[n-30]
		case n >= 40 && n <= 47:
			w.ground = p.sixteen[n-40]
		case n >= 90 && n <= 97:
			w.ink = p.sixteen[n-90+8]
		case n >= 100 && n <= 107:
			w.ground = p.sixteen[n-100+8]
		case n == 39:
			w.ink = ""
		case n == 49:
			w.ground = ""
		case n == 38:
			w.ink = colour(codes[i+1:], p)
			i += length(codes[i+1:])
		case n == 48:
			w.ground = colour(codes[i+1:], p)
			i += length(codes[i+1:])
		}
	}
}

// length is how many numbers name the colour that they begin with: 5;N or 2;R;G;B.
func length(codes []string) int {
	if len(codes) > 0 && codes[0] == "2" {
		return min(4, len(codes))
	}
	return min(2, len(codes))
}

func colour(codes []string, p paper) string {
	n := make([]int, 4)
	for i := range min(len(codes), len(n)) {
		n[i], _ = strconv.Atoi(codes[i])
	}
	switch {
	case n[0] == 2:
		return fmt.Sprintf("#%02x%02x%02x", n[1], n[2], n[3])
	case n[1] < 16:
		return p.sixteen[n[1]]
	case n[1] < 232: // a cube of six steps each
		step := func(k int) int { return []int{0, 95, 135, 175, 215, 255}[k%6] }
		c := n[1] - 16
		return fmt.Sprintf("#%02x%02x%02x", step(c/36), step(c/6), step(c))
	default:
		grey := 8 + 10*(n[1]-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
}
