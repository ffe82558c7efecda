package web

import (
	"encoding/json"
	"net/http"
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

// apiError is an answer that is not what was asked for.
type apiError struct {
	code   int
	status int
	msg    string
	detail string
}

func notFound(what string) *apiError {
	return &apiError{codeNotFound, http.StatusNotFound, "not found", what}
}

func badRequest(msg, detail string) *apiError {
	return &apiError{codeBadRequest, http.StatusBadRequest, msg, detail}
}

func (e *apiError) write(w http.ResponseWriter) {
	writeJSON(w, e.status, map[string]any{
		"error_code":  e.code,
		"status_code": e.status,
		"msg":         e.msg,
		"details":     map[string]string{"err": e.detail},
	})
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
