// {{name}} answers one HTTP request as a CGI program: the request is in the environment and on stdin, the answer
// goes to stdout. Any language that builds for WASI preview1 can do the same; Go has the adapter in its library.
package main

import (
	"log"
	"net/http/cgi"
)

func main() {
	if err := cgi.Serve(newMux()); err != nil {
		log.Fatal(err)
	}
}
