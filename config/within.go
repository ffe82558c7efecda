package config

import "context"

// within is what f gives, unless ctx ends first: the error is its cause then. What cannot be broken off in f, such as opening a pipe, is left behind.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		value, err := f()
		got <- answer{value, err}
	}()
	select {
	case a := <-got:
		if ctx.Err() == nil {
			return a.value, a.err
		}
	case <-ctx.Done():
	}
	var none T
	return none, context.Cause(ctx)
}
