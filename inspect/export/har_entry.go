package export

// The objects of HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). Names that begin with an underscore are additions that readers skip.

type harCreator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type harEntry struct {
	Started    string       `json:"startedDateTime"`
	Time       float64      `json:"time"` // milliseconds, as all times
	Request    harRequest   `json:"request"`
	Response   harResponse  `json:"response"`
	Cache      struct{}     `json:"cache"`
	Timings    harTimings   `json:"timings"`
	Connection string       `json:"connection,omitempty"` // the client's port
	Comment    string       `json:"comment,omitempty"`
	Resource   string       `json:"_resourceType,omitempty"`
	Messages   []harMessage `json:"_webSocketMessages,omitempty"`
	Adit       harAdit      `json:"_adit"`
}

type harRequest struct {
	Method      string       `json:"method"`
	URL         string       `json:"url"`
	Version     string       `json:"httpVersion"`
	Cookies     []harCookie  `json:"cookies"`
	Headers     []harPair    `json:"headers"`
	Query       []harPair    `json:"queryString"`
	PostData    *harPostData `json:"postData,omitempty"`
	HeadersSize int          `json:"headersSize"`
	BodySize    int64        `json:"bodySize"`
}

type harResponse struct {
	Status      int         `json:"status"` // 0: none came
	StatusText  string      `json:"statusText"`
	Version     string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harPair   `json:"headers"`
	Content     harContent  `json:"content"`
	RedirectURL string      `json:"redirectURL"`
	HeadersSize int         `json:"headersSize"`
	BodySize    int64       `json:"bodySize"`
	Error       string      `json:"_error,omitempty"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harCookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Expires  string `json:"expires,omitempty"`
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
}

type harPostData struct {
	MimeType string `json:"mimeType"`
	Text     string `json:"text"`
	Encoding string `json:"_encoding,omitempty"` // "base64", since HAR has none for requests
	Comment  string `json:"comment,omitempty"`
}

type harContent struct {
	Size        int64  `json:"size"`                  // decoded, as far as it is known
	Compression int64  `json:"compression,omitempty"` // what the coding saved
	MimeType    string `json:"mimeType"`
	Text        string `json:"text,omitempty"`
	Encoding    string `json:"encoding,omitempty"`
	Comment     string `json:"comment,omitempty"`
}

type harTimings struct {
	Blocked float64 `json:"blocked"` // -1: does not apply
	DNS     float64 `json:"dns"`
	SSL     float64 `json:"ssl"`
	Connect float64 `json:"connect"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

type harMessage struct {
	Type   string  `json:"type"` // "send" or "receive", as the client sees it
	Time   float64 `json:"time"` // seconds since 1970
	Opcode int     `json:"opcode"`
	Data   string  `json:"data"` // base64 when binary
}

type harAdit struct {
	ID       string   `json:"id"`
	Endpoint string   `json:"endpoint,omitempty"`
	Target   string   `json:"target"` // as it was sent
	Client   string   `json:"client,omitempty"`
	State    string   `json:"state"`
	Label    string   `json:"label,omitempty"`
	ReplayOf string   `json:"replay_of,omitempty"`
	Edited   bool     `json:"edited,omitempty"`
	Resigned bool     `json:"resigned,omitempty"`
	To       string   `json:"to,omitempty"`   // with replay_of: what it went to, if that is not where its endpoint leads
	Made     bool     `json:"made,omitempty"` // adit made the response
	Failure  string   `json:"failure,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	Note     string   `json:"note,omitempty"`
}
