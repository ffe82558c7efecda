package view

import (
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// TextOf gives a filter the content of an item that is in memory, as the store's words have it.
func TextOf(it inspect.Item) inspect.Text {
	return func(side inspect.Side) []byte {
		m := it.Message(side)
		if m == nil {
			return nil
		}
		var answer []byte
		if it.Upgraded && it.Response != nil {
			answer = it.Response.Head
		}
		return decode.Text(m.Head, answer, m.Body)
	}
}
