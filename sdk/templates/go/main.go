// {{name}} answers HTTP requests as a component of wasi:http; handler.go has the handlers.
package main

import "example.com/{{name}}/faas"

func init() {
	faas.Serve(newMux())
}

// Never runs: the host calls the handler.
func main() {}
