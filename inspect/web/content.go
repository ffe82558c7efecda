package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
	"github.com/adit-tunnel/adit/inspect/view"
)

// content answers with the kept content of one side as it came, by ranges. It is a stranger's: whatever it is, a browser is told to save it.
func (s *Server) content(side inspect.Side) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		p, problem := paramsOf(r, "decoded", "preview")
		if problem != nil {
			return problem
		}
		it, problem := s.requestItem(r, r.PathValue("id"))
		if problem != nil {
			return problem
		}
		body, problem := s.body(r, it, side)
		if problem != nil {
			return problem
		}
		defer body.Close()
		contain(w.Header(), string(it.ID)+"."+side.String())
		tellMissing(w.Header(), it.Message(side))
		switch {
		case p.Get("decoded") == "1":
			return s.decoded(w, r, it.Message(side), body)
		case p.Get("decoded") != "":
			return badRequest("decoded", "want 1")
		case p.Get("preview") == "image":
			return s.preview(w, r, it.Message(side), body)
		case p.Get("preview") != "":
			return badRequest("preview", "only image can be previewed")
		}
		if it.Ended() {
			w.Header().Set("ETag", fmt.Sprintf(`"%d-%s-%d"`, it.Seq, side, body.Size()))
		}
		s.serveContent(w, r, body)
		return nil
	}
}

// body opens the content of one side. Content of no bytes is content, too.
func (s *Server) body(r *http.Request, it inspect.Item, side inspect.Side) (inspect.Body, *apiError) {
	m := it.Message(side)
	switch {
	case m == nil:
		return nil, notFound("no response has come")
	case m.Size == 0:
		return empty{bytes.NewReader(nil)}, nil
	}
	b, err := s.reader.Body(r.Context(), it.ID, side)
	if err != nil {
		return nil, missing("the "+side.String()+"'s content", err)
	}
	return b, nil
}

// contents opens both sides' content. What cannot be opened is shown as far as memory has it.
func (s *Server) contents(r *http.Request, it inspect.Item) *inspect.Contents {
	c, err := inspect.OpenContents(r.Context(), s.reader, it)
	if err != nil {
		s.log.Warn("open kept content", "id", it.ID, "err", err)
	}
	return &c
}

// empty is content of no bytes.
type empty struct{ *bytes.Reader }

func (empty) Close() error { return nil }

// contain sets what keeps a browser from doing anything with a stranger's bytes: they are saved, and should they be shown after all, nothing in them runs.
func contain(h http.Header, name string) {
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
}

// tellMissing says how much content has passed when not all of it was kept: what comes looks whole otherwise.
func tellMissing(h http.Header, m *inspect.Message) {
	if m.Kept < m.Size {
		h.Set("Adit-Content-Size", strconv.FormatInt(m.Size, 10))
	}
}

// serveContent answers with all of it or the range that was asked for.
func (s *Server) serveContent(w http.ResponseWriter, r *http.Request, b inspect.Body) {
	http.ServeContent(s.patiently(w), r, "", time.Time{}, io.NewSectionReader(b, 0, b.Size()))
}

// decoded answers with the content without its codings, while it is decoded. What is damaged or too large is cut, so that it does not look whole.
func (s *Server) decoded(w http.ResponseWriter, r *http.Request, m *inspect.Message, b inspect.Body) *apiError {
	from, err := decode.Reader(decode.Codings(m.Head), io.NewSectionReader(b, 0, b.Size()))
	if err != nil {
		return notDecoded(err)
	}
	defer from.Close()
	begin := bufio.NewReaderSize(from, 32<<10)
	if _, err := begin.Peek(1); err != nil && err != io.EOF {
		return notDecoded(err)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	n, err := io.Copy(s.patiently(w), io.LimitReader(begin, s.limits.decoded+1))
	if err == nil && n > s.limits.decoded {
		err = decode.ErrLimit
	}
	if err != nil && r.Context().Err() == nil {
		s.cut("decode content", err)
	}
	return nil
}

func notDecoded(err error) *apiError {
	return fail(codeBadRequest, http.StatusUnsupportedMediaType, "the content can not be decoded", err.Error()).saying("not_decodable", "ask for it as it passed, without decoded=1")
}

// Bounds of a preview: what tells an image's kind and size, and how large a browser may have to make it.
const (
	previewHead = 64 << 10
	mostPixels  = 50_000_000
)

// preview answers with an image under its true type, which its first bytes say: the sender's word for it counts nothing. The kinds that view knows are
// PNG, JPEG, GIF and WebP: none of them has scripts or links.
func (s *Server) preview(w http.ResponseWriter, r *http.Request, m *inspect.Message, b inspect.Body) *apiError {
	c := view.Open(m, b, view.Limits{Bytes: previewHead, Lines: 1})
	if c.Picture == nil || c.Coding != "" {
		return notAnImage("the content is not PNG, JPEG, GIF or WebP, or still in a content coding")
	}
	if int64(c.Picture.Width)*int64(c.Picture.Height) > mostPixels {
		return notAnImage("it has " + c.Picture.String() + " pixels: a browser would need too much memory")
	}
	w.Header().Set("Content-Type", "image/"+c.Picture.Format)
	s.serveContent(w, r, b)
	return nil
}

func notAnImage(why string) *apiError {
	return fail(codeBadRequest, http.StatusUnsupportedMediaType, "no image to show", why).saying("not_an_image", "")
}
