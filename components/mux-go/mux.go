package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const mostBytes = 1 << 20

type api struct {
	client http.Client
}

func newMux(transport http.RoundTripper) http.Handler {
	a := &api{client: http.Client{Transport: transport}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.HandleFunc("GET /users/{id}", user)
	mux.HandleFunc("POST /orders", order)
	mux.HandleFunc("GET /ticks", ticks)
	mux.HandleFunc("POST /echo", echo)
	mux.HandleFunc("GET /proxy", a.proxy)
	return served(mux)
}

// served is a middleware.
func served(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Served-By", "net/http")
		next.ServeHTTP(w, r)
	})
}

func hello(w http.ResponseWriter, _ *http.Request) {
	name := os.Getenv("NAME")
	if name == "" {
		name = "Go"
	}
	fmt.Fprintf(w, "Hello from %s\n", name)
}

func user(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.Error(w, "the id is no number", http.StatusBadRequest)
		return
	}
	answer(w, http.StatusOK, map[string]any{"id": id, "fields": r.URL.Query()["field"]})
}

func order(w http.ResponseWriter, r *http.Request) {
	var order map[string]any
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBytes)).Decode(&order); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	order["accepted"] = true
	answer(w, http.StatusCreated, order)
}

// ticks are made by a goroutine, which waits with timers of the host.
func ticks(w http.ResponseWriter, _ *http.Request) {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for tick := range 3 {
			time.Sleep(10 * time.Millisecond)
			lines <- fmt.Sprintf("tick %d\n", tick)
		}
	}()
	w.Header().Set("Content-Type", "text/plain")
	for line := range lines {
		io.WriteString(w, line)
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	io.Copy(w, r.Body)
}

func (a *api) proxy(w http.ResponseWriter, r *http.Request) {
	response, err := a.client.Get(r.URL.Query().Get("url"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	w.WriteHeader(response.StatusCode)
	io.Copy(w, response.Body)
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}
