package cert

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"github.com/mholt/acmez/v3/acme"
)

// kept is an account in the store.
type kept struct {
	Key     []byte // PEM
	Account acme.Account
}

// accountKey is where the account is kept.
func (i *issuer) accountKey() string {
	return "accounts/" + i.IssuerKey() + "/" + certmagic.StorageKeys.Safe("account-"+i.Email)
}

// register is the account at the CA: that of an earlier time, or a new one. Its key is in the store before the CA hears of it: processes that share the store, and
// start together, have one account, because a CA gives the account that a key has to whoever registers it again (RFC 8555, 7.3.1).
func (i *issuer) register(ctx context.Context, client *acmez.Client, anew bool) (acme.Account, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.account.Location != "" && !anew {
		return i.account, nil
	}
	a, err := i.load()
	if err == nil && (a.Location == "" || anew) {
		a, err = i.create(ctx, client, a.PrivateKey)
	}
	if err != nil {
		return a, fmt.Errorf("ACME account: %w", err)
	}
	i.account = a
	return a, nil
}

// load reads the account, or puts the key of a new one in the store: also in place of what is damaged there. Location is "" as long as the CA has not told it.
func (i *issuer) load() (acme.Account, error) {
	text, since, err := i.store.Item(i.accountKey())
	if err == nil {
		if a, err := parseAccount(text); err == nil {
			return a, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return acme.Account{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return acme.Account{}, err
	}
	a := acme.Account{PrivateKey: key}
	if text, err = formatAccount(a); err != nil {
		return a, err
	}
	switch err = replace(i.store, i.accountKey(), text, since); {
	case errors.Is(err, fs.ErrExist): // another process was quicker
		if text, _, err = i.store.Item(i.accountKey()); err != nil {
			return a, err
		}
		return parseAccount(text)
	case err != nil:
		return a, err
	}
	return a, nil
}

// create registers a key.
func (i *issuer) create(ctx context.Context, client *acmez.Client, key crypto.Signer) (acme.Account, error) {
	a := acme.Account{PrivateKey: key, TermsOfServiceAgreed: true}
	if i.Email != "" {
		a.Contact = []string{"mailto:" + i.Email}
	}
	a, err := client.NewAccount(ctx, a)
	if err != nil {
		return a, err
	}
	text, err := formatAccount(a)
	if err == nil {
		err = i.store.PutItem(i.accountKey(), text)
	}
	return a, err
}

func parseAccount(text []byte) (acme.Account, error) {
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return acme.Account{}, err
	}
	key, err := certmagic.PEMDecodePrivateKey(k.Key)
	k.Account.PrivateKey = key
	return k.Account, err
}

func formatAccount(a acme.Account) ([]byte, error) {
	key, err := certmagic.PEMEncodePrivateKey(a.PrivateKey)
	if err != nil {
		return nil, err
	}
	return json.Marshal(kept{Key: key, Account: a})
}
