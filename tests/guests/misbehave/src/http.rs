//! Requests and responses that are wrong, late, slow or incomplete.

use crate::query::Query;
use crate::{reply, time};
use std::io::Write;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, HeaderError, IncomingRequest, OutgoingBody, OutgoingRequest,
    OutgoingResponse, ResponseOutparam, Scheme,
};
use wasip2::io::streams::StreamError;

/// Sets an error code: `internal-error`, or another with `?code=`.
pub fn error_code(outparam: ResponseOutparam, query: &Query) {
    let code = match query.text("code") {
        Some("loop-detected") => ErrorCode::LoopDetected,
        Some("http-request-body-size") => ErrorCode::HttpRequestBodySize(Some(7)),
        Some("internal-error-without-text") => ErrorCode::InternalError(None),
        _ => ErrorCode::InternalError(Some("the guest says so".into())),
    };
    ResponseOutparam::set(outparam, Err(code));
}

/// Sets a response and never asks for its body. `?status=`
pub fn no_body(outparam: ResponseOutparam, query: &Query) {
    let response = reply::response();
    let _ = response.set_status_code(query.number("status", 200) as u16);
    ResponseOutparam::set(outparam, Ok(response));
}

/// Writes a part of the body, and drops body and stream without finishing.
pub fn drop_body(outparam: ResponseOutparam) {
    let body = reply::begin(outparam, reply::response());
    reply::write(&body, "a part\n");
}

/// Changes headers that are no longer its own, and says what came of it. With `?keep=1` it holds on
/// to the response's headers while the response is given away.
pub fn late_headers(request: &IncomingRequest, outparam: ResponseOutparam, query: &Query) {
    let mut report = vec![format!("request: {}", outcome(change(&request.headers())))];
    let response = reply::response();
    let headers = response.headers();
    report.push(format!("response: {}", outcome(change(&headers))));
    let kept = query.text("keep").map(|_| headers);
    let body = reply::begin(outparam, response);
    if let Some(headers) = kept {
        report.push(format!("after set: {}", outcome(change(&headers))));
    }
    reply::finish_with(body, &format!("{}\n", report.join("\n")));
}

fn change(headers: &Fields) -> Result<(), HeaderError> {
    headers.append("x-late", b"yes")
}

/// Sets `?status=` (1000 if there is none), and says whether the host let it.
pub fn bad_status(outparam: ResponseOutparam, query: &Query) {
    let response = reply::response();
    let set = response.set_status_code(query.number("status", 1000) as u16);
    let text = if set.is_ok() {
        "accepted\n"
    } else {
        "refused\n"
    };
    reply::finish_with(reply::begin(outparam, response), text);
}

/// Sets the header `?name=` to `?value=`, and says whether the host let it.
pub fn header(outparam: ResponseOutparam, query: &Query) {
    let headers = reply::headers();
    let name = query.text("name").unwrap_or("x-header");
    let set = headers.append(name, query.text("value").unwrap_or("value").as_bytes());
    let body = reply::begin(outparam, OutgoingResponse::new(headers));
    reply::finish_with(body, &format!("{}\n", outcome(set)));
}

fn outcome(result: Result<(), HeaderError>) -> &'static str {
    match result {
        Ok(()) => "accepted",
        Err(HeaderError::InvalidSyntax) => "invalid-syntax",
        Err(HeaderError::Forbidden) => "forbidden",
        Err(HeaderError::Immutable) => "immutable",
    }
}

/// Ends the body with trailers.
pub fn trailers(outparam: ResponseOutparam) {
    let body = reply::begin(outparam, reply::response());
    reply::write(&body, "trailers follow\n");
    let trailers = Fields::new();
    trailers
        .append("x-checksum", b"0123abcd")
        .expect("a valid trailer");
    trailers.append("x-parts", b"1").expect("a valid trailer");
    if let Err(error) = OutgoingBody::finish(body, Some(trailers)) {
        eprintln!("finish: {error:?}");
    }
}

/// Promises `?promise=` bytes (100) and sends `?send=` (10).
pub fn content_length_lie(outparam: ResponseOutparam, query: &Query) {
    let headers = reply::headers();
    let promised = query.number("promise", 100).to_string();
    let set = headers.append("content-length", promised.as_bytes());
    let body = reply::begin(outparam, OutgoingResponse::new(headers));
    let written = reply::write(&body, &"x".repeat(query.number("send", 10) as usize));
    let finished = OutgoingBody::finish(body, None);
    eprintln!(
        "header: {} write: {written} finish: {finished:?}",
        outcome(set)
    );
}

/// Reads the body `?bytes=` (1024) at a time with a pause of `?ms=` (10), and says how much it was.
pub fn read_slow(request: &IncomingRequest, outparam: ResponseOutparam, query: &Query) {
    let incoming = request.consume().expect("the body, asked for once");
    let input = incoming.stream().expect("the stream, asked for once");
    let mut total = 0;
    let end = loop {
        match input.blocking_read(query.number("bytes", 1024)) {
            Ok(chunk) => total += chunk.len(),
            Err(StreamError::Closed) => break "end".to_string(),
            Err(StreamError::LastOperationFailed(error)) => break error.to_debug_string(),
        }
        time::pause_ms(query.number("ms", 10));
    };
    reply::text(outparam, &format!("{total} bytes, then {end}\n"));
}

/// Echoes with `blocking-splice`: the bytes never enter the guest.
pub fn echo_splice(request: &IncomingRequest, outparam: ResponseOutparam) {
    let incoming = request.consume().expect("the body, asked for once");
    let input = incoming.stream().expect("the stream, asked for once");
    let body = reply::begin(outparam, reply::response());
    let mut output = body.write().expect("the stream, asked for once");
    while output.blocking_splice(&input, 64 * 1024).is_ok() {}
    if Write::flush(&mut output).is_ok() {
        drop(output);
        let _ = OutgoingBody::finish(body, None);
    }
}

/// Sends a GET request to `?url=` without ever asking for its body, and says what came back: status
/// and text, or the error code.
pub fn fetch(query: &Query) -> String {
    match exchange(query.text("url").unwrap_or("http://127.0.0.1:1/")) {
        Ok(text) => text,
        Err(code) => format!("error {code:?}\n"),
    }
}

fn exchange(url: &str) -> Result<String, ErrorCode> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = match rest.find('/') {
        Some(index) => rest.split_at(index),
        None => (rest, "/"),
    };
    let request = OutgoingRequest::new(Fields::new());
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    let refused = |()| ErrorCode::HttpRequestUriInvalid;
    request.set_scheme(Some(&scheme)).map_err(refused)?;
    request.set_authority(Some(authority)).map_err(refused)?;
    request.set_path_with_query(Some(path)).map_err(refused)?;
    let future = outgoing_handler::handle(request, None)?;
    future.subscribe().block();
    let response = future
        .get()
        .expect("a ready future")
        .expect("the first get")?;
    let body = response.consume().expect("the body, asked for once");
    let input = body.stream().expect("the stream, asked for once");
    let mut bytes = Vec::new();
    while let Ok(chunk) = input.blocking_read(64 * 1024) {
        bytes.extend(chunk);
    }
    Ok(format!(
        "{} {}",
        response.status(),
        String::from_utf8_lossy(&bytes)
    ))
}
