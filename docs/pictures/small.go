package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"slices"
)

// shrink writes a PNG anew with the 256 colours that it has most of, which is a quarter of its size: letters are a few colours and the steps between.
func shrink(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	from, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	box, count := from.Bounds(), map[color.RGBA]int{}
	each(box, func(x, y int) { count[rounded(from.At(x, y))]++ })
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return count[b] - count[a] })
	var most color.Palette
	for _, c := range all[:min(len(all), 256)] {
		most = append(most, c)
	}
	nearest := map[color.RGBA]uint8{}
	for _, c := range all {
		nearest[c] = uint8(most.Index(c))
	}
	to := image.NewPaletted(box, most)
	each(box, func(x, y int) { to.SetColorIndex(x, y, nearest[rounded(from.At(x, y))]) })
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, to); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func each(box image.Rectangle, f func(x, y int)) {
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			f(x, y)
		}
	}
}

// rounded is a colour without the differences that nobody sees.
func rounded(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r>>8) &^ 3, uint8(g>>8) &^ 3, uint8(b>>8) &^ 3, 255}
}
