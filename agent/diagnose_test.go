package agent

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"
)

// TestClock: outside the time of the relay's certificate, one of the two clocks is wrong; within, the relay's own clock tells how far they are apart.
func TestClock(t *testing.T) {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	leaf := &x509.Certificate{NotBefore: at, NotAfter: at.Add(90 * 24 * time.Hour)}
	day := at.Add(24 * time.Hour)
	for name, x := range map[string]struct {
		now   time.Time
		relay time.Time // zero: it tells none
		want  Verdict
		says  string
	}{
		"before the certificate":      {at.Add(-time.Minute), time.Time{}, CheckFailed, "is not within"},
		"within it":                   {at.Add(time.Minute), time.Time{}, CheckOK, "is within"},
		"in its last days":            {at.Add(89 * 24 * time.Hour), time.Time{}, CheckOK, "is within"},
		"after it":                    {at.Add(91 * 24 * time.Hour), time.Time{}, CheckFailed, "is not within"},
		"before it, and told":         {at.Add(-time.Hour), at.Add(time.Hour), CheckFailed, "is not within"},
		"as at the relay":             {day, day, CheckOK, "as at the relay"},
		"a slow answer is no mistake": {day, day.Add(-5 * time.Second), CheckOK, "as at the relay"},
		"ahead":                       {day, day.Add(-10 * time.Minute), CheckWarn, "9m55s ahead of the relay's clock"},
		"behind":                      {day, day.Add(10 * time.Minute), CheckWarn, "10m0s behind the relay's clock"},
	} {
		d := &diagnosis{leaf: leaf, asked: x.now.Add(-5 * time.Second), heard: x.now}
		if !x.relay.IsZero() {
			d.told = x.relay.UnixMilli()
		}
		if c := d.clock(x.now); c.Verdict != x.want || !strings.Contains(c.Detail, x.says) || !strings.Contains(c.Detail, x.now.Format("2006-01-02")) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
