package cli

import (
	"strings"
	"time"

	"github.com/adit-tunnel/adit/relay"
)

// setLimits reads what --timeout was given: NAME=DURATION each.
func setLimits(l *relay.Limits, values []string) error {
	limits := map[string]*time.Duration{"head": &l.Head, "idle": &l.Idle, "body": &l.Body, "reader": &l.Reader, "auth": &l.Auth}
	for _, v := range values {
		name, text, _ := strings.Cut(v, "=")
		limit := limits[name]
		if limit == nil {
			return usage("--timeout %q: the time limits are head, idle, body, reader and auth, and are set as in head=10s", v)
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return usage("--timeout %q: %q is no duration such as 10s or 2m", v, text)
		}
		*limit = d
	}
	return nil
}
