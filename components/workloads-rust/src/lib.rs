//! What `npm run bench -- throughput` loads, besides hello: `POST /json` parses a document and writes it anew, `POST /body`
//! reads all of a body and gives it back, `GET /cpu?rounds=N` computes. Everything else is greeted.
//!
//! Each is the same work as in the peers' JavaScript: `benchmarks/peers/workloads.js`.

use std::io::{Read, Write};
use wasip2::http::types::{
    Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

const MOST_BYTES: u64 = 1024 * 1024;

struct Workloads;

wasip2::http::proxy::export!(Workloads);

impl wasip2::exports::http::incoming_handler::Guest for Workloads {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/json" => json(&request, outparam),
            "/body" => match read(&request) {
                Ok(body) => answer(outparam, 200, b"application/octet-stream", &body),
                Err(_) => answer(outparam, 400, b"text/plain", b"no body\n"),
            },
            "/cpu" => {
                let rounds = query
                    .strip_prefix("rounds=")
                    .and_then(|text| text.parse().ok());
                let number = compute(rounds.unwrap_or(0));
                answer(
                    outparam,
                    200,
                    b"text/plain",
                    format!("{number}\n").as_bytes(),
                );
            }
            _ => answer(outparam, 200, b"text/plain", b"Hello from Rust\n"),
        }
    }
}

fn json(request: &IncomingRequest, outparam: ResponseOutparam) {
    let value = read(request)
        .ok()
        .and_then(|body| serde_json::from_slice::<serde_json::Value>(&body).ok());
    match value {
        Some(value) => answer(
            outparam,
            200,
            b"application/json",
            value.to_string().as_bytes(),
        ),
        None => answer(outparam, 400, b"text/plain", b"no JSON\n"),
    }
}

/// Rounds of xorshift: each needs the one before, so no compiler shortens them, and JavaScript does the same in integers.
fn compute(rounds: u32) -> u32 {
    let mut state: u32 = 1;
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
    }
    state
}

fn read(request: &IncomingRequest) -> std::io::Result<Vec<u8>> {
    let incoming = request.consume().expect("the body, asked for once");
    let mut stream = incoming.stream().expect("the stream, asked for once");
    let mut body = Vec::new();
    Read::by_ref(&mut stream)
        .take(MOST_BYTES)
        .read_to_end(&mut body)?;
    drop(stream);
    drop(IncomingBody::finish(incoming));
    Ok(body)
}

fn answer(outparam: ResponseOutparam, status: u16, content_type: &[u8], bytes: &[u8]) {
    let headers = Fields::new();
    headers
        .append("content-type", content_type)
        .expect("a valid header");
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).expect("a valid status");
    let body = response.body().expect("the body, asked for once");
    ResponseOutparam::set(outparam, Ok(response));
    let mut stream = body.write().expect("the stream, asked for once");
    // The client may leave at any time: then there is nobody left to tell.
    if stream
        .write_all(bytes)
        .and_then(|()| Write::flush(&mut stream))
        .is_ok()
    {
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}
