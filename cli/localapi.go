package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect/web"
)

const (
	// apiPatience is for one answer of a local API: it is on this machine.
	apiPatience = 3 * time.Second

	// apiAnswer is how many bytes of an answer are read.
	apiAnswer = 4 << 20
)

// runningAgent is an agent on this machine, as its local API tells of it.
type runningAgent struct {
	API       string          `json:"api"` // URL
	Status    string          `json:"status"`
	Version   string          `json:"agent_version"`
	Session   runningSession  `json:"session"`
	Refused   []refusedTunnel `json:"refused,omitempty"`
	Endpoints []runningTunnel `json:"endpoints"`

	Captures *runningCaptures `json:"captures,omitempty"` // nil: the agent does not tell
}

// runningCaptures is how an agent's store is.
type runningCaptures struct {
	Place     string `json:"place"` // its file; "": in memory only
	Bytes     int64  `json:"bytes"`
	Stored    uint64 `json:"stored"`
	Summaries uint64 `json:"summaries"`
	NotStored uint64 `json:"not_stored"`
	Waiting   uint64 `json:"waiting"`
	Problem   string `json:"problem,omitempty"`
	Notice    string `json:"notice,omitempty"`
}

type runningSession struct {
	Legs []struct {
		Region  string `json:"region"`
		Latency string `json:"latency,omitempty"`
	} `json:"legs"`
	Proof  string `json:"proof,omitempty"`
	Relay  string `json:"relay,omitempty"`
	Reason string `json:"reason,omitempty"` // why there is none
}

// refusedTunnel is an endpoint that the relay has refused.
type refusedTunnel struct {
	Name     string `json:"name"`
	Upstream string `json:"upstream"`
	Error    string `json:"error"`
	Details  string `json:"details"`
}

type runningTunnel struct {
	Name        string `json:"name"`
	URL         string `json:"public_url"`
	Description string `json:"description,omitempty"`
	Config      struct {
		Addr string `json:"addr"`
	} `json:"config"`
	Metrics struct {
		Conns runningMeters `json:"conns"`
		HTTP  runningMeters `json:"http"`
	} `json:"metrics"`
}

