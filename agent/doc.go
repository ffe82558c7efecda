// Package agent is the developer's side of a tunnel, as a library: it keeps a session with a relay, binds public URLs there, and leads what
// arrives at them into this program or to services on this machine. It never prints, never ends its host and takes no signals; it brings a
// multiplexer, WebSockets, SOCKS5, file locks, UUIDs and golang.org/x/sys along, and nothing else.
//
// # A public URL in five lines
//
//	ln, err := agent.Listen(ctx, agent.Options{Relay: "tunnel.example.com:4443", Pin: "sha256:…", Token: token}, agent.Endpoint{Name: "web"})
//	if err != nil {
//		return err
//	}
//	fmt.Println(ln.URL())
//	return http.Serve(ln, handler)
//
// [Listen] returns when the URL works. When ctx ends, requests under way finish, and then http.Serve returns. [Listener] is a net.Listener in
// memory: no port is opened that others on the machine could reach. A connection belongs to one visitor, so RemoteAddr (in net/http:
// Request.RemoteAddr) is the visitor's address; a visitor that leaves cancels the request's context; a handler that panics leaves an answer that
// is visibly cut. WebSockets, streams, trailers and 100-continue are as over TCP. TLS ends at the relay: serve plain HTTP/1.1.
//
// # Which relay, and how it is known
//
// Options.Relay is the address of the relay's port for agents, or wss:// and the host of its visitors, where only HTTP passes; Options.Proxy leads through a
// proxy. The link is TLS 1.3 whatever is around it. Options.Pin, which a relay prints at its start, stands for
// its own certificate authority; with Options.CA a file of roots does; with neither, the machine's roots and the host name count. Options.Token
// is the account's, and is sent to a relay only when it has proven itself. A relay for tests runs in the test: package relay/relaytest.
//
// # More than one endpoint
//
// The short form hides an [Agent], which can have any number of endpoints, added before or while it runs:
//
//	a, err := agent.New(options)
//	if err != nil {
//		return err
//	}
//	defer a.Close()
//	ln, err := a.Listen(agent.Endpoint{Name: "app"})                                         // into this program
//	if err != nil {
//		return err
//	}
//	err = a.Forward(agent.Endpoint{Name: "admin", Upstream: "http://localhost:8000"})        // to a service
//	if err != nil {
//		return err
//	}
//	go http.Serve(ln, handler)
//	go func() {
//		url, err := a.URL(ctx, "admin") // waits for it
//		…
//	}()
//	return a.Run(ctx)
//
// [New] starts nothing; [Agent.Run] does all the work until ctx ends. An endpoint's Name is unique in its agent. Its Host is the public name that is
// wanted; without one the relay chooses, always the same for the same instance and Name. An instance lasts as long as the Agent, or, with a [Slot],
// as long as a directory: with one, a restarted program has its URLs again. [Listener.Close] gives a URL back.
//
// Endpoints may come and go: [Agent.Start] adds one while the agent runs and waits for its URL, [Agent.Replace] changes one in place, [Agent.Remove] ends
// one. An agent without any keeps its session and waits for some.
//
// # What is lost, and what comes back
//
// A session that is lost is made again, after a quarter of a second at first and half a minute at last, for as long as Options.GiveUp allows
// (0: for ever). URLs stay. Requests that were under way fail visibly at the visitor, with a code of its own where it is unknown whether they were
// delivered; nothing that reached a service is sent a second time but GET, HEAD and OPTIONS without content.
//
// [Agent.Events] tells all of it as it happens: [SessionOnline], [SessionDown] with the reason and the next try, [EndpointOnline], [EndpointRefused],
// [RequestBegan], [RequestEnded], [ConnectionBegan], [ConnectionEnded], [VisitorTurned], [Stopped]. A reader may be slow: it makes nobody wait, and learns
// what it [Missed]. [Agent.Status] is the state of now, with counters; [Agent.Reconnect] tries at once.
//
// # Recording and replay
//
// Exchanges of endpoints with Inspect go to Options.Recorder, any value with Record(*inspect.Exchange): heads as bytes, content up to a budget,
// a new immutable value for each step. Record must not block; a channel with a default case will do.
// A Recorder that is an inspect.Spiller, too, gets content that is too large for that. Options.RedactFields and RedactJSON name values that no Recorder sees.
// [Agent.ReplayExchange] sends one that was kept again, to the same local service or Listener, byte for byte; the answer is a new exchange with
// ReplayOf. [Agent.Replay] does so by ID, with changes or to another target if you like, for programs that gave the agent a store with [Agent.SetReader];
// [Agent.Prepare] says before what it would send.
// [Agent.SetWebhooks] names the secrets of providers whose webhooks come: [Agent.Verdict] then says what a recorded signature is worth, and a replay can be
// signed anew.
//
// # Errors and codes
//
// Mistakes in Options and Endpoint are errors of New, Forward and Listen. What Run cannot mend by trying again ends it with a [*FatalError], whose
// Code is one of docs/errors.md (1002 BAD_TOKEN, 1008 PIN_MISMATCH, 3003 ALREADY_ONLINE, …); the time to give up, with a [*GaveUpError]. [Agent.URL] says with a
// [*RefusedError] why an endpoint has none. What ended Run is wrapped in what Accept returns. Visitors see a page with the code, and the header
// Adit-Error, whenever no answer came from the local service: 2001 when it refuses, 2002 (504) when it, or a Listener's program, does not accept
// for 10 s.
//
// # The order of ending
//
// End ctx. New requests are refused from then on, those under way may finish within Options.Grace (30 s), names are given back, Listeners' Accept
// fails with net.ErrClosed, and Run returns nil: nothing of the agent is left, not a goroutine. Then Close, which gives the Slot back. A server needs no
// Shutdown of its own for that; one that is shut down first is as good, since it closes its Listener: then end ctx, and wait for Run before the
// program exits, so that the last answers get through.
package agent
