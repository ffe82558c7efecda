package config

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// keychainService is the name that all entries of adit have in the system's keychain.
const keychainService = "adit"

// KeychainLimit is how long the keychain may take: it may ask the person to unlock it, but on a machine without a screen nobody is asked.
const KeychainLimit = time.Minute

// StoreSecret writes value into the keychain of the system, where Secret finds it as keychain:NAME. The error says that there is
// no keychain, or that it is locked; it does not hold the value.
func StoreSecret(ctx context.Context, name, value string) error {
	_, err := askKeychain(ctx, func() (string, error) { return "", keyring.Set(keychainService, name, value) })
	if err != nil {
		return noKeychain(err)
	}
	return nil
}

func askKeychain(ctx context.Context, ask func() (string, error)) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, KeychainLimit, fmt.Errorf("it took longer than %v; it may wait to be unlocked", KeychainLimit))
	defer cancel()
	return within(ctx, ask)
}

func fromKeychain(ctx context.Context, name string, _ SecretOptions) (string, error) {
	value, err := askKeychain(ctx, func() (string, error) { return keyring.Get(keychainService, name) })
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return "", errors.New("the keychain has no such entry of adit")
	case err != nil:
		return "", noKeychain(err)
	}
	return value, nil
}

func noKeychain(err error) error {
	return fmt.Errorf("the keychain of this system does not answer: %w", err)
}
