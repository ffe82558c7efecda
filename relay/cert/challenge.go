package cert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"time"

	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

const (
	challengesKey = "challenges/"

	// hookLimit is how long a hook may take to set a record, which includes that all name servers have it.
	hookLimit = 2 * time.Minute
	// cleanupLimit is how long it may take to remove one.
	cleanupLimit = 30 * time.Second
	// hookWords is how much of what a failed hook says is passed on.
	hookWords = 500
)

// challenges are those that a CA asks this relay about: HTTP-01 and TLS-ALPN-01. They lie in the store, because the CA may come to another process of the relay
// than that which ordered. There is one for a name at a time: orders are placed under a lock.
type challenges struct{ store Store }

var _ acmez.Solver = challenges{}

// Present implements acmez.Solver.
func (c challenges) Present(_ context.Context, ch acme.Challenge) error {
	text, err := json.Marshal(ch)
	if err != nil {
		return err
	}
	return c.store.PutItem(challengesKey+ch.Identifier.Value, text)
}

// CleanUp implements acmez.Solver.
func (c challenges) CleanUp(_ context.Context, ch acme.Challenge) error {
	return c.store.DeleteItem(challengesKey + ch.Identifier.Value)
}

// find is the challenge of a canonical name; fs.ErrNotExist. One that is older than its order can be was left behind by a process that was killed.
func (c challenges) find(name string) (ch acme.Challenge, err error) {
	text, since, err := c.store.Item(challengesKey + name)
	if err == nil && time.Since(since) > attemptLimit {
		err = fs.ErrNotExist
	}
	if err != nil {
		return ch, err
	}
	return ch, json.Unmarshal(text, &ch)
}

// hook answers DNS-01 by a program that sets TXT records: HOOK present|cleanup FQDN VALUE. It ends when the record is there for all to see.
type hook string

var _ acmez.Solver = hook("")

// Present implements acmez.Solver.
func (h hook) Present(ctx context.Context, ch acme.Challenge) error {
	return h.run(ctx, hookLimit, "present", ch)
}

// CleanUp implements acmez.Solver. A record is removed also when the order is given up.
func (h hook) CleanUp(ctx context.Context, ch acme.Challenge) error {
	return h.run(context.WithoutCancel(ctx), cleanupLimit, "cleanup", ch)
}

func (h hook) run(ctx context.Context, limit time.Duration, verb string, ch acme.Challenge) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var said bytes.Buffer
	c := exec.CommandContext(ctx, string(h), verb, ch.DNS01TXTRecordName(), ch.DNS01KeyAuthorization())
	c.Stdout, c.Stderr = &said, &said
	c.WaitDelay = time.Second // what the hook has started may hold its output open
	err := c.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	if ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("it was ended after %v", limit)
	}
	words := strings.TrimSpace(said.String())
	return fmt.Errorf("--acme-dns-hook %s %s %s: %w: %s", h, verb, ch.DNS01TXTRecordName(), err, words[:min(len(words), hookWords)])
}
