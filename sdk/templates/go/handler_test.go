package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func call(method, target, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	newMux().ServeHTTP(recorder, httptest.NewRequest(method, target, strings.NewReader(body)))
	return recorder
}

func TestHello(t *testing.T) {
	if got := call("GET", "/?name=you", "").Body.String(); got != "Hello from you\n" {
		t.Errorf("got %q", got)
	}
}

func TestEcho(t *testing.T) {
	if got := call("POST", "/echo", "abc").Body.String(); got != "abc" {
		t.Errorf("got %q", got)
	}
}

func TestUnknownPath(t *testing.T) {
	if got := call("GET", "/nothing", "").Code; got != http.StatusNotFound {
		t.Errorf("got %d", got)
	}
}
