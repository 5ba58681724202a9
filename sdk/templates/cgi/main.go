// {{name}} answers one HTTP request as a CGI program: the request is in the environment and on stdin, the answer
// goes to stdout. Any language that builds for WASI preview1 can do the same; Go has the adapter in its library.
package main

import (
	"log"
	"net/http"
	"net/http/cgi"
	"os"
)

func main() {
	// The part of the path that leads to the function; patterns of the mux are below it.
	prefix := os.Getenv("SCRIPT_NAME")
	if err := cgi.Serve(http.StripPrefix(prefix, newMux())); err != nil {
		log.Fatal(err)
	}
}
