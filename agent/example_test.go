package agent_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
)

var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "hello from %s", r.URL.Path)
})

// A public URL in front of a handler.
func ExampleListen() {
	options, stopRelay := startRelay() // Relay, Pin and Token of a relay for this example
	defer stopRelay()
	ctx, cancel := context.WithCancel(context.Background())

	ln, err := agent.Listen(ctx, options, agent.Endpoint{Name: "web"})
	if err != nil {
		log.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- http.Serve(ln, hello) }()

	fmt.Println(get(ln.URL() + "/there")) // a visitor
	cancel()                              // requests under way may finish
	<-served
	// Output: 200 hello from /there
}

// Two handlers behind two URLs of one agent. A connection says where its visitor is.
func ExampleAgent_Listen() {
	options, stopRelay := startRelay()
	defer stopRelay()
	ctx, cancel := context.WithCancel(context.Background())

	a, err := agent.New(options)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	where := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprint(w, "you are on this machine: ", net.ParseIP(host).IsLoopback())
	})
	for name, handler := range map[string]http.Handler{"hello": hello, "where": where} {
		ln, err := a.Listen(agent.Endpoint{Name: name})
		if err != nil {
			log.Fatal(err)
		}
		go http.Serve(ln, handler) // returns when Run has ended
	}
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()

	for _, name := range []string{"hello", "where"} {
		url, err := a.URL(ctx, name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(get(url))
	}
	cancel()
	fmt.Println("ended:", <-ended)
	// Output:
	// 200 hello from /
	// 200 you are on this machine: true
	// ended: <nil>
}

// A public URL in front of a service that listens on a port.
func ExampleAgent_Forward() {
	options, stopRelay := startRelay()
	defer stopRelay()
	service := httptest.NewServer(hello)
	defer service.Close()
	ctx, cancel := context.WithCancel(context.Background())

	a, err := agent.New(options)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	if err := a.Forward(agent.Endpoint{Name: "web", Upstream: service.URL}); err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()

	url, err := a.URL(ctx, "web")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(get(url + "/service"))
	cancel()
	fmt.Println("ended:", <-ended)
	// Output:
	// 200 hello from /service
	// ended: <nil>
}

// What happens to an agent, as it happens.
func ExampleAgent_Events() {
	options, stopRelay := startRelay()
	defer stopRelay()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	a, err := agent.New(options)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	ln, err := a.Listen(agent.Endpoint{Name: "web"})
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(ln, hello)
	events := a.Events(context.Background()) // before Run, so that nothing is missed
	go a.Run(ctx)                            // Stopped tells how it ended

	for e := range events {
		switch e := e.(type) {
		case agent.SessionOnline:
			fmt.Println("online as", e.Account)
		case agent.SessionDown:
			fmt.Println("offline:", e.Err, "next try:", e.NextTry)
		case agent.EndpointOnline:
			fmt.Println(e.Endpoint, "has a URL")
			go get(e.URL + "/event") // a visitor
		case agent.EndpointRefused:
			fmt.Println(e.Endpoint, "refused:", e.Failure.Text, e.Failure.Remedy)
		case agent.RequestEnded:
			fmt.Println(e.Method, e.Target, e.Status)
			cancel()
		case agent.Missed:
			fmt.Println(e.Count, "events missed")
		case agent.Stopped:
			fmt.Println("stopped:", e.Err)
		}
	}
	// Output:
	// online as acme
	// web has a URL
	// GET /event 200
	// stopped: <nil>
}

// recorder keeps the exchanges that have ended, up to its capacity. Record never blocks.
type recorder chan *inspect.Exchange

func (r recorder) Record(x *inspect.Exchange) {
	if !x.Ended() {
		return
	}
	select {
	case r <- x:
	default:
	}
}

// A request that the program has recorded is sent to it again.
func ExampleAgent_ReplayExchange() {
	options, stopRelay := startRelay()
	defer stopRelay()
	ctx, cancel := context.WithCancel(context.Background())

	recorded := make(recorder, 100)
	options.Recorder = recorded
	a, err := agent.New(options)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	ln, err := a.Listen(agent.Endpoint{Name: "web", Inspect: true})
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(ln, hello)
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	url, err := a.URL(ctx, "web")
	if err != nil {
		log.Fatal(err)
	}

	get(url + "/webhook")
	first := <-recorded
	if _, err := a.ReplayExchange(ctx, first); err != nil {
		log.Fatal(err)
	}
	again := <-recorded
	fmt.Println(again.Request.Method, again.Request.Target, again.Response.Status, string(again.Response.Body), again.ReplayOf == first.ID)
	cancel()
	<-ended
	// Output: GET /webhook 200 hello from /webhook true
}
