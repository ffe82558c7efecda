package inspect

import "slices"

// Names says that a condition of f is about k, wherever it stands.
func (f *Filter) Names(k Key) bool { return f != nil && names(f.Root, k) }

// OfRequests is f for requests only, unless it says itself which kinds are meant: what counts, compares or sends requests is not about connections.
func (f *Filter) OfRequests() *Filter {
	if f.Names(KeyKind) {
		return f
	}
	requests := &Term{Field: KeyKind, Value: HTTP.String()}
	if f == nil || f.Root == nil {
		return &Filter{Root: requests}
	}
	return &Filter{Root: And{requests, f.Root}}
}

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
