//! The smallest useful function of WASI 0.3: an asynchronous handler whose body is a stream.

use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{spawn_local, wit_future, wit_stream};

struct Hello;

wasip3::http::service::export!(Hello);

impl wasip3::exports::http::handler::Guest for Hello {
    async fn handle(_request: Request) -> Result<Response, ErrorCode> {
        let headers = Fields::new();
        headers
            .append("content-type", b"text/plain; charset=utf-8")
            .expect("a valid header");
        let (mut body, contents) = wit_stream::new();
        let (_, trailers) = wit_future::new(|| Ok(None));
        let (response, _sent) = Response::new(headers, Some(contents), trailers);
        // Written when the response was returned: a stream keeps nothing for later readers.
        spawn_local(async move {
            body.write_all(format!("Hello from {}\n", "Rust").into_bytes())
                .await;
        });
        Ok(response)
    }
}
