package inspect

import "strings"

// String writes the filter in its canonical form: ParseFilter makes an equal filter of it. "" is the filter that matches everything.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	var b strings.Builder
	write(&b, f.Root, false)
	return b.String()
}

// write writes n; tight says that it stands within something that binds as and does.
func write(b *strings.Builder, n Node, tight bool) {
	switch n := n.(type) {
	case And:
		if tight {
			b.WriteByte('(')
			defer b.WriteByte(')')
		}
		for i, c := range n {
			if i > 0 {
				b.WriteByte(' ')
			}
			write(b, c, true)
		}
	case Or:
		if tight {
			b.WriteByte('(')
			defer b.WriteByte(')')
		}
		for i, c := range n {
			if i > 0 {
				b.WriteString(" or ")
			}
			write(b, c, false)
		}
	case Not:
		b.WriteString("not ")
		write(b, n.Node, true)
	case *Term:
		b.WriteString(n.String())
	}
}

// String writes the condition as it is read.
func (t *Term) String() string {
	key := string(t.Field)
	if t.Name != "" {
		key += "." + t.Name
	}
	if key != "" {
		key += ":"
	}
	if t.Exact {
		return key + string(t.Op) + Quote(t.Value)
	}
	return key + string(t.Op) + t.Value
}

// Quote puts text in quotes, as the filter language reads it: a face makes a filter of a value with it, path:="/a b".
func Quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
