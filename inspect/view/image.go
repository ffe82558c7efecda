package view

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
)

// Picture is what the head of an image says. The image itself is never decoded.
type Picture struct {
	Format        string // "png", "jpeg", "gif", "webp": what the bytes are, whatever the media type says
	Width, Height int    // 0: not told within what was read
}

// String is "png, 640 × 480".
func (p *Picture) String() string {
	if p.Width == 0 {
		return p.Format
	}
	return fmt.Sprintf("%s, %d × %d", p.Format, p.Width, p.Height)
}

// pictures are the formats that are known by their first bytes.
var pictures = []struct {
	format, magic string
	config        func(io.Reader) (image.Config, error)
}{
	{"png", "\x89PNG\r\n\x1a\n", png.DecodeConfig},
	{"jpeg", "\xff\xd8\xff", jpeg.DecodeConfig},
	{"gif", "GIF87a", gif.DecodeConfig},
	{"gif", "GIF89a", gif.DecodeConfig},
	{"webp", "RIFF", webpConfig},
}

// pictureOf reads the head of an image; nil: it is none that is known.
func pictureOf(data []byte) *Picture {
	for _, f := range pictures {
		if !bytes.HasPrefix(data, []byte(f.magic)) || f.format == "webp" && (len(data) < 12 || string(data[8:12]) != "WEBP") {
			continue
		}
		p := &Picture{Format: f.format}
		if config, err := f.config(bytes.NewReader(data)); err == nil {
			p.Width, p.Height = config.Width, config.Height
		}
		return p
	}
	return nil
}

// webpConfig reads the size from the first chunk of a WebP file: VP8 (lossy), VP8L (lossless) or VP8X (extended).
func webpConfig(r io.Reader) (c image.Config, err error) {
	b := make([]byte, 30)
	if _, err := io.ReadFull(r, b); err != nil {
		return c, err
	}
	switch string(b[12:16]) {
	case "VP8 ":
		c.Width = int(binary.LittleEndian.Uint16(b[26:]) & 0x3fff)
		c.Height = int(binary.LittleEndian.Uint16(b[28:]) & 0x3fff)
	case "VP8L":
		bits := binary.LittleEndian.Uint32(b[21:])
		c.Width, c.Height = int(bits&0x3fff)+1, int(bits>>14&0x3fff)+1
	case "VP8X":
		c.Width = (int(b[24]) | int(b[25])<<8 | int(b[26])<<16) + 1
		c.Height = (int(b[27]) | int(b[28])<<8 | int(b[29])<<16) + 1
	}
	return c, nil
}
