package faas

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// Transport sends requests through the host, which lets through what the function was granted with --allow-host.
//
//	client := &http.Client{Transport: faas.Transport{}}
type Transport struct{}

// RoundTrip implements [http.RoundTripper]. The body is sent before the answer is waited for.
func (Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	request := outgoingRequestNew(newFields(r.Header))
	tag := slices.Index(methods[:], r.Method)
	if r.Method == "" {
		tag = 0
	}
	if tag < 0 {
		tag = len(methods)
	}
	scheme := int32(1)
	if r.URL.Scheme == "http" {
		scheme = 0
	}
	refused := outgoingSetMethod(request, int32(tag), r.Method) |
		outgoingSetScheme(request, 1, scheme, "") |
		outgoingSetAuthority(request, 1, r.URL.Host) |
		outgoingSetPath(request, 1, r.URL.RequestURI())
	body, ok := handleOf(outgoingRequestBody, request)
	if refused != 0 || !ok {
		return nil, fmt.Errorf("cannot send a %s request to %q", r.Method, r.URL.Redacted())
	}
	future, err := begin(request)
	if err != nil {
		outgoingDrop(body)
		return nil, err
	}
	if err := send(body, r.Body); err != nil {
		futureDrop(future)
		return nil, err
	}
	return wait(future, r)
}

func begin(request int32) (int32, error) {
	result := enter()
	defer leave()
	outgoingHandle(request, 0, 0, result)
	if byteAt(0) != 0 {
		return 0, errorCode(8)
	}
	return wordAt(8), nil
}

func send(handle int32, content io.Reader) error {
	body, err := newOutgoingBody(handle)
	if err != nil {
		return err
	}
	if content != nil {
		if _, err := io.CopyBuffer(body, content, make([]byte, CopyBytes)); err != nil {
			body.abandon()
			return err
		}
	}
	return body.finish()
}

func wait(future int32, r *http.Request) (*http.Response, error) {
	pollable := futureSubscribe(future)
	pollableBlock(pollable)
	pollableDrop(pollable)
	incoming, err := take(future)
	futureDrop(future)
	if err != nil {
		return nil, err
	}
	status := int(incomingStatus(incoming))
	response := &http.Response{
		Status:        strconv.Itoa(status) + " " + http.StatusText(status),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        readHeaders(incomingHeaders(incoming)),
		Body:          http.NoBody,
		ContentLength: -1,
		Request:       r,
	}
	if length, err := strconv.ParseInt(response.Header.Get("Content-Length"), 10, 64); err == nil {
		response.ContentLength = length
	}
	if body, ok := handleOf(incomingConsume, incoming); ok {
		response.Body = newIncomingBody(body)
	}
	incomingDrop(incoming)
	return response, nil
}

// take reads option<result<result<incoming-response, error-code>>>.
func take(future int32) (int32, error) {
	result := enter()
	defer leave()
	futureGet(future, result)
	if byteAt(0) == 0 || byteAt(8) != 0 {
		return 0, errStream
	}
	if byteAt(16) != 0 {
		return 0, errorCode(24)
	}
	return wordAt(24), nil
}

// The names of wasi:http's error-code, in its order.
var errorCodes = [...]string{
	"DNS-timeout", "DNS-error", "destination-not-found", "destination-unavailable", "destination-IP-prohibited",
	"destination-IP-unroutable", "connection-refused", "connection-terminated", "connection-timeout",
	"connection-read-timeout", "connection-write-timeout", "connection-limit-reached", "TLS-protocol-error",
	"TLS-certificate-error", "TLS-alert-received", "HTTP-request-denied", "HTTP-request-length-required",
	"HTTP-request-body-size", "HTTP-request-method-invalid", "HTTP-request-URI-invalid", "HTTP-request-URI-too-long",
	"HTTP-request-header-section-size", "HTTP-request-header-size", "HTTP-request-trailer-section-size",
	"HTTP-request-trailer-size", "HTTP-response-incomplete", "HTTP-response-header-section-size",
	"HTTP-response-header-size", "HTTP-response-body-size", "HTTP-response-trailer-section-size",
	"HTTP-response-trailer-size", "HTTP-response-transfer-coding", "HTTP-response-content-coding",
	"HTTP-response-timeout", "HTTP-upgrade-failed", "HTTP-protocol-error", "loop-detected", "configuration-error",
	"internal-error",
}

func errorCode(offset uintptr) error {
	if code := int(byteAt(offset)); code < len(errorCodes) {
		return fmt.Errorf("wasi:http: %s", errorCodes[code])
	}
	return errStream
}