// runningMeters are events per second, and durations in nanoseconds.
type runningMeters struct {
	Count int64   `json:"count"`
	Gauge int64   `json:"gauge"`
	Rate1 float64 `json:"rate1"`
	Rate5 float64 `json:"rate5"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
}

// apiFlags adds the flags that say whose local API is asked, and in which form its answer is printed.
func apiFlags(c *cobra.Command, asJSON *bool) {
	f := c.Flags()
	f.String("api", "", "`HOST:PORT` of the agent's local API (default: the configured one, 127.0.0.1:4040 and the ports after it)")
	f.StringSlice("config", nil, "configuration `FILE`")
	f.BoolVar(asJSON, "json", false, "print JSON")
}

// runningAgents asks all agents that c may mean. It is an error that none answers.
func (a *app) runningAgents(ctx context.Context, c *cobra.Command) ([]runningAgent, error) {
	addrs, password, err := a.apiPlaces(c)
	if err != nil {
		return nil, err
	}
	found, closed := a.askAll(ctx, addrs, password)
	if len(found) > 0 {
		for _, addr := range closed {
			a.report(fmt.Errorf("%w, and is left out\n  ask it alone with --api %s", asksForPassword(addr), addr))
		}
		return found, nil
	}
	if len(closed) > 0 {
		err = fmt.Errorf("%w\n  say it with ADIT_WEB_PASSWORD, or in the configuration as web_password", asksForPassword(closed[0]))
		if closed[0] != addrs[0] {
			err = fmt.Errorf("%w, and ask it alone with --api %s", err, closed[0])
		}
		return nil, &exitError{exitNo, err}
	}
	where := addrs[0]
	if len(addrs) > 1 {
		where += fmt.Sprintf(" or on the %d ports after it", len(addrs)-1)
	}
	return nil, &exitError{exitNo, fmt.Errorf("no agent answers at %s\n  start one, such as \"adit http 8000\", or name its address with --api HOST:PORT", where)}
}

// apiPlaces are where a local API may be: the one the person named, or where an agent with this configuration listens; and the password that it asks for. Where
// an address was named, a mistake in the configuration does not matter.
func (a *app) apiPlaces(c *cobra.Command) (addrs []string, password string, err error) {
	named := c.Flag("api").Value.String()
	if _, _, err := net.SplitHostPort(named); c.Flag("api").Changed && err != nil {
		return nil, "", usage("--api %q is no address such as 127.0.0.1:4040", named)
	}
	cfg, err := config.Load(a.sources(c)) // where state is kept does not matter: a machine's own services have no home
	switch {
	case err != nil && named != "":
		return []string{named}, "", nil
	case err != nil:
		return nil, "", &exitError{exitUsage, err}
	case cfg.WebAddr == "false" && named == "":
		return nil, "", &exitError{exitNo, fmt.Errorf("%s turns the local API off, so nothing can be asked\n  name the address of an agent that has one with --api HOST:PORT", cfg.Origin("web-addr"))}
	}
	if err := cfg.ResolveWeb(c.Context(), a.secretOptions()); err != nil {
		return nil, "", &exitError{exitUsage, err}
	}
	if addrs = nearbyAPIs(cfg); named != "" {
		addrs = []string{named}
	}
	return addrs, cfg.WebPassword, nil
}

// nearbyAPIs are the addresses that an agent with this configuration may have taken for its local API.
func nearbyAPIs(cfg *config.Config) []string {
	if cfg.Origin("web-addr") != "default" {
		return []string{cfg.WebAddr}
	}
	return web.Nearby(cfg.WebAddr)
}

func asksForPassword(addr string) error {
	return fmt.Errorf("the agent at %s asks for a password", addr)
}

// askAll returns the agents that answer at addrs, in that order, and where one asks for another password. Only the first is shown the one we have: at the ports
// after it may be whoever came first.
func (a *app) askAll(ctx context.Context, addrs []string, password string) (found []runningAgent, closed []string) {
	answers, errs := make([]*runningAgent, len(addrs)), make([]error, len(addrs))
	var all sync.WaitGroup
	for i, addr := range addrs {
		all.Add(1)
		shown := password
		if i > 0 {
			shown = ""
		}
		a.guard.Go(func() {
			defer all.Done()
			answers[i], errs[i] = askAgent(ctx, addr, shown)
		})
	}
	all.Wait()
	for i, r := range answers {
		if r != nil {
			found = append(found, *r)
		} else if errors.Is(errs[i], errPassword) {
			closed = append(closed, addrs[i])
		}
	}
	return found, closed
}

// What else may answer.
var (
	errNoAgent  = errors.New("what answers there is no agent")
	errPassword = errors.New("the local API asks for a password\n  say it with ADIT_WEB_PASSWORD, or in the configuration as web_password")
)

func askAgent(ctx context.Context, addr, password string) (*runningAgent, error) {
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	r := &runningAgent{API: "http://" + addr, Endpoints: []runningTunnel{}}
	if err := getJSON(ctx, r.API+"/api/status", password, r); err != nil {
		return nil, err
	}
	if r.API = "http://" + addr; r.Version == "" || r.Status == "" {
		return nil, errNoAgent
	}
	var list struct{ Tunnels []runningTunnel }
	if err := getJSON(ctx, r.API+"/api/tunnels", password, &list); err != nil {
		return nil, err
	}
	r.Endpoints = append(r.Endpoints, list.Tunnels...)
	var state struct{ Keeping *runningCaptures }
	if err := getJSON(ctx, r.API+"/api/v1/status", password, &state); err == nil { // an older agent has none
		r.Captures = state.Keeping
	}
	return r, nil
}

// directly is a client without proxies, for what is on this machine.
var directly = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func getJSON(ctx context.Context, url, password string, into any) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if password != "" {
		q.SetBasicAuth("adit", password)
	}
	answer, err := directly.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusUnauthorized && strings.Contains(answer.Header.Get("WWW-Authenticate"), `realm="adit"`) {
		return errPassword
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s", errNoAgent, answer.Status)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, apiAnswer)).Decode(into); err != nil {
		return fmt.Errorf("%w: %w", errNoAgent, err)
	}
	return nil
}
