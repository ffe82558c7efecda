package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// maxBody bounds what the receiver reads of a webhook.
const maxBody = 4 << 20

func (r *Receiver) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/github", github)
	mux.HandleFunc("POST /webhooks/stripe", stripe)
	mux.HandleFunc("POST /webhooks/twilio", twilio)
	mux.HandleFunc("POST /reports", report)
	mux.HandleFunc("PUT /uploads/{name}", upload)
	mux.HandleFunc("GET /orders/{id}", order)
	mux.HandleFunc("GET /events", events)
	mux.HandleFunc("GET /live", live)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.received.Add(1)
		mux.ServeHTTP(w, q)
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func github(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err != nil || !equal(q.Header.Get("X-Hub-Signature-256"), githubSignature(body)) {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "signature does not match"})
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "queued", "event": q.Header.Get("X-GitHub-Event")})
}

func stripe(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err != nil || !stripeVerified(q.Header.Get("Stripe-Signature"), body) {
		answer(w, http.StatusBadRequest, map[string]string{"error": "no signature matches the payload"})
		return
	}
	var event struct{ Type string }
	if err := json.Unmarshal(body, &event); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	if event.Type == "invoice.payment_failed" {
		answer(w, http.StatusInternalServerError, map[string]string{
			"error": "no handler for invoice.payment_failed", "hint": "mend it, then replay this request with r",
		})
		return
	}
	answer(w, http.StatusOK, map[string]bool{"received": true})
}

func twilio(w http.ResponseWriter, q *http.Request) {
	if err := q.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	const reply = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Message>Thanks, %d characters received.</Message></Response>\n"
	fmt.Fprintf(w, reply, len(q.PostForm.Get("Body")))
}

// report is the slow one.
func report(w http.ResponseWriter, q *http.Request) {
	select {
	case <-time.After(2500 * time.Millisecond):
		answer(w, http.StatusAccepted, map[string]string{"status": "report is being made"})
	case <-q.Context().Done():
	}
}

func upload(w http.ResponseWriter, q *http.Request) {
	n, err := io.Copy(io.Discard, q.Body)
	if err != nil {
		return
	}
	answer(w, http.StatusCreated, map[string]any{"name": q.PathValue("name"), "bytes": n})
}

func order(w http.ResponseWriter, q *http.Request) {
	if q.PathValue("id") == "0" {
		answer(w, http.StatusNotFound, map[string]string{"error": "no such order"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"id": q.PathValue("id"), "total": "129.00", "currency": "EUR", "items": []map[string]any{
		{"sku": "LAMP-02", "quantity": 1, "price": "89.00"}, {"sku": "BULB-E27", "quantity": 2, "price": "20.00"},
	}})
}

// events is a stream of server-sent events.
func events(w http.ResponseWriter, q *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	c := http.NewResponseController(w)
	for i := 1; i <= 5; i++ {
		fmt.Fprintf(w, "event: progress\ndata: {\"step\": %d, \"of\": 5}\n\n", i)
		if c.Flush() != nil {
			return
		}
		select {
		case <-time.After(600 * time.Millisecond):
		case <-q.Context().Done():
			return
		}
	}
}

// live is a WebSocket that says everything twice.
func live(w http.ResponseWriter, q *http.Request) {
	c, err := websocket.Accept(w, q, &websocket.AcceptOptions{InsecureSkipVerify: true}) // the sender is no browser
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		kind, p, err := c.Read(q.Context())
		if err != nil {
			return
		}
		if err := c.Write(q.Context(), kind, append(append(p, ' '), p...)); err != nil {
			return
		}
	}
}
