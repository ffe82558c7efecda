package theme

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func TestGroundOf(t *testing.T) {
	for answer, want := range map[string]Ground{
		"rgb:0000/0000/0000": Dark, "rgb:ffff/ffff/ffff": Light, "rgb:f/f/f": Light, "rgb:fd/f6/e3": Light, "rgb:2828/2c2c/3434": Dark,
		"rgb:ff/0/0": Dark, "rgb:0/ff/0": Light,
		"": Unknown, "rgb:": Unknown, "rgb:ff/ff": Unknown, "rgb:ff/ff/fff/f": Unknown, "rgb:fffff/0/0": Unknown, "rgb:-1/0/0": Unknown,
		"rgba:ff/ff/ff/ff": Unknown, "#ffffff": Unknown, "rgb:0x/1/1": Unknown, "rgb:+1/1/1": Unknown, "rgb:f_f/1/1": Unknown,
	} {
		if got := GroundOf(answer); got != want {
			t.Errorf("%q: %d, want %d", answer, got, want)
		}
	}
}

func FuzzGroundOf(f *testing.F) {
	f.Add("rgb:2828/2c2c/3434")
	f.Fuzz(func(t *testing.T, answer string) {
		if g := GroundOf(answer); g != Unknown && (len(answer) < len("rgb:0/0/0") || len(answer) > len("rgb:0000/0000/0000")) {
			t.Errorf("%q is taken for a colour", answer)
		}
	})
}

func TestWanted(t *testing.T) {
	for _, c := range []struct {
		name, fgbg string
		want       Ground
		ask        bool
	}{
		{"auto", "", Unknown, true}, {"", "15;0", Dark, true}, {"auto", "0;15", Light, true}, {"auto", "0;default;15", Light, true},
		{"auto", "12;8", Dark, true}, {"auto", "0;7", Light, true}, {"auto", "15", Unknown, true}, {"auto", "0;300", Unknown, true},
		{"light", "15;0", Light, false}, {"dark", "0;15", Dark, false}, {"16", "0;15", Unknown, false},
	} {
		g, ask := Wanted(c.name, func(string) string { return c.fgbg })
		if g != c.want || ask != c.ask {
			t.Errorf("%q with %q: %d and %v, want %d and %v", c.name, c.fgbg, g, ask, c.want, c.ask)
		}
	}
}

// Every colour can be read on the backgrounds that people have: the darkest and the brightest, and those of the themes that are used most.
func TestContrast(t *testing.T) {
	grounds := map[Ground][]uint32{
		Dark:  {0x000000, 0x1e1e1e, 0x282828, 0x282a36, 0x002b36, 0x2e3440, 0x303446},
		Light: {0xffffff, 0xfafafa, 0xfdf6e3, 0xfbf1c7, 0xeff1f5},
	}
	for g, backgrounds := range grounds {
		for _, p := range []palette{palettes[g], truePalettes[g]} {
			for name, colour := range p.hues() {
				for _, b := range backgrounds {
					if ratio := contrast(luminance(rgb(t, colour)), luminance(b)); ratio < 4.5 {
						t.Errorf("%s (%s) on #%06x has a contrast of %.1f", name, colour, b, ratio)
					}
				}
			}
		}
	}
}

// What a colour says does not depend on how many of them a terminal has: the nearest of the hues that it could be taken for is its own.
func TestHues(t *testing.T) {
	for _, g := range []Ground{Dark, Light} {
		few := palettes[g].hues()
		for name, colour := range truePalettes[g].hues() {
			nearest := ""
			for other, c := range few {
				if nearest == "" || apart(rgb(t, colour), rgb(t, c)) < apart(rgb(t, colour), rgb(t, few[nearest])) {
					nearest = other
				}
			}
			if nearest != name {
				t.Errorf("%s (%s) looks like %s", name, colour, nearest)
			}
		}
	}
}

// apart says how far two colours are from each other.
func apart(a, b uint32) (sum int) {
	for shift := 0; shift <= 16; shift += 8 {
		d := int(a>>shift&0xff) - int(b>>shift&0xff)
		sum += d * d
	}
	return sum
}

func (p palette) hues() map[string]string {
	return map[string]string{"good": p.good, "note": p.note, "warn": p.warn, "bad": p.bad, "quiet": p.quiet}
}

// rgb is a colour that is written as such, or one of the 240 that all terminals have alike.
func rgb(t *testing.T, colour string) uint32 {
	t.Helper()
	digits, written := strings.CutPrefix(colour, "#")
	n, err := strconv.ParseUint(digits, map[bool]int{true: 16, false: 10}[written], 24)
	switch {
	case err != nil:
		t.Fatal(err)
	case written:
		return uint32(n)
	case n >= 232:
		v := uint32(8 + 10*(n-232))
		return v<<16 | v<<8 | v
	}
	steps := [6]uint32{0, 95, 135, 175, 215, 255}
	n -= 16
	return steps[n/36]<<16 | steps[n/6%6]<<8 | steps[n%6]
}

// luminance and contrast are WCAG 2's.
func luminance(c uint32) float64 {
	sum := 0.0
	for i, weight := range [3]float64{0.2126, 0.7152, 0.0722} {
		v := float64(c>>(16-8*i)&0xff) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

func contrast(a, b float64) float64 { return (math.Max(a, b) + 0.05) / (math.Min(a, b) + 0.05) }
