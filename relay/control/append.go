package control

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	// TokenPrefix begins every token, so that people and secret scanners know one when they see it.
	TokenPrefix = "adit_"

	tokenBytes = 32
	tokenChars = 43 // 62^43 > 2^256

	lockWait  = 10 * time.Second
	lockRetry = 20 * time.Millisecond
)

// AppendToken makes a token ("adit_" and 256 random bits in base 62), appends its hash to the file and returns the token: it is written
// nowhere. The file is made with mode 0600 when it is missing. Nothing is appended to a file that Follow could not read. Several may run at
// once: they wait for each other, up to 10 s.
func AppendToken(path, account, plan string) (token string, err error) {
	if err := errors.Join(checkName("account", account), checkName("plan", plan)); err != nil {
		return "", err
	}
	unlock, err := lock(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	defer f.Close()
	text, err := readAll(f)
	if err != nil {
		return "", fmt.Errorf("token file %s: %w", path, err)
	}
	if _, err := parse(path, text); err != nil {
		return "", fmt.Errorf("nothing was added to a token file that cannot be read: %w", err)
	}
	token, err = newToken(rand.Reader)
	if err != nil {
		return "", err
	}
	if err := appendLine(f, text, tokenLine(token, account, plan, time.Now())); err != nil {
		return "", fmt.Errorf("token file: %w", err)
	}
	return token, nil
}

// lock takes the lock of the file at path: a token file, or a store that is being opened. It is a file of its own beside it, because editors replace a token
// file when they save, and because a lock is also a ban on reading on some systems.
func lock(path string) (unlock func() error, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	l := flock.New(path+".lock", flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, lockRetry); err != nil {
		return nil, fmt.Errorf("%s: locking it: %w", path, errors.Join(err, l.Close()))
	}
	return l.Close, nil
}

// appendLine writes the line in one piece, after the header when the file is new and after a line end when somebody's editor left none.
func appendLine(f *os.File, text []byte, line string) error {
	switch {
	case len(text) == 0:
		line = header + line
	case text[len(text)-1] != '\n':
		line = "\n" + line
	}
	_, err := f.WriteString(line)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(err, f.Truncate(int64(len(text)))) // of a full disk's half line one could read another plan
	}
	return nil
}

func tokenLine(token, account, plan string, created time.Time) string {
	hash := sha256.Sum256([]byte(token))
	return fmt.Sprintf("%s%s %s %s %s\n", hashPrefix, hex.EncodeToString(hash[:]), account, plan, created.UTC().Format(time.DateOnly))
}

func newToken(random io.Reader) (string, error) {
	var b [tokenBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("random bytes: %w", err)
	}
	// big.Int's digits for base 62 are 0-9a-zA-Z.
	digits := new(big.Int).SetBytes(b[:]).Text(62)
	return TokenPrefix + strings.Repeat("0", tokenChars-len(digits)) + digits, nil
}
