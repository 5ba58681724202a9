//! Well-behaved answers, and the parts of which the others are made.

use std::io::Write;
use wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};

/// Answers 200 with text.
pub fn text(outparam: ResponseOutparam, text: &str) {
    status_text(outparam, 200, text);
}

/// Answers with a status and text.
pub fn status_text(outparam: ResponseOutparam, status: u16, text: &str) {
    let response = response();
    response.set_status_code(status).expect("a valid status");
    finish_with(begin(outparam, response), text);
}

/// A response with status 200 and a content type, not sent yet.
pub fn response() -> OutgoingResponse {
    OutgoingResponse::new(headers())
}

/// Headers with a content type.
pub fn headers() -> Fields {
    let headers = Fields::new();
    headers
        .append("content-type", b"text/plain; charset=utf-8")
        .expect("a valid header");
    headers
}

/// Sends the head of a response.
pub fn begin(outparam: ResponseOutparam, response: OutgoingResponse) -> OutgoingBody {
    let body = response.body().expect("the body, asked for once");
    ResponseOutparam::set(outparam, Ok(response));
    body
}

/// Writes text, waits until it is taken, and ends the body.
pub fn finish_with(body: OutgoingBody, text: &str) {
    if write(&body, text) {
        let _ = OutgoingBody::finish(body, None);
    }
}

/// Writes text and waits until it is taken. Returns whether it was.
pub fn write(body: &OutgoingBody, text: &str) -> bool {
    let mut stream = body.write().expect("the stream, asked for once");
    stream
        .write_all(text.as_bytes())
        .and_then(|()| Write::flush(&mut stream))
        .is_ok()
}
