package faas

import (
	"context"
	"log"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
)

var methods = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

//go:wasmexport wasi:http/incoming-handler@0.2.10#handle
func serveOne(request int32, outparam int32) {
	if arenaBase == 0 {
		arenaBase = arenaUsed
	}
	w := &responseWriter{outparam: outparam, header: http.Header{}}
	r, body := newRequest(request)
	ctx, cancel := context.WithCancel(context.Background())
	if call(w, r.WithContext(ctx)) {
		w.finish()
	}
	cancel()
	if body != nil {
		body.Close()
	}
	requestDrop(request)
}

// call reports whether the handler has returned and not panicked.
func call(w *responseWriter, r *http.Request) (ok bool) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		if reason != http.ErrAbortHandler {
			log.Printf("panic serving %s: %v\n%s", r.URL.Path, reason, debug.Stack())
		}
		if w.body != nil {
			w.body.abandon()
			return
		}
		http.Error(w, "the function failed", http.StatusInternalServerError)
		ok = true
	}()
	handler.ServeHTTP(w, r)
	return true
}

func newRequest(request int32) (*http.Request, *incomingBody) {
	r := &http.Request{
		Method:     method(request),
		RequestURI: optional(requestPath, request),
		Host:       optional(requestAuthority, request),
		Header:     readHeaders(requestHeaders(request)),
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Body:       http.NoBody,
	}
	if host := r.Header.Get("Host"); r.Host == "" {
		r.Host = host
	}
	r.Header.Del("Host")
	r.RemoteAddr = r.Header.Get("X-Forwarded-For")
	address, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		address = &url.URL{Path: "/"}
	}
	r.URL = address
	r.ContentLength = -1
	if length, err := strconv.ParseInt(r.Header.Get("Content-Length"), 10, 64); err == nil {
		r.ContentLength = length
	}
	handle, ok := handleOf(requestConsume, request)
	if !ok {
		return r, nil
	}
	body := newIncomingBody(handle)
	r.Body = body
	return r, body
}

func method(request int32) string {
	result := enter()
	defer leave()
	requestMethod(request, result)
	if tag := int(byteAt(0)); tag < len(methods) {
		return methods[tag]
	}
	return stringAt(4)
}

// responseWriter sends the head with the first byte of the body, as net/http does.
type responseWriter struct {
	outparam int32
	header   http.Header
	body     *outgoingBody
	err      error
}

var _ http.Flusher = (*responseWriter)(nil)

func (w *responseWriter) Header() http.Header {
	return w.header
}

func (w *responseWriter) WriteHeader(status int) {
	// Informational answers are the host's.
	if w.body != nil || w.err != nil || status < 200 {
		return
	}
	response := responseNew(newFields(w.header))
	if responseSetStatus(response, int32(status)) != 0 {
		log.Printf("%d is no status", status)
	}
	body, ok := handleOf(responseBody, response)
	outparamSet(w.outparam, 0, response, 0, 0, 0, 0, 0, 0)
	if !ok {
		w.err = errStream
		return
	}
	w.body, w.err = newOutgoingBody(body)
}

func (w *responseWriter) Write(bytes []byte) (int, error) {
	if w.body == nil && w.header.Get("Content-Type") == "" && len(bytes) > 0 {
		w.header.Set("Content-Type", http.DetectContentType(bytes))
	}
	w.WriteHeader(http.StatusOK)
	if w.err != nil {
		return 0, w.err
	}
	return w.body.Write(bytes)
}

// Flush sends the head; what was written is on its way already.
func (w *responseWriter) Flush() {
	w.WriteHeader(http.StatusOK)
}

func (w *responseWriter) finish() {
	w.WriteHeader(http.StatusOK)
	if w.body == nil {
		return
	}
	if err := w.body.finish(); err != nil {
		log.Printf("the answer is incomplete: %v", err)
	}
}
