package wire

import "fmt"

// Code is a stable error number; a number is never used again for something else. Ranges: 1xxx link and session, 2xxx the developer's side,
// 3xxx names and limits, 4xxx the visitor's request, 5xxx protocol errors. docs/errors.md is this table.
type Code uint16

// The codes. What each means, who can mend it and how stands in Codes; CodeNone is no error.
const (
	CodeNone Code = 0

	CodeVersion        Code = 1001
	CodeBadToken       Code = 1002
	CodeTokenRequired  Code = 1003
	CodeBadAuth        Code = 1004
	CodeTooManyTries   Code = 1005
	CodeRelayStopping  Code = 1006
	CodeRelayBusy      Code = 1007
	CodePinMismatch    Code = 1008
	CodeUntrustedRelay Code = 1009
	CodeSessionLimit   Code = 1010
	CodeLinkLost       Code = 1011
	CodeNoRelay        Code = 1012
	CodeTimeout        Code = 1013

	CodeLocalRefused  Code = 2001
	CodeLocalTimeout  Code = 2002
	CodeLocalReset    Code = 2003
	CodeLocalNotHTTP  Code = 2004
	CodeLocalName     Code = 2005
	CodeLocalEarlyEnd Code = 2006
	CodeLocalBadHead  Code = 2007
	CodeLocalTLS      Code = 2008
	CodeAgentStopping Code = 2009
	CodeAgentAborted  Code = 2010
	CodeCaptureGone   Code = 2011
	CodeReplayPartial Code = 2012
	CodeAgentBusy     Code = 2013

	CodeNoEndpoint     Code = 3001
	CodeAgentGone      Code = 3002
	CodeAlreadyOnline  Code = 3003
	CodeNameTaken      Code = 3004
	CodeBadName        Code = 3005
	CodePortTaken      Code = 3006
	CodeUnsupported    Code = 3007
	CodeEndpointLimit  Code = 3008
	CodeTooManyStreams Code = 3009
	CodeDelivery       Code = 3010
	CodeSuperseded     Code = 3011
	CodeNotAllowed     Code = 3012
	CodeNameScope      Code = 3013
	CodeProtocolScope  Code = 3014
	CodeAddressScope   Code = 3015
	CodeRandomOnly     Code = 3016
	CodeDomainUnproven Code = 3017
	CodeSessionTime    Code = 3018
	CodeRateLimit      Code = 3019
	CodeBadPolicy      Code = 3020

	CodeBadRequest     Code = 4001
	CodeHeadTooLarge   Code = 4002
	CodeMethod         Code = 4003
	CodeHTTPVersion    Code = 4004
	CodeHeadTimeout    Code = 4005
	CodeBodyTimeout    Code = 4006
	CodeReaderTimeout  Code = 4007
	CodeVisitorGone    Code = 4008
	CodeTransferCoding Code = 4009
	CodeTooManyConns   Code = 4010
	CodeAuthRequired   Code = 4011
	CodeAddressDenied  Code = 4012
	CodeMisdirected    Code = 4013
	CodeNoServerName   Code = 4014
	CodeClientCert     Code = 4015
	CodePlainHTTP      Code = 4016

	CodeProtocol     Code = 5001
	CodeFrameOrder   Code = 5002
	CodeFrameSize    Code = 5003
	CodeUnknownFrame Code = 5004
	CodeBadSeq       Code = 5005
	CodeOverCredit   Code = 5006
	CodeBadFraming   Code = 5007
	CodeBadHandle    Code = 5008
	CodeControlFlood Code = 5009
	CodeInternal     Code = 5010
)

// CodeInfo is a row of the table of codes.
type CodeInfo struct {
	Code   Code
	Name   string // upper snake case
	Status int    // HTTP status of the page a visitor gets; 0: never shown to one
	Text   string // what happened, one sentence
	Who    string // who can mend it: the developer, the relay's owner, the visitor, the makers of adit
	Remedy string // what to do, one sentence
	Fatal  bool   // an agent that is told this about its session gives up
}

const (
	whoDev     = "the developer"
	whoOwner   = "the relay's owner"
	whoVisitor = "the visitor"
	whoMakers  = "the makers of adit"
)

