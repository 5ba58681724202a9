//! Streams the body of a request back, and its trailers after it: both are handed on, the guest touches no byte of them.

use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::wit_future;

struct Echo;

wasip3::http::service::export!(Echo);

impl wasip3::exports::http::handler::Guest for Echo {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let headers = Fields::new();
        for name in ["content-type", "content-length", "trailer"] {
            for value in request.get_headers().get(name) {
                headers.append(name, &value).expect("a header that came");
            }
        }
        let (_, received) = wit_future::new(|| Ok(()));
        let (contents, trailers) = Request::consume_body(request, received);
        let (response, _sent) = Response::new(headers, Some(contents), trailers);
        Ok(response)
    }
}
