package agent

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"
)

// TestClockCheck: outside the time of the relay's certificate, one of the two clocks is wrong.
func TestClockCheck(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	leaf := &x509.Certificate{NotBefore: at, NotAfter: at.Add(90 * 24 * time.Hour)}
	for _, x := range []struct {
		now  time.Time
		want Verdict
	}{
		{at.Add(-time.Minute), CheckFailed},
		{at.Add(time.Minute), CheckOK},
		{at.Add(89 * 24 * time.Hour), CheckOK},
		{at.Add(91 * 24 * time.Hour), CheckFailed},
	} {
		c := clockCheck(leaf, x.now)
		if c.Verdict != x.want || !strings.Contains(c.Detail, x.now.Format("2006-01-02")) {
			t.Errorf("at %v: %+v", x.now, c)
		}
	}
}