// Codes is the table, in order of number. It is not to be changed; docs/errors.md is written from it.
var Codes = []CodeInfo{
	{CodeVersion, "VERSION", 0, "Agent and relay speak no common protocol version.", whoDev, "Update the older of the two.", true},
	{CodeBadToken, "BAD_TOKEN", 0, "The relay does not know this token.", whoDev, "Check --authtoken, or ask the relay's owner for a new token.", true},
	{CodeTokenRequired, "TOKEN_REQUIRED", 0, "The relay wants a token and none was sent.", whoDev, "Pass --authtoken or set ADIT_AUTHTOKEN.", true},
	{CodeBadAuth, "BAD_AUTH", 0, "The authentication message could not be read.", whoMakers, "Update the agent.", true},
	{CodeTooManyTries, "TOO_MANY_TRIES", 0, "Too many failed tries came from this address.", whoDev, "Wait for the time the relay names.", false},
	{CodeRelayStopping, "RELAY_STOPPING", 503, "The relay is stopping.", whoOwner, "Try again in a moment.", false},
	{CodeRelayBusy, "RELAY_BUSY", 503, "The relay has no room for more at the moment.", whoOwner, "Try again in a moment.", false},
	{CodePinMismatch, "PIN_MISMATCH", 0, "The relay's certificate does not match the pin.", whoDev, "Compare --relay-pin with what the relay prints at its start; if they differ, somebody may stand between.", true},
	{CodeUntrustedRelay, "UNTRUSTED_RELAY", 0, "The relay's certificate is signed by nobody this machine trusts.", whoDev, "Pass the --relay-pin that the relay prints at its start, or --relay-ca.", true},
	{CodeSessionLimit, "SESSION_LIMIT", 0, "The account has no session left in its plan.", whoDev, "Stop another agent of the account.", true},
	{CodeLinkLost, "LINK_LOST", 502, "The link between relay and agent was lost while the request was under way.", whoDev, "Try again; the agent reconnects by itself.", false},
	{CodeNoRelay, "NO_RELAY", 0, "The relay could not be reached.", whoDev, "Check the address and the network; the agent keeps trying.", false},
	{CodeTimeout, "TIMEOUT", 504, "It took too long.", whoDev, "Try again.", false},

	{CodeLocalRefused, "LOCAL_REFUSED", 502, "Nothing is listening at the local service's address.", whoDev, "Start the local service, or correct the port that adit was given.", false},
	{CodeLocalTimeout, "LOCAL_TIMEOUT", 504, "The local service did not accept a connection in time.", whoDev, "Check that the local service is not stuck.", false},
	{CodeLocalReset, "LOCAL_RESET", 502, "The local service closed the connection before its answer was over.", whoDev, "Look at the local service's log for a crash.", false},
	{CodeLocalNotHTTP, "LOCAL_NOT_HTTP", 502, "What the local service answered is not HTTP, or another version of it.", whoDev, "Check that the port belongs to a web service, and that the upstream says what it speaks: http:// or https://, HTTP/1.1 or HTTP/2.", false},
	{CodeLocalName, "LOCAL_NAME", 502, "The local service's host name could not be resolved.", whoDev, "Correct the address that adit was given.", false},
	{CodeLocalEarlyEnd, "LOCAL_EARLY_END", 502, "The local service's answer ended before it was whole.", whoDev, "Look at the local service's log for a crash.", false},
	{CodeLocalBadHead, "LOCAL_BAD_HEAD", 502, "The local service's answer has a head that two parsers could read differently, so it was not passed on.", whoDev, "Mend the header fields that the message names.", false},
	{CodeLocalTLS, "LOCAL_TLS", 502, "The TLS handshake with the local service failed.", whoDev, "Check the local service's certificate, and that the port speaks TLS.", false},
	{CodeAgentStopping, "AGENT_STOPPING", 503, "The agent is stopping.", whoDev, "Start the agent again.", false},
	{CodeAgentAborted, "AGENT_ABORTED", 502, "The agent broke the exchange off.", whoDev, "Look at the agent's log.", false},
	{CodeCaptureGone, "CAPTURE_GONE", 0, "The recorded request is no longer kept.", whoDev, "Replay a newer one.", false},
	{CodeReplayPartial, "REPLAY_PARTIAL", 0, "What was recorded of the request is not enough to replay it.", whoDev, "Send it again from where it came, or replay it with a body of your own.", false},
	{CodeAgentBusy, "AGENT_BUSY", 503, "The agent has no memory or no open files left for another request.", whoDev, "Try again in a moment; if it stays, raise the agent's limits (ulimit -n, memory).", false},

	{CodeNoEndpoint, "NO_ENDPOINT", 404, "No endpoint is online under this name.", whoDev, "Check the URL, and that the agent is running.", false},
	{CodeAgentGone, "AGENT_GONE", 502, "The endpoint's agent is not connected.", whoDev, "Start the agent again or wait until it has reconnected.", false},
	{CodeAlreadyOnline, "ALREADY_ONLINE", 0, "The endpoint is already online from another agent of this account.", whoDev, "Stop the other agent, or choose another name.", true},
	{CodeNameTaken, "NAME_TAKEN", 0, "The name belongs to another account.", whoDev, "Choose another name.", true},
	{CodeBadName, "BAD_NAME", 0, "The name is not one that this relay can serve.", whoDev, "Choose a name of letters, digits and hyphens under the relay's domain, or a port that it has.", true},
	{CodePortTaken, "PORT_TAKEN", 0, "The port is in use.", whoDev, "Free the port, or let adit choose one.", true},
	{CodeUnsupported, "UNSUPPORTED", 0, "This relay does not offer what was asked for.", whoDev, "Update the relay, or leave the option out.", true},
	{CodeEndpointLimit, "ENDPOINT_LIMIT", 0, "The account has no endpoint left in its plan.", whoDev, "Stop another endpoint.", true},
	{CodeTooManyStreams, "TOO_MANY_STREAMS", 503, "Too many requests are under way at this endpoint.", whoDev, "Try again in a moment.", false},
	{CodeDelivery, "DELIVERY_UNKNOWN", 502, "The link was lost, and it is unknown whether the request was delivered.", whoDev, "Look in the agent's list whether it arrived before sending it again.", false},
	{CodeSuperseded, "SUPERSEDED", 0, "Another session has this name now: one of the same agent, or of the account that the name belongs to.", whoDev, "Nothing, if you started it; else stop the other agent, or ask the relay's owner whose the name is.", true},
	{CodeNotAllowed, "NOT_ALLOWED", 0, "The token may not do this.", whoDev, "Ask the relay's owner for a token that may.", true},
	{CodeNameScope, "NAME_SCOPE", 0, "The token is not for this name.", whoDev, "Ask for a name that the token is for (--url), or the relay's owner for another token.", true},
	{CodeProtocolScope, "PROTOCOL_SCOPE", 0, "The token is not for endpoints of this protocol.", whoDev, "Ask the relay's owner for a token that is.", true},
	{CodeAddressScope, "ADDRESS_SCOPE", 0, "The token is not for agents at this address.", whoDev, "Start the agent where the token is for, or ask the relay's owner for another token.", true},
	{CodeRandomOnly, "RANDOM_ONLY", 0, "The account's plan has no names of its own choice.", whoDev, "Leave --url out, or ask the relay's owner for another plan or to reserve the name.", true},
	{CodeDomainUnproven, "DOMAIN_UNPROVEN", 0, "The domain is not known to be the account's.", whoDev, "Put the TXT record that the message names into the DNS, or ask the relay's owner to reserve the domain.", true},
	{CodeSessionTime, "SESSION_TIME", 0, "The session has lasted as long as the account's plan allows.", whoDev, "Start the agent again.", true},
	{CodeRateLimit, "RATE_LIMIT", 429, "The account has had all the requests a second that its plan allows.", whoDev, "Try again in a second; if it stays, ask the relay's owner for another plan.", false},
	{CodeBadPolicy, "BAD_POLICY", 0, "The endpoint's traffic policy has a mistake.", whoDev, "Mend what the message names.", true},

	{CodeBadRequest, "BAD_REQUEST", 400, "The request is not valid HTTP/1.1, or could be read in two ways.", whoVisitor, "Mend the client.", false},
	{CodeHeadTooLarge, "HEAD_TOO_LARGE", 431, "The request's header fields are too large.", whoVisitor, "Send fewer or smaller fields (cookies, most often).", false},
	{CodeMethod, "METHOD", 405, "This method is not served.", whoVisitor, "Use another method.", false},
	{CodeHTTPVersion, "HTTP_VERSION", 505, "This HTTP version is not spoken here.", whoVisitor, "Use HTTP/1.1.", false},
	{CodeHeadTimeout, "HEAD_TIMEOUT", 408, "The request's head did not arrive in time.", whoVisitor, "Try again.", false},
	{CodeBodyTimeout, "BODY_TIMEOUT", 408, "The request's body stopped arriving.", whoVisitor, "Try again.", false},
	{CodeReaderTimeout, "READER_TIMEOUT", 0, "The visitor stopped reading the answer.", whoVisitor, "Try again.", false},
	{CodeVisitorGone, "VISITOR_GONE", 0, "The visitor closed the connection before the exchange was over.", whoVisitor, "Nothing; the answer was not wanted any more.", false},
	{CodeTransferCoding, "TRANSFER_CODING", 501, "This transfer coding is not served.", whoVisitor, "Send the body as it is or chunked.", false},
	{CodeTooManyConns, "TOO_MANY_CONNECTIONS", 429, "Too many connections are open from this address.", whoVisitor, "Close some, or wait until they are closed.", false},
	{CodeAuthRequired, "AUTH_REQUIRED", 401, "This URL is open only to those who have a user name and password for it.", whoVisitor, "Send a user name and password; whoever gave you the URL knows them.", false},
	{CodeAddressDenied, "ADDRESS_DENIED", 403, "This URL is not open to the address you come from.", whoVisitor, "Come from another network, or ask whoever gave you the URL to let your address in.", false},
	{CodeMisdirected, "MISDIRECTED", 421, "The request is for another name than the TLS connection that it came on.", whoVisitor, "Open a connection of its own for each name.", false},
	{CodeNoServerName, "NO_SERVER_NAME", 421, "The TLS connection did not say which name it is for.", whoVisitor, "Use a client that sends the server name (SNI).", false},
	{CodeClientCert, "CLIENT_CERTIFICATE", 403, "This URL is open only to those who have a certificate for it.", whoVisitor, "Send a certificate of an authority that whoever gave you the URL has named.", false},
	{CodePlainHTTP, "PLAIN_HTTP", 400, "Plain HTTP was sent to a port that speaks TLS.", whoVisitor, "Ask for the same with https:// in front.", false},

	{CodeProtocol, "PROTOCOL", 502, "The other side broke the protocol.", whoMakers, "Update agent and relay; report it if it stays.", false},
	{CodeFrameOrder, "FRAME_ORDER", 502, "A frame came where it must not.", whoMakers, "Update agent and relay; report it if it stays.", false},
	{CodeFrameSize, "FRAME_SIZE", 502, "A frame is longer or shorter than its type allows.", whoMakers, "Update agent and relay; report it if it stays.", false},
	{CodeUnknownFrame, "UNKNOWN_FRAME", 502, "A frame of an unknown type came that may not be skipped.", whoMakers, "Update the older of the two.", false},
	{CodeBadSeq, "BAD_SEQ", 502, "A frame names an exchange that is not under way.", whoMakers, "Update agent and relay; report it if it stays.", false},
	{CodeOverCredit, "OVER_CREDIT", 502, "More content came than was asked for.", whoMakers, "Update agent and relay; report it if it stays.", false},
	{CodeBadFraming, "BAD_FRAMING", 502, "A head and its framing disagree.", whoMakers, "Update agent and relay; report it if it stays.", false},
	{CodeBadHandle, "BAD_HANDLE", 502, "A frame names an endpoint that is not bound.", whoMakers, "Try again.", false},
	{CodeControlFlood, "CONTROL_FLOOD", 0, "More control messages came than can be taken.", whoMakers, "Give a relay or an agent with little memory more; update both; report it if it stays.", false},
	{CodeInternal, "INTERNAL", 500, "Something went wrong inside adit.", whoMakers, "Look at the log and report it.", false},
}

var codeIndex = func() map[Code]*CodeInfo {
	m := make(map[Code]*CodeInfo, len(Codes))
	for i := range Codes {
		m[Codes[i].Code] = &Codes[i]
	}
	return m
}()

// Info returns the code's row; for a number that is not in the table (a newer other side) one that says so.
func (c Code) Info() CodeInfo {
	if i := codeIndex[c]; i != nil {
		return *i
	}
	return CodeInfo{Code: c, Name: "UNKNOWN", Status: 502, Text: "The other side gave a code that this version does not know.", Who: whoMakers, Remedy: "Update the older of the two."}
}

// String is how a code is shown and looked up: "ADIT-2001 LOCAL_REFUSED".
func (c Code) String() string { return fmt.Sprintf("ADIT-%d %s", uint16(c), c.Info().Name) }
