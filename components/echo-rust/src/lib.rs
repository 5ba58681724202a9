//! Echo. A request with a body gets it back as it arrives, trailers included; `GET` and `HEAD` get
//! method, path and headers of the request as JSON.
//!
//! Every chunk is written before the next one is read, and writing waits until the host takes it: a
//! slow reader slows its sender down, and the memory used does not depend on the body's size.

mod json;

use std::io::Write;
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse,
    ResponseOutparam, Trailers,
};
use wasip2::io::streams::{InputStream, OutputStream};

const CHUNK_BYTES: u64 = 64 * 1024;

struct Echo;

wasip2::http::proxy::export!(Echo);

impl wasip2::exports::http::incoming_handler::Guest for Echo {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        match request.method() {
            Method::Get | Method::Head => reflect(&request, outparam),
            _ => echo(&request, outparam),
        }
    }
}

/// Answers with what the request looks like.
fn reflect(request: &IncomingRequest, outparam: ResponseOutparam) {
    let body = begin(outparam, b"application/json");
    let Ok(mut stream) = body.write() else { return };
    // An error means that the client has left.
    if stream.write_all(json::describe(request).as_bytes()).is_ok() {
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

/// Answers with the request's body and trailers.
fn echo(request: &IncomingRequest, outparam: ResponseOutparam) {
    let content_type = request.headers().get("content-type").into_iter().next();
    let incoming = request.consume().expect("the body, asked for once");
    let body = begin(
        outparam,
        content_type
            .as_deref()
            .unwrap_or(b"application/octet-stream"),
    );
    let input = incoming.stream().expect("the stream, asked for once");
    let output = body.write().expect("the stream, asked for once");
    let copied = copy(&input, output);
    drop(input);
    // An unfinished body tells the client that the echo is incomplete.
    if copied.is_ok() {
        if let Ok(trailers) = read_trailers(incoming) {
            let _ = OutgoingBody::finish(body, trailers);
        }
    }
}

/// Copies until the input ends, handing every chunk on at once.
fn copy(input: &InputStream, mut output: OutputStream) -> std::io::Result<()> {
    loop {
        match input.blocking_read(CHUNK_BYTES) {
            Ok(chunk) => {
                output.write_all(&chunk)?;
                // Starts sending and does not wait for it: the next write does.
                OutputStream::flush(&output).map_err(std::io::Error::other)?;
            }
            Err(wasip2::io::streams::StreamError::Closed) => return Write::flush(&mut output),
            Err(error) => return Err(std::io::Error::other(error)),
        }
    }
}

/// Waits for the trailers of a request whose body has been read.
fn read_trailers(body: IncomingBody) -> Result<Option<Trailers>, ()> {
    let future = IncomingBody::finish(body);
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(trailers))) => Ok(trailers),
        _ => Err(()),
    }
}

/// Sends status 200 and the headers.
fn begin(outparam: ResponseOutparam, content_type: &[u8]) -> OutgoingBody {
    let headers = Fields::new();
    headers
        .append("content-type", content_type)
        .expect("a header that was valid in the request");
    let response = OutgoingResponse::new(headers);
    let body = response.body().expect("the body, asked for once");
    ResponseOutparam::set(outparam, Ok(response));
    body
}
