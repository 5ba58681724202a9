//! Fetches the URL named in `?url=` and streams its answer back. What goes wrong is answered as text
//! with status 502 and the error code of `wasi:http`: `HttpRequestDenied` means that this function
//! was not granted the host.

mod url;

use std::io::Write;
use url::Url;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, IncomingRequest, IncomingResponse, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam,
};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

const CHUNK_BYTES: u64 = 64 * 1024;

/// Response headers that are handed on; hop-by-hop headers and lengths are the host's business.
const KEPT_HEADERS: [&str; 5] = [
    "content-type",
    "content-encoding",
    "etag",
    "last-modified",
    "location",
];

struct Fetch;

wasip2::http::proxy::export!(Fetch);

impl wasip2::exports::http::incoming_handler::Guest for Fetch {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let Some(text) = url::query_value(&path, "url") else {
            return answer(
                outparam,
                400,
                "Name the URL to fetch: ?url=http://example.com/\n",
            );
        };
        let Some(url) = Url::parse(&text) else {
            return answer(
                outparam,
                400,
                &format!("Cannot fetch \"{text}\": not an http(s) URL\n"),
            );
        };
        match send(&url) {
            Ok(response) => relay(response, outparam),
            Err(error) => answer(
                outparam,
                502,
                &format!("Cannot fetch \"{text}\": {error}\n"),
            ),
        }
    }
}

/// Sends a GET request and waits for the head of the response.
fn send(url: &Url) -> Result<IncomingResponse, String> {
    let headers = Fields::new();
    headers
        .append("user-agent", b"wasi-faas-fetch-rust/0.1")
        .map_err(|error| format!("{error:?}"))?;
    let request = OutgoingRequest::new(headers);
    request
        .set_scheme(Some(&url.scheme))
        .and_then(|()| request.set_authority(Some(&url.authority)))
        .and_then(|()| request.set_path_with_query(Some(&url.path)))
        .map_err(|()| "the host refuses this URL".to_string())?;
    let body = request.body().map_err(|()| "no body".to_string())?;
    let future = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    OutgoingBody::finish(body, None).map_err(|error| format!("{error:?}"))?;
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(error))) => Err(format!("{error:?}")),
        _ => Err("the response was taken before".into()),
    }
}

/// Hands status, some headers and the body on.
fn relay(response: IncomingResponse, outparam: ResponseOutparam) {
    let headers = Fields::new();
    for name in KEPT_HEADERS {
        for value in response.headers().get(name) {
            // A header that the host does not let us send is left out.
            let _ = headers.append(name, &value);
        }
    }
    let incoming = response.consume().expect("the body, asked for once");
    let input = incoming.stream().expect("the stream, asked for once");
    let body = begin(outparam, response.status(), headers);
    let output = body.write().expect("the stream, asked for once");
    // An unfinished body tells the client that the answer is incomplete.
    if copy(&input, output).is_ok() {
        let _ = OutgoingBody::finish(body, None);
    }
}

fn copy(input: &InputStream, mut output: OutputStream) -> std::io::Result<()> {
    loop {
        match input.blocking_read(CHUNK_BYTES) {
            Ok(chunk) => {
                output.write_all(&chunk)?;
                OutputStream::flush(&output).map_err(std::io::Error::other)?;
            }
            Err(StreamError::Closed) => return Write::flush(&mut output),
            Err(error) => return Err(std::io::Error::other(error)),
        }
    }
}

fn answer(outparam: ResponseOutparam, status: u16, text: &str) {
    let headers = Fields::new();
    headers
        .append("content-type", b"text/plain; charset=utf-8")
        .expect("a valid header");
    let body = begin(outparam, status, headers);
    let Ok(mut stream) = body.write() else { return };
    if stream.write_all(text.as_bytes()).is_ok() {
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}

fn begin(outparam: ResponseOutparam, status: u16, headers: Fields) -> OutgoingBody {
    let response = OutgoingResponse::new(headers);
    // A status that the host does not let us send stays 200.
    let _ = response.set_status_code(status);
    let body = response.body().expect("the body, asked for once");
    ResponseOutparam::set(outparam, Ok(response));
    body
}
