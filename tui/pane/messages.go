package pane

import (
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// MessageLine is a message of a stream as it is listed: without its payload.
type MessageLine struct {
	view.Message
	Number  int    // from 1
	Preview string // how it begins, masked, in one line
}

const (
	afterCell = 9 // 12.3 s
	kindCell  = 8 // message
	sizeCell  = 9 // 64.2 KiB
	leastText = 12
)

// MessageRow draws a message in one line: when, from whom, what kind, how large, and how it begins. Columns give way to a narrow pane from the right.
func (l Look) MessageRow(m *MessageLine, open bool, mask *view.Mask) Text {
	sign, class, from := "←", classNote, "from the service"
	if m.Side == inspect.RequestSide {
		sign, class, from = "→", classGood, "from the client"
	}
	when := "-"
	if m.After > 0 {
		when = "+" + view.Duration(m.After)
	}
	mark := "  "
	if open {
		mark = "▾ "
	}
	line := view.Line{{Class: view.ClassPlain, Text: mark}, {Class: class, Text: sign + " "}}
	room := l.Width - Width(mark) - 2
	column := func(text string, w int) {
		if room-w >= leastText {
			line = append(line, view.Span{Class: classQuiet, Text: PadLeft(text, w) + " "})
			room -= w + 1
		}
	}
	column(when, afterCell)
	column(m.Kind, kindCell)
	column(view.Size(m.Size), sizeCell)
	text := strings.TrimSpace(m.Name + " " + m.Preview)
	if text == "" {
		text = from
	}
	line = append(line, view.Span{Class: view.ClassPlain, Text: Clip(text, max(room, 1))})
	if m.Note != "" {
		line = append(line, view.Span{Class: classWarn, Text: " (" + m.Note + ")"})
	}
	payload := string(m.Payload)
	return Text{Line: line, Indent: 4, Of: &Thing{Value: payload, Mask: mask.Text(payload) != payload, Message: m.Number}}
}

// MessagesTitle says how many messages there are, and which of them are listed.
func (l Look) MessagesTitle(all, listed int, live bool) Text {
	about := number(all) + " messages"
	if all == 1 {
		about = "1 message"
	}
	if listed < all {
		about += ", the last " + number(listed) + " are listed"
	}
	if live {
		about += ", still open"
	}
	return Quiet(about)
}
