package web

import (
	_ "embed"
	"net/http"
)

// openAPI describes what is below /api; TestOpenAPI holds it against the handlers.
//
//go:embed openapi.json
var openAPI []byte

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) *apiError {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
	return nil
}
