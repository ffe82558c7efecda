package agent

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// resetBy is net/http's error for a stream of HTTP/2 that was reset: it fills in whatever has its fields.
type resetBy struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e resetBy) Error() string { return fmt.Sprintf("the stream was reset with code %d", e.Code) }

// resets are the codes that a stream is reset with (RFC 9113, 7), and the status that a gRPC client makes of each (gRPC over HTTP2, "Errors").
var resets = [...]struct{ name, status string }{
	{"NO_ERROR", grpcInternal}, {"PROTOCOL_ERROR", grpcInternal}, {"INTERNAL_ERROR", grpcInternal}, {"FLOW_CONTROL_ERROR", grpcInternal},
	{"SETTINGS_TIMEOUT", grpcInternal}, {"STREAM_CLOSED", grpcUnknown}, {"FRAME_SIZE_ERROR", grpcInternal}, {"REFUSED_STREAM", grpcUnavailable},
	{"CANCEL", grpcCancelled}, {"COMPRESSION_ERROR", grpcInternal}, {"CONNECT_ERROR", grpcInternal}, {"ENHANCE_YOUR_CALM", grpcExhausted},
	{"INADEQUATE_SECURITY", grpcDenied},
}

// Status codes of gRPC.
const (
	grpcCancelled   = "1"
	grpcUnknown     = "2"
	grpcDenied      = "7"
	grpcExhausted   = "8"
	grpcInternal    = "13"
	grpcUnavailable = "14"
)

// resetStatus is what a gRPC visitor is told of a service that has reset the stream: the status that his client would have made of it, since neither HTTP/1.1
// nor the relay can pass the code on. nil: something else has gone wrong.
func resetStatus(err error) http.Header {
	var reset resetBy
	if !errors.As(err, &reset) {
		return nil
	}
	name, status := strconv.FormatUint(uint64(reset.Code), 10), grpcUnknown
	if int(reset.Code) < len(resets) {
		name, status = resets[reset.Code].name, resets[reset.Code].status
	}
	return http.Header{"Grpc-Status": {status}, "Grpc-Message": {"the service has reset the stream: " + name}}
}

// onlyStatus answers with a status alone ("Trailers-Only").
func onlyStatus(w http.ResponseWriter, status http.Header) {
	maps.Copy(w.Header(), status)
	w.Header()["Content-Type"] = []string{"application/grpc"}
	w.Header()["Date"] = nil // what net/http would add
}

// isGRPC says that a message of these fields is gRPC's, which ends with trailers; that of gRPC-Web has none.
func isGRPC(h http.Header) bool {
	const kind = "application/grpc"
	t := h.Get("Content-Type")
	return len(t) >= len(kind) && t[:len(kind)] == kind && (len(t) == len(kind) || t[len(kind)] == '+' || t[len(kind)] == ';')
}
