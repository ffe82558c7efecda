package policy

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ngrok's limits. Lengths are in characters.
const (
	maxCredentials = 10
	maxUser        = 128
	minPassword    = 8
	maxPassword    = 128
	maxRealm       = 128

	defaultRealm = "adit"
)

// maxPair is the longest "user:password" in bytes.
const maxPair = (maxUser+maxPassword)*utf8.UTFMax + 1

// basicAuth wants one of several users with their passwords in the field Authorization (RFC 7617). No other field counts.
type basicAuth struct {
	pairs                   [][sha256.Size]byte // of "user:password": all of the same length, so that comparing takes the same time
	missing, wrong, several *Rejection
}

func compileBasicAuth(config value, s scope) (action, error) {
	b := &basicAuth{}
	realm, enforce := defaultRealm, true
	err := config.each(func(key string, v value) (err error) {
		switch key {
		case "credentials":
			err = b.read(v)
		case "realm":
			realm, err = readRealm(v)
		case "enforce":
			enforce, err = v.flag()
		default:
			err = v.errorf("no such key; basic-auth has credentials, realm and enforce")
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case len(b.pairs) == 0:
		return nil, config.errorf(`no credentials; want a list of "user:password"`)
	case !enforce:
		return nil, nil
	}
	challenge := `WWW-Authenticate: Basic realm="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(realm) + `", charset="UTF-8"` + "\r\n"
	b.missing = s.reject(BasicAuth, "no user name and password", challenge)
	b.wrong = s.reject(BasicAuth, "wrong user name or password", challenge)
	b.several = s.reject(BasicAuth, "more than one Authorization field", challenge)
	return b, nil
}

// read takes the pairs. Its errors must not repeat them.
func (b *basicAuth) read(v value) error {
	all, err := v.list("entry")
	if err != nil {
		return err
	}
	if len(all) > maxCredentials {
		return v.errorf("%d entries; at most %d are taken", len(all), maxCredentials)
	}
	for _, v := range all {
		pair, err := v.text()
		if err != nil {
			return v.errorf(`this must be a text: "user:password", in quotes`)
		}
		if err := checkPair(v, pair); err != nil {
			return err
		}
		b.pairs = append(b.pairs, sha256.Sum256([]byte(pair)))
	}
	return nil
}

func checkPair(v value, pair string) error {
	user, password, ok := strings.Cut(pair, ":")
	if !ok {
		return v.errorf(`there is no ":" in it; want "user:password"`)
	}
	if !utf8.ValidString(pair) || strings.ContainsFunc(pair, unicode.IsControl) {
		return v.errorf("it holds a control character")
	}
	if n := utf8.RuneCountInString(user); n > maxUser {
		return v.errorf("the user name has %d characters; at most %d are taken", n, maxUser)
	}
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return v.errorf("the password has %d characters; it must have %d to %d", n, minPassword, maxPassword)
	}
	return nil
}

func readRealm(v value) (string, error) {
	realm, err := v.text()
	if err != nil {
		return "", err
	}
	if len(realm) > maxRealm || strings.ContainsFunc(realm, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", v.errorf("a realm is at most %d printable ASCII characters", maxRealm)
	}
	return realm, nil
}

func (b *basicAuth) judge(f *Facts) *Rejection {
	var field []byte
	n := 0
	for i := range f.Request.Fields {
		// Also one that is not sent on because Connection names it: it was sent to us.
		if bytes.EqualFold(f.Request.Fields[i].Name, []byte("authorization")) {
			field = f.Request.Fields[i].Value
			n++
		}
	}
	scheme, token, _ := bytes.Cut(field, []byte(" "))
	switch {
	case n > 1:
		return b.several // two readers could take one each
	case !bytes.EqualFold(scheme, []byte("basic")):
		return b.missing
	case !b.knows(bytes.Trim(token, " ")):
		return b.wrong
	}
	return nil
}

// knows says whether a token is one of the pairs, in a time that does not tell how much of one it is.
func (b *basicAuth) knows(token []byte) bool {
	var buf [maxPair + 3]byte
	if base64.StdEncoding.DecodedLen(len(token)) > len(buf) {
		return false
	}
	n, err := base64.StdEncoding.Decode(buf[:], token)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(buf[:n])
	found := 0
	for i := range b.pairs {
		found |= subtle.ConstantTimeCompare(sum[:], b.pairs[i][:])
	}
	return found == 1
}
