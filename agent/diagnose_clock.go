package agent

import (
	"crypto/x509"
	"fmt"
	"time"
)

// maxClockOff is how far the clocks may be apart: signatures of webhooks, and tokens that expire, are commonly taken for five minutes.
const maxClockOff = time.Minute

// clock compares this machine's clock with the relay's, or with the time for which its certificate is made when the relay has told no time.
func (d *diagnosis) clock(now time.Time) Check {
	if d.told == 0 || !within(d.leaf, now) {
		return validityCheck(d.leaf, now)
	}
	c := Check{Name: "Clock", Verdict: CheckOK}
	told := time.UnixMilli(d.told)
	off, way := d.asked.Sub(told), "ahead of" // if told before it was asked
	if behind := told.Sub(d.heard); behind > off {
		off, way = behind, "behind"
	}
	if off <= maxClockOff {
		c.Detail = now.UTC().Format(clockForm) + ", as at the relay"
		return c
	}
	c.Verdict = CheckWarn
	c.Detail = fmt.Sprintf("%s is %v %s the relay's clock", now.UTC().Format(clockForm), off.Round(time.Second), way)
	c.Remedy = "Set the clock that is wrong; until then signatures and tokens that expire may be refused."
	return c
}

const clockForm = "2006-01-02 15:04:05 MST"

func within(leaf *x509.Certificate, at time.Time) bool {
	return !at.Before(leaf.NotBefore) && !at.After(leaf.NotAfter)
}

func validityCheck(leaf *x509.Certificate, now time.Time) Check {
	const minutes = "2006-01-02 15:04 MST"
	validity := fmt.Sprintf("the validity of the relay's certificate, %s to %s", leaf.NotBefore.UTC().Format(minutes), leaf.NotAfter.UTC().Format(minutes))
	c := Check{Name: "Clock", Verdict: CheckOK, Detail: now.UTC().Format(minutes) + " is within " + validity}
	if !within(leaf, now) {
		c.Verdict = CheckFailed
		c.Detail = now.UTC().Format(minutes) + " is not within " + validity
		c.Remedy = "Set this machine's clock; if it is right, the relay needs a new certificate."
	}
	return c
}
