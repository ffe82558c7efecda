package relay

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/adit-tunnel/adit/relay/control"
)

// StoreFile is the control store's file in a relay's state directory.
const StoreFile = "control.db"

// openStore opens who may use the relay: an embedded one has only Options.Tokens, or lets everybody in.
func (r *Relay) openStore() error {
	grant := control.Grant{Account: r.o.Account, Plan: r.o.Plan}
	tokens := map[string]control.Grant{}
	for _, t := range r.o.Tokens {
		tokens[t] = grant
	}
	if r.o.Embedded {
		r.lookup = control.Anyone(grant)
		if len(tokens) > 0 {
			r.lookup = control.Memory(tokens)
		}
		return nil
	}
	store, notice, err := control.Open(filepath.Join(r.o.StateDir, StoreFile))
	if err != nil {
		return fmt.Errorf("--state-dir: %w", err)
	}
	if notice != "" {
		r.o.Log.Warn(strings.ReplaceAll(notice, "\n  ", ": "))
	}
	r.store, r.lookup = store, store
	if err := r.letIn(grant, tokens); err != nil {
		return errors.Join(err, store.Close())
	}
	return nil
}

// letIn adds who comes in beside those whom the store knows.
func (r *Relay) letIn(grant control.Grant, tokens map[string]control.Grant) error {
	switch {
	case r.o.TokenFile != "":
		report := func(err error) { r.o.Log.Error("token file", "err", err) }
		file, err := control.Follow(r.store, r.o.TokenFile, r.adopted, report)
		if err != nil {
			return fmt.Errorf("--token-file: %w", err)
		}
		r.lookup = file
	case len(tokens) == 0:
		if err := r.letEverybodyIn(grant); err != nil {
			return err
		}
	}
	if len(tokens) > 0 {
		r.lookup = control.Join(control.Memory(tokens), r.lookup)
	}
	return nil
}

// letEverybodyIn opens a relay that never had a token to all who reach it. A proxy on this machine may let the whole world in, so the owner is told.
func (r *Relay) letEverybodyIn(grant control.Grant) error {
	unused, err := r.store.Unused()
	if err != nil {
		return err
	}
	if unused {
		r.lookup = control.WhileUnused(r.store, grant)
		if errs := r.o.checkReach(); errs != nil {
			return errors.Join(errs...)
		}
		r.o.Log.Warn("this relay has no tokens: whoever reaches it on this machine is let in, until the first one is made with \"adit relay token create\"")
		return nil
	}
	empty, err := r.store.Empty()
	if empty {
		r.o.Log.Warn("all tokens of this relay were revoked: no agent is let in until one is made with \"adit relay token create\"")
	}
	return err
}

// adopted says what became of a token file.
func (r *Relay) adopted(a control.Adopted) {
	if len(a.Lines) > 0 {
		r.o.Log.Info("tokens taken over from the token file into the control store; the file is left as it is", "file", a.File, "lines", a.Lines, "new accounts", a.Accounts)
	}
	for _, t := range a.Absent {
		r.o.Log.Warn("token does not stand any more: its line is gone from the token file", "file", a.File, "id", t.ID, "account", t.Account)
	}
	for _, t := range a.Returned {
		r.o.Log.Info("token stands again: its line is back in the token file", "file", a.File, "id", t.ID, "account", t.Account)
	}
}
