package faas

import (
	"errors"
	"io"
	"sync"
	"unsafe"
)

// The functions of WASI 0.2 that the SDK needs, as the canonical ABI lowers them.

//go:wasmimport wasi:http/types@0.2.10 [constructor]fields
func fieldsNew() int32

//go:wasmimport wasi:http/types@0.2.10 [method]fields.append
func fieldsAppend(self int32, name string, value string, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]fields.entries
func fieldsEntries(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]fields
func fieldsDrop(self int32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.method
func requestMethod(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.path-with-query
func requestPath(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.authority
func requestAuthority(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.headers
func requestHeaders(self int32) int32

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.consume
func requestConsume(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]incoming-request
func requestDrop(self int32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-body.stream
func bodyStream(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]incoming-body
func bodyDrop(self int32)

//go:wasmimport wasi:http/types@0.2.10 [constructor]outgoing-response
func responseNew(fields int32) int32

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-response.set-status-code
func responseSetStatus(self int32, status int32) int32

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-response.body
func responseBody(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [static]response-outparam.set
func outparamSet(outparam int32, failed int32, response int32, _ int32, _ int64, _ int32, _ int32, _ int32, _ int32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-body.write
func outgoingWrite(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [static]outgoing-body.finish
func outgoingFinish(body int32, hasTrailers int32, trailers int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]outgoing-body
func outgoingDrop(self int32)

//go:wasmimport wasi:http/types@0.2.10 [constructor]outgoing-request
func outgoingRequestNew(fields int32) int32

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-method
func outgoingSetMethod(self int32, tag int32, other string) int32

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-scheme
func outgoingSetScheme(self int32, present int32, tag int32, other string) int32

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-authority
func outgoingSetAuthority(self int32, present int32, authority string) int32

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-path-with-query
func outgoingSetPath(self int32, present int32, path string) int32

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.body
func outgoingRequestBody(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/outgoing-handler@0.2.10 handle
func outgoingHandle(request int32, hasOptions int32, options int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]future-incoming-response.subscribe
func futureSubscribe(self int32) int32

//go:wasmimport wasi:http/types@0.2.10 [method]future-incoming-response.get
func futureGet(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]future-incoming-response
func futureDrop(self int32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-response.status
func incomingStatus(self int32) int32

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-response.headers
func incomingHeaders(self int32) int32

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-response.consume
func incomingConsume(self int32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]incoming-response
func incomingDrop(self int32)

//go:wasmimport wasi:io/streams@0.2.10 [method]input-stream.blocking-read
func streamRead(self int32, length uint64, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [resource-drop]input-stream
func inputDrop(self int32)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.check-write
func streamCheckWrite(self int32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.write
func streamWrite(self int32, contents unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.flush
func streamFlush(self int32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.blocking-flush
func streamBlockingFlush(self int32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.subscribe
func streamSubscribe(self int32) int32

//go:wasmimport wasi:io/streams@0.2.10 [resource-drop]output-stream
func outputDrop(self int32)

//go:wasmimport wasi:io/poll@0.2.10 [method]pollable.block
func pollableBlock(self int32)

//go:wasmimport wasi:io/poll@0.2.10 [resource-drop]pollable
func pollableDrop(self int32)

//go:wasmimport wasi:io/error@0.2.10 [resource-drop]error
func errorDrop(self int32)

// Memory that the host and the adapter of WASI preview1 write to. Both ask for it by cabi_realloc, in the midst of a
// call, when Go's allocator may not run: a collection would call the host again. So it is a static array. What was
// taken before the first request (state and stack of the adapter) stays; the rest is free again with the next call.
var (
	arena     [1 << 20]byte
	arenaBase uintptr
	arenaUsed uintptr
)

//go:wasmexport cabi_realloc
func cabiRealloc(_ unsafe.Pointer, _, align, size uint32) unsafe.Pointer {
	start := (arenaUsed + uintptr(align) - 1) &^ (uintptr(align) - 1)
	if start+uintptr(size) > uintptr(len(arena)) {
		panic("the host passes more than a megabyte at once")
	}
	arenaUsed = start + uintptr(size)
	return unsafe.Add(unsafe.Pointer(&arena), start)
}

// One call of the host: what it writes to results and to the arena is read before another goroutine calls.
var (
	host    sync.Mutex
	results [16]uint64
)

// enter begins a call whose results are read with the functions below, until leave.
func enter() unsafe.Pointer {
	host.Lock()
	arenaUsed = arenaBase
	return unsafe.Pointer(&results)
}

func leave() {
	host.Unlock()
}

func byteAt(offset uintptr) byte {
	return *(*byte)(unsafe.Add(unsafe.Pointer(&results), offset))
}

func wordAt(offset uintptr) int32 {
	return *(*int32)(unsafe.Add(unsafe.Pointer(&results), offset))
}

func pointerAt(offset uintptr) unsafe.Pointer {
	return inMemory(*(*uint32)(unsafe.Add(unsafe.Pointer(&results), offset)))
}

// inMemory makes a pointer of an address that the host has from cabi_realloc: it lies in the arena.
func inMemory(address uint32) unsafe.Pointer {
	base := unsafe.Pointer(&arena)
	return unsafe.Add(base, uintptr(address)-uintptr(base))
}

func stringAt(offset uintptr) string {
	length := wordAt(offset + 4)
	if length == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(pointerAt(offset)), length))
}

// handle of a result<resource> whose payload stands at offset.
func handleOf(call func(self int32, result unsafe.Pointer), self int32) (int32, bool) {
	result := enter()
	defer leave()
	call(self, result)
	return wordAt(4), byteAt(0) == 0
}

// optional is an option<string>, "" where there is none.
func optional(call func(self int32, result unsafe.Pointer), self int32) string {
	result := enter()
	defer leave()
	call(self, result)
	if byteAt(0) == 0 {
		return ""
	}
	return stringAt(4)
}

var errStream = errors.New("the stream failed")

// streamError is the stream-error at offset: io.EOF where the stream is closed.
func streamError(offset uintptr) error {
	if byteAt(offset) == 0 {
		errorDrop(wordAt(offset + 4))
		return errStream
	}
	return io.EOF
}
