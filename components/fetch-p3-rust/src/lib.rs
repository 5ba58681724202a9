//! A proxy: sends the request on to `?host=HOST[:PORT]` by plain HTTP and streams the answer back. What goes wrong on
//! the way is told as an error code.

use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use wasip3::wit_future;

struct Proxy;

wasip3::http::service::export!(Proxy);

impl wasip3::exports::http::handler::Guest for Proxy {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let host = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("host="))
            .ok_or(ErrorCode::HttpRequestUriInvalid)?;

        let method = request.get_method();
        let headers = copy_headers(&request.get_headers());
        let (_, received) = wit_future::new(|| Ok(()));
        let (contents, trailers) = Request::consume_body(request, received);
        let (outgoing, _sent) = Request::new(headers, Some(contents), trailers, None);
        outgoing
            .set_method(&method)
            .and(outgoing.set_scheme(Some(&Scheme::Http)))
            .and(outgoing.set_authority(Some(host)))
            .and(outgoing.set_path_with_query(Some(path)))
            .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
        client::send(outgoing).await
    }
}

/// The headers of a request that came in cannot be changed, so those of the one that goes out are others.
fn copy_headers(from: &Fields) -> Fields {
    Fields::from_list(&from.copy_all()).expect("headers that came")
}
