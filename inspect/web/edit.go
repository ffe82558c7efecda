package web

import (
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
)

// editJSON is what is changed of a request before it is sent again. What is not there stays as it was recorded.
type editJSON struct {
	Method     string     `json:"method"`
	Target     string     `json:"target"`
	Headers    [][]string `json:"headers"` // name and value of all fields, in order
	Body       *string    `json:"body"`
	BodyBase64 *[]byte    `json:"body_base64"`
}

// edit is what is changed; nil: nothing.
func (in *editJSON) edit() (*inspect.Edit, *apiError) {
	e := inspect.Edit{Method: in.Method, Target: in.Target}
	if in.Headers != nil {
		e.Fields = []inspect.Field{}
	}
	for i, f := range in.Headers {
		if len(f) != 2 {
			return nil, badEdit("headers: number " + strconv.Itoa(i+1) + " is not [name, value]")
		}
		e.Fields = append(e.Fields, inspect.Field{Name: f[0], Value: f[1]})
	}
	switch {
	case in.Body != nil && in.BodyBase64 != nil:
		return nil, badEdit("body and body_base64: only one of them can be sent")
	case in.Body != nil:
		e.Body = []byte(*in.Body)
	case in.BodyBase64 != nil:
		e.Body = append([]byte{}, *in.BodyBase64...)
	case in.Method == "" && in.Target == "" && in.Headers == nil:
		return nil, nil
	}
	return &e, nil
}

func badEdit(detail string) *apiError {
	return badRequest("invalid edit", detail).saying("invalid_edit", "")
}
