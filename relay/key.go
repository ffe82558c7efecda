package relay

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files of the state directory.
const (
	keyFile    = "relay.key"      // the relay's own secret: names are derived from it
	caFile     = "ca-key.pem"     // CA certificate and key, together, so that one never belongs to another
	caCertFile = "ca.crt"         // the CA certificate alone, for agents' --relay-ca
	leafFile   = "server-key.pem" // the agents' port's certificate and key
	adminFile  = "admin.token"    // what the admin API wants to be shown
	leasesFile = "leases.jsonl"   // who has which name
	lockFile   = "state.lock"
)

const keySize = 32

// loadKey reads the relay's key from dir, or makes it on first start.
func loadKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("relay key: %w", err)
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("relay key %s is damaged (it should hold %d hex digits): restore it, or delete it: then all random names change", path, 2*keySize)
	}
	return key, nil
}

func makeKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("relay key: %w", err)
	}
	if err := writeFile(path, append(hex.AppendEncode(nil, key), '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("relay key: %w", err)
	}
	return key, nil
}

// loadAdminToken reads the token of the admin API from dir, or makes it on first start.
func loadAdminToken(dir string) (string, error) {
	path := filepath.Join(dir, adminFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		token := "adit_admin_" + rand.Text() + rand.Text()
		if err := writeFile(path, []byte(token+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("admin token: %w", err)
		}
		return token, nil
	}
	if err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	token := string(bytes.TrimSpace(text))
	if len(token) < 32 {
		return "", fmt.Errorf("admin token %s is damaged: delete the file, and the relay makes a new one", path)
	}
	return token, nil
}

// writeFile puts a whole file in place of path or leaves what was there: a crash never leaves half a key.
func writeFile(path string, text []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
