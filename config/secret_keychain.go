package config

import (
	"context"
	"errors"
	"fmt"

	"github.com/zalando/go-keyring"
)

// keychainService is the name that all entries of adit have in the system's keychain.
const keychainService = "adit"

// StoreSecret writes value into the keychain of the system, where Secret finds it as keychain:NAME. The error says that there is
// no keychain, or that it is locked; it does not hold the value.
func StoreSecret(name, value string) error {
	if err := keyring.Set(keychainService, name, value); err != nil {
		return noKeychain(err)
	}
	return nil
}

func fromKeychain(_ context.Context, name string, _ SecretOptions) (string, error) {
	value, err := keyring.Get(keychainService, name)
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
