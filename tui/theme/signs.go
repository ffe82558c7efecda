package theme

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// signs are the characters beyond ASCII that the dashboard draws with, each with what stands for it where a terminal has none of them. Both
// are one cell wide. Panes write the sign they mean; ASCII exchanges all of them at once, when a frame is whole.
var signs = map[rune]byte{
	'›': '>', '»': '>', '‹': '<', '●': '*', '○': 'o', '•': '*', '◆': '*', '↻': '@', '⚑': '!', '⚠': '!', '…': '~', '·': '|', // marks
	'↓': 'v', '↑': '^', '→': '>', '←': '<', '↕': '|', '↔': '-', '▾': 'v', '▴': '^', '▸': '>', '◂': '<', '▼': 'v', '▲': '^', '▶': '>', '◀': '<', // arrows
	'✓': '+', '✔': '+', '✗': 'x', '✘': 'x', '×': 'x', '±': '~', '≠': '!', '≈': '~', '≤': '<', '≥': '>', 'µ': 'u', 'μ': 'u', '−': '-', // verdicts and figures
	'│': '|', '┃': '|', '─': '-', '━': '-', '═': '=', '╌': '-', '┌': '+', '┐': '+', '└': '+', '┘': '+', '├': '+', '┤': '+', '┬': '+', '┴': '+', // rules
	'┼': '+', '╭': '+', '╮': '+', '╰': '+', '╯': '+', '▏': '|', '▕': '|', '⋮': ':',
	'▁': '_', '▂': '.', '▃': ':', '▄': '-', '▅': '=', '▆': '+', '▇': '*', '█': '#', '▀': '"', '░': '.', '▒': ':', '▓': '#', // levels
	'–': '-', '—': '-', '‘': '\'', '’': '\'', '“': '"', '”': '"', '\u00a0': ' ',
}

// ASCII writes a frame without a character beyond ASCII, every cell in its place: our own signs by what stands for them, the rest, which is
// captured text, as question marks.
func ASCII(frame string) string {
	var b strings.Builder
	for len(frame) > 0 {
		i := beyondASCII(frame)
		b.WriteString(frame[:i])
		if frame = frame[i:]; frame == "" {
			break
		}
		r, n := utf8.DecodeRuneInString(frame)
		if sign, ours := signs[r]; ours {
			b.WriteByte(sign)
			frame = frame[n:]
			continue
		}
		cluster, width := ansi.FirstGraphemeCluster(frame, ansi.GraphemeWidth)
		b.WriteString(strings.Repeat("?", width))
		frame = frame[len(cluster):]
	}
	return b.String()
}

// beyondASCII is where the first byte beyond ASCII is; len(s): there is none.
func beyondASCII(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}
