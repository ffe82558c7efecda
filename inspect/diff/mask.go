package diff

import (
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Masked is one side of a change, c.Old or c.New, as a face shows it; hidden says that something of it is left out: by the field's name, by the last name of
// its path, or by what stands in it.
func (c *Change) Masked(side []Span, mask *view.Mask) (shown string, hidden bool) {
	var b strings.Builder
	for _, s := range side {
		b.WriteString(s.Text)
	}
	text := b.String()
	if f, secret := mask.Field(inspect.Field{Name: c.Where, Value: text}); secret {
		return f.Value, true
	}
	if mask.HidesPath(c.Where) {
		return view.Masked, true
	}
	shown = mask.Text(text)
	return shown, shown != text
}
