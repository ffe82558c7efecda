package view

import (
	"cmp"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// Matches says that f takes an item as it is at now, by the content and the label that the store's words are made of. What of the content is not in memory
// does not count.
func Matches(f *inspect.Filter, it inspect.Item, now time.Time) bool {
	if f.NeedsBody() {
		it.Label = cmp.Or(it.Label, Label(it.Exchange))
	}
	return f.Match(it, now, func(side inspect.Side) []byte {
		m := it.Message(side)
		if m == nil {
			return nil
		}
		return decode.Text(m.Head, it.UpgradeHead(), m.Body)
	})
}
