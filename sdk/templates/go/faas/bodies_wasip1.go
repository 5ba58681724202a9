package faas

import (
	"io"
	"net/http"
	"unsafe"
)

// incomingBody is a body that the host sends.
type incomingBody struct {
	stream, body int32
	closed       bool
	err          error
}

// newIncomingBody opens what consume gave.
func newIncomingBody(body int32) *incomingBody {
	stream, ok := handleOf(bodyStream, body)
	if !ok {
		bodyDrop(body)
		return &incomingBody{closed: true, err: errStream}
	}
	return &incomingBody{stream: stream, body: body}
}

func (b *incomingBody) Read(bytes []byte) (int, error) {
	if b.err != nil || len(bytes) == 0 {
		return 0, b.err
	}
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	result := enter()
	defer leave()
	for {
		arenaUsed = arenaBase
		streamRead(b.stream, uint64(min(len(bytes), CopyBytes)), result)
		if byteAt(0) != 0 {
			b.err = streamError(4)
			return 0, b.err
		}
		length := int(wordAt(8))
		if length == 0 {
			continue
		}
		return copy(bytes, unsafe.Slice((*byte)(pointerAt(4)), length)), nil
	}
}

func (b *incomingBody) Close() error {
	if !b.closed {
		b.closed = true
		inputDrop(b.stream)
		bodyDrop(b.body)
	}
	return nil
}

// outgoingBody is a body that the host takes.
type outgoingBody struct {
	stream, body int32
}

func newOutgoingBody(body int32) (*outgoingBody, error) {
	stream, ok := handleOf(outgoingWrite, body)
	if !ok {
		outgoingDrop(body)
		return nil, errStream
	}
	return &outgoingBody{stream: stream, body: body}, nil
}

// Write hands bytes on, and waits until the host has room for them.
func (b *outgoingBody) Write(bytes []byte) (int, error) {
	written := 0
	for written < len(bytes) {
		room, err := b.room()
		if err != nil {
			return written, err
		}
		if room == 0 {
			pollable := streamSubscribe(b.stream)
			pollableBlock(pollable)
			pollableDrop(pollable)
			continue
		}
		part := bytes[written:min(len(bytes), written+room)]
		if err := b.write(part); err != nil {
			return written, err
		}
		written += len(part)
	}
	return written, b.flush(streamFlush)
}

func (b *outgoingBody) room() (int, error) {
	result := enter()
	defer leave()
	streamCheckWrite(b.stream, result)
	if byteAt(0) != 0 {
		return 0, closedIsFailure(streamError(8))
	}
	return int(min(results[1], CopyBytes)), nil
}

func (b *outgoingBody) write(part []byte) error {
	result := enter()
	defer leave()
	streamWrite(b.stream, unsafe.Pointer(unsafe.SliceData(part)), uint32(len(part)), result)
	if byteAt(0) != 0 {
		return closedIsFailure(streamError(4))
	}
	return nil
}

func (b *outgoingBody) flush(call func(self int32, result unsafe.Pointer)) error {
	result := enter()
	defer leave()
	call(b.stream, result)
	if byteAt(0) != 0 {
		return closedIsFailure(streamError(4))
	}
	return nil
}

// finish ends a body that is whole.
func (b *outgoingBody) finish() error {
	err := b.flush(streamBlockingFlush)
	outputDrop(b.stream)
	if err != nil {
		outgoingDrop(b.body)
		return err
	}
	result := enter()
	defer leave()
	outgoingFinish(b.body, 0, 0, result)
	if byteAt(0) != 0 {
		return errStream
	}
	return nil
}

// abandon ends a body that is not whole, so that its reader learns of it.
func (b *outgoingBody) abandon() {
	outputDrop(b.stream)
	outgoingDrop(b.body)
}

// closedIsFailure: a reader that has left is no end of file to a writer.
func closedIsFailure(err error) error {
	if err == io.EOF {
		return io.ErrClosedPipe
	}
	return err
}

// readHeaders reads fields and drops them.
func readHeaders(fields int32) http.Header {
	defer fieldsDrop(fields)
	header := http.Header{}
	result := enter()
	defer leave()
	fieldsEntries(fields, result)
	entry, count := pointerAt(0), wordAt(4)
	for range count {
		words := unsafe.Slice((*uint32)(entry), 4)
		name := unsafe.String((*byte)(inMemory(words[0])), words[1])
		value := ""
		if words[3] > 0 {
			value = string(unsafe.Slice((*byte)(inMemory(words[2])), words[3]))
		}
		header.Add(string([]byte(name)), value)
		entry = unsafe.Add(entry, 16)
	}
	return header
}

// newFields makes fields of a header. What the host refuses (connection headers, bad names) is left out.
func newFields(header http.Header) int32 {
	fields := fieldsNew()
	for name, values := range header {
		for _, value := range values {
			result := enter()
			fieldsAppend(fields, name, value, result)
			leave()
		}
	}
	return fields
}
