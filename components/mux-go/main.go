// A handler of net/http with a mux: patterns with methods and wildcards, middleware, JSON, a body that is sent while it is
// made, and a request to another server. Its size is most of net/http's: 6 MB, so it is not committed.
package main

import faas "wasi-faas/sdk/go"

func init() {
	faas.Serve(newMux(faas.Transport{}))
}

func main() {}
