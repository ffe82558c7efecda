package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// password is what must be given by HTTP Basic; nil: nothing must. Only its hash is compared, so that the time taken tells neither its length nor its beginning.
type password struct{ hash [sha256.Size]byte }

func newPassword(text string) *password {
	if text == "" {
		return nil
	}
	return &password{sha256.Sum256([]byte(text))}
}

// given says that r has the password.
func (p *password) given(r *http.Request) bool {
	if p == nil {
		return true
	}
	_, text, ok := r.BasicAuth()
	hash := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(hash[:], p.hash[:]) == 1 && ok
}
