package inspect

import "slices"

// Names says that a condition of f is about k, wherever it stands.
func (f *Filter) Names(k Key) bool { return f != nil && names(f.Root, k) }

func names(n Node, k Key) bool {
	in := func(n Node) bool { return names(n, k) }
	switch n := n.(type) {
	case And:
		return slices.ContainsFunc(n, in)
	case Or:
		return slices.ContainsFunc(n, in)
	case Not:
		return in(n.Node)
	case *Term:
		return n.Field == k
	}
	return false
}
