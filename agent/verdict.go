package agent

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/http1"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/sign"
)

// Verdict says what the signature of a recorded webhook is worth, with the secrets of SetWebhooks. Whether it was fresh is a question of when it came: a
// webhook that was valid then stays Valid, and Text says when a plain replay would be refused now; a replay that was sent as it had been is Stale.
func (a *Agent) Verdict(ctx context.Context, id inspect.ID) (inspect.Verdict, error) {
	reader := a.readsFrom()
	if reader == nil {
		return inspect.Verdict{}, errNothingRecorded
	}
	item, err := reader.Get(ctx, id)
	if err != nil {
		return inspect.Verdict{}, err
	}
	j, err := a.judge(ctx, reader, item.Exchange)
	return j.Verdict, err
}

// judgement is a verdict, and what a replay would be signed with.
type judgement struct {
	inspect.Verdict
	by  *webhook // nil: nobody who is known
	url string   // that it was signed for, or the likeliest
}

// judge finds out who signed the exchange's request, and with what.
func (a *Agent) judge(ctx context.Context, reader inspect.Reader, x *inspect.Exchange) (judgement, error) {
	if len(x.Request.Head) == 0 {
		return judgement{Verdict: inspect.Verdict{State: inspect.Unchecked, Text: "only its line was kept, so a signature cannot be looked for"}}, nil
	}
	head := &http1.Request{Head: http1.Head{Wire: true}}
	if n, err := head.Parse(x.Request.Head); err != nil || n == 0 {
		return judgement{Verdict: inspect.Verdict{State: inspect.Unchecked, Text: "its head cannot be read"}}, nil
	}
	body, missing := recorded(ctx, reader, x)
	if ctx.Err() != nil {
		return judgement{}, ctx.Err()
	}
	urls := a.publicURLs(head, x.Endpoint)
	all := a.candidates(signable(head, urls[0], body))
	if len(all) == 0 {
		return judgement{url: urls[0], Verdict: inspect.Verdict{Text: "it carries no signature that is known"}}, nil
	}
	best := judgement{by: all[0], url: urls[0]}
	best.Provider, best.CanSign = all[0].ID, len(all[0].secrets) > 0 && all[0].CanSign(signable(head, urls[0], body))
	switch {
	case len(all[0].secrets) == 0:
		best.State, best.Text = inspect.NoSecret, lacking(all)
		return best, nil
	case missing != nil:
		best.State, best.Text = inspect.Unchecked, missing.Error()
		return best, nil
	}
	return compare(all, head, urls, body, x), nil
}

// compare tries all who may have signed, and all URLs that they may have signed for, until one fits; else the first counts.
func compare(all []*webhook, head *http1.Request, urls []string, body []byte, x *inspect.Exchange) (first judgement) {
	for i, k := range all {
		for n, url := range urls {
			r := signable(head, url, body)
			result := k.Verify(r, k.secrets, x.Start)
			fits := result.State == sign.Valid || result.State == sign.Stale
			if !fits && i+n > 0 {
				continue
			}
			first = judgement{by: k, url: url, Verdict: k.worded(result, x, k.CanSign(r))}
			if fits {
				return first
			}
		}
	}
	return first
}

// worded is a result as a person reads it.
func (k *webhook) worded(r sign.Result, x *inspect.Exchange, canSign bool) inspect.Verdict {
	v := inspect.Verdict{Provider: k.ID, Signed: r.Signed, CanSign: canSign}
	limit, resign := k.Tolerance(), ""
	if canSign {
		resign = "; sign it anew to send it again"
	}
	switch r.State {
	case sign.Valid:
		v.State = inspect.Valid
		if !r.Signed.IsZero() {
			v.Text = "made " + moment(x.Start.Sub(r.Signed))
		}
		if !r.Signed.IsZero() && limit > 0 && time.Since(r.Signed) > limit {
			v.Text += fmt.Sprintf("; by now receivers refuse it, who take %s%s", span(limit), resign)
		}
	case sign.Stale:
		v.State = inspect.Stale
		v.Text = fmt.Sprintf("the secret is right, but the signature was made %s, and receivers take %s%s", moment(x.Start.Sub(r.Signed)), span(limit), resign)
	case sign.Wrong:
		v.State, v.Text = inspect.Wrong, r.Reason
		if k.problem != "" {
			v.Text += "; " + k.problem
		}
		if x.Request.Redacted {
			v.State, v.Text = inspect.Unchecked, "values in it were redacted before it was recorded"
		}
	default:
		v.Text = "it carries no signature that is known"
		v.Provider = ""
	}
	return v
}

// moment says how long before a request came something was; below 0: after.
func moment(d time.Duration) string {
	if d < 0 {
		return span(d) + " after it came, by the clock here"
	}
	return span(d) + " before it came"
}

// lacking says what to do when no secret is known of those who may have signed.
func lacking(all []*webhook) string {
	var names []string
	for _, k := range all {
		if k.problem != "" {
			return k.problem
		}
		names = append(names, k.ID)
	}
	env := "ADIT_WEBHOOK_SECRET_" + strings.ToUpper(strings.ReplaceAll(names[0], "-", "_")) // as package config has it
	return fmt.Sprintf("that of %s is not known here; webhook_secrets in the configuration or %s names it", strings.Join(names, " or "), env)
}

// span is a duration for a person.
func span(d time.Duration) string {
	switch d = d.Abs(); {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
