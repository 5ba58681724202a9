package faas

// makeRoom has the heap grow while the instance starts, and not with its first request: an instance whose memory has
// grown cannot go back to its initial state. A stack is given back to the heap as soon as its goroutine ends, without a
// collection.
func makeRoom() {
	done := make(chan struct{})
	go func() {
		descend(roomBytes / frameBytes)
		close(done)
	}()
	<-done
}

const (
	roomBytes  = 400 << 10
	frameBytes = 16 << 10
)

//go:noinline
func descend(frames int) byte {
	var frame [frameBytes]byte
	if frames > 0 {
		frame[frames] = descend(frames - 1)
	}
	return frame[frames]
}
