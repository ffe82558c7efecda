package cli

import "context"

// task is a part that runs. A nil task is one that is not there.
type task struct {
	end  context.CancelFunc
	err  chan error
	done chan struct{} // closed behind err
}

func (a *app) start(f func(context.Context) error) *task {
	ctx, cancel := context.WithCancel(context.Background())
	t := &task{end: cancel, err: make(chan error, 1), done: make(chan struct{})}
	a.guard.Go(func() {
		defer close(t.done)
		t.err <- f(ctx)
	})
	return t
}

// over gives the task's error, once, when it ends.
func (t *task) over() <-chan error {
	if t == nil {
		return nil
	}
	return t.err
}

// stop ends the task, waits for it, and returns its error unless over has given it already.
func (t *task) stop() error {
	if t == nil {
		return nil
	}
	t.end()
	<-t.done
	select {
	case err := <-t.err:
		return err
	default:
		return nil
	}
}
