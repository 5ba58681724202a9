// Package faas serves an [http.Handler] as a component of wasi:http, built by the standard Go toolchain.
//
//	func init() {
//		faas.Serve(newMux())
//	}
//
//	func main() {}
//
// A component has no main function that runs: Go runs the init functions once, when the instance is made, and every
// request calls the handler. Projects hold this package as a folder, so they build from nothing but Go and jco.
//
// Request bodies are read as they arrive, and answers are sent as they are written. Goroutines run while a request is
// served, and wait with the instance when it is not. os.Getenv has the variables of the function, time and crypto/rand
// are those of the host. Outgoing requests go through [Transport]; there are no sockets.
package faas

import (
	"net/http"
	"runtime"
)

// CopyBytes is how much of a body is read or written at once.
const CopyBytes = 64 << 10

var handler http.Handler = http.NotFoundHandler()

// Serve makes h what answers the requests of this component. Call it from an init function.
func Serve(h http.Handler) {
	if h == nil {
		h = http.DefaultServeMux
	}
	handler = h
	if runtime.GOOS == "wasip1" {
		makeRoom()
	}
}
