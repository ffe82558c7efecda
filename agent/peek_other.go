//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package agent

// watch tells whether bytes or the end have arrived on a connection: without a way to peek here, by reading ahead.
type watch struct{ ahead }

func (w *watch) init(c socket) error {
	w.conn = c
	return nil
}
