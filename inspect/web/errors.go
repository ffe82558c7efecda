package web

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Error codes in ngrok's error shape. 100 to 104 are used as ngrok's agent uses them.
const (
	codeNotFound   = 100
	codeBadRequest = 102
	codeFailed     = 103 // the action was tried and failed
	codeNotReady   = 104 // there is no session yet
	codeMethod     = 105
	codeForbidden  = 106
)

// apiError is an answer that is not what was asked for. It is written in ngrok's shape, and below /api/v1 in ours.
type apiError struct {
	code   int
	status int
	msg    string
	detail string

	// Of our own shape only.
	word string // the stable code; "": by the status
	at   *int   // where in the text the mistake is, in bytes
	hint string // what to do
}

func fail(code, status int, msg, detail string) *apiError {
	return &apiError{code: code, status: status, msg: msg, detail: detail}
}

// words are the stable codes of our own shape by the status; docs/api.md lists them with the more special ones.
var words = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusUnauthorized:          "unauthorized",
	http.StatusForbidden:             "forbidden",
	http.StatusNotFound:              "not_found",
	http.StatusMethodNotAllowed:      "method_not_allowed",
	http.StatusConflict:              "conflict",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusInternalServerError:   "internal",
	http.StatusBadGateway:            "failed",
	http.StatusServiceUnavailable:    "busy",
}

func notFound(what string) *apiError {
	return fail(codeNotFound, http.StatusNotFound, "not found", what)
}

func badRequest(msg, detail string) *apiError {
	return fail(codeBadRequest, http.StatusBadRequest, msg, detail)
}

// internal is a failure of adit's own, such as a store that can not be read.
func internal(msg string, err error) *apiError {
	return fail(codeFailed, http.StatusInternalServerError, msg, err.Error())
}

// saying adds a code of our own shape and what to do.
func (e *apiError) saying(word, hint string) *apiError {
	e.word, e.hint = word, hint
	return e
}

func (e *apiError) write(w http.ResponseWriter, r *http.Request) {
	if isOurs(r.URL.Path) {
		writeJSON(w, e.status, map[string]any{"error": e.inOurs()})
		return
	}
	writeJSON(w, e.status, map[string]any{
		"error_code":  e.code,
		"status_code": e.status,
		"msg":         e.msg,
		"details":     map[string]string{"err": e.detail},
	})
}

// isOurs says that a path belongs to adit's own API.
func isOurs(path string) bool { return path == "/api/v1" || strings.HasPrefix(path, "/api/v1/") }

// errorJSON is an error in our own shape.
type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	At      *int   `json:"at,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func (e *apiError) inOurs() errorJSON {
	out := errorJSON{Code: e.word, Message: e.msg, At: e.at, Hint: e.hint}
	if out.Code == "" {
		out.Code = words[e.status]
	}
	if e.detail != "" {
		out.Message += ": " + e.detail
	}
	return out
}

// writeJSON answers with v. An error while writing is the reader's: it has gone.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error_code":103,"status_code":500,"msg":"internal error","details":{"err":""}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
