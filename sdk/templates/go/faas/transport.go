//go:build !wasip1

package faas

import "net/http"

// Transport sends requests through the host, which lets through what the function was granted with --allow-host.
// Elsewhere than in a component it is [http.DefaultTransport].
type Transport struct{}

// RoundTrip implements [http.RoundTripper].
func (Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(r)
}
