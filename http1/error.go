package http1

// Error is a message that must not be forwarded: answer with Status and close. Values are predeclared, so returning one
// allocates nothing; compare with errors.Is or ==.
type Error struct {
	Status int    // what to answer: 400, 405, 431, 501, 505; 502 where only a response can be wrong so. To a bad response 502 is always right
	Reason string // for the error page and the log; never holds bytes of the message
}

// Error returns the reason.
func (e *Error) Error() string { return e.Reason }

// What can be wrong with any head.
var (
	ErrTooLarge     = &Error{431, "the head is too large"}
	ErrManyFields   = &Error{431, "the head has too many fields"}
	ErrBareLF       = &Error{400, "a line ends in LF without CR"}
	ErrBareCR       = &Error{400, "a line contains CR without LF"}
	ErrFold         = &Error{400, "a field line begins with white space (obsolete line folding)"}
	ErrNoColon      = &Error{400, "a field line has no colon"}
	ErrNameEmpty    = &Error{400, "a field name is empty"}
	ErrNameSpace    = &Error{400, "white space between a field name and its colon"}
	ErrName         = &Error{400, "a field name contains a byte that is not allowed"}
	ErrValue        = &Error{400, "a field value contains a control byte"}
	ErrOptions      = &Error{400, "too many connection options"}
	ErrVersion      = &Error{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"}
	ErrUpgradeHTTP2 = &Error{400, "upgrading to h2c is refused"}
)

// What can be wrong with the framing of content: all of RFC 9112, 6, that lets two parsers see two different ends.
var (
	ErrLength          = &Error{400, "Content-Length is not a decimal number"}
	ErrLengthPadded    = &Error{400, "Content-Length has leading zeros"}
	ErrLengthRange     = &Error{400, "Content-Length is too large"}
	ErrLengthRepeated  = &Error{400, "Content-Length is repeated"}
	ErrLengthAndCoding = &Error{400, "both Content-Length and Transfer-Encoding"}
	ErrCoding          = &Error{501, "a transfer coding other than chunked"}
	ErrCodingMalformed = &Error{400, "Transfer-Encoding is malformed, or chunked is not its one and final coding"}
	ErrCodingRepeated  = &Error{400, "Transfer-Encoding is repeated"}
	ErrCodingVersion   = &Error{400, "Transfer-Encoding in an HTTP/1.0 message"}
	ErrCodingStatus    = &Error{502, "Transfer-Encoding in a response that has no content"}
)

// What can be wrong with a request line and Host.
var (
	ErrRequestLine    = &Error{400, "the request line is malformed"}
	ErrMethod         = &Error{400, "the method is malformed"}
	ErrTarget         = &Error{400, "the request target is malformed"}
	ErrFragment       = &Error{400, "the request target has a fragment"}
	ErrAsterisk       = &Error{400, "the target * is for OPTIONS only"}
	ErrConnect        = &Error{405, "CONNECT is not served here"}
	ErrTargetHost     = &Error{400, "the request target and Host disagree"}
	ErrHostMissing    = &Error{400, "Host is missing"}
	ErrHostMissingOld = &Error{400, "Host is missing: HTTP/1.0 requests need it here too, as requests are routed by it"}
	ErrHostRepeated   = &Error{400, "Host is repeated"}
	ErrHostMalformed  = &Error{400, "Host is empty or malformed"}
)

// What can be wrong with a status line.
var (
	ErrStatusLine       = &Error{502, "the status line is malformed"}
	ErrStatus           = &Error{502, "the status is not a number from 100 to 599"}
	ErrUpgradeUnasked   = &Error{502, "101 in answer to a request that asked for no upgrade"}
	ErrUpgradeVersion10 = &Error{502, "101 in HTTP/1.0"}
)

// What can be wrong with chunked content.
var (
	ErrChunkSize       = &Error{400, "a chunk size is not a hexadecimal number"}
	ErrChunkRange      = &Error{400, "a chunk is too large"}
	ErrChunkLine       = &Error{400, "a chunk-size line is too long"}
	ErrChunkExtension  = &Error{400, "a chunk extension is malformed"}
	ErrChunkEnd        = &Error{400, "a chunk does not end with CRLF"}
	ErrTrailersLarge   = &Error{431, "the trailers are too large"}
	ErrTrailersPartial = &Error{400, "the last trailer line has no end"}
	ErrTrailerName     = &Error{400, "a field that must not be in trailers"}
)
