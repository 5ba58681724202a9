//! The smallest useful `wasi:http` function: ordinary Rust with its standard library.

use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Hello;

wasip2::http::proxy::export!(Hello);

impl wasip2::exports::http::incoming_handler::Guest for Hello {
    fn handle(_request: IncomingRequest, outparam: ResponseOutparam) {
        let headers = Fields::new();
        headers
            .append("content-type", b"text/plain; charset=utf-8")
            .expect("a valid header");
        let response = OutgoingResponse::new(headers);
        let body = response.body().expect("the body, asked for once");
        ResponseOutparam::set(outparam, Ok(response));

        let stream = body.write().expect("the stream, asked for once");
        // The client may leave at any time: then there is nobody left to tell.
        let _ = stream.blocking_write_and_flush(format!("Hello from {}\n", "Rust").as_bytes());
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}
