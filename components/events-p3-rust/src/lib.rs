//! Server-sent events, and work that goes on when the response is out.
//!
//! `GET /?count=N&every=MS` sends N events, MS milliseconds apart. `POST /` answers at once with 202, and then does what
//! was asked for: it waits `?for=MS`, and writes a line to the log.

use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response};
use wasip3::{spawn_local, wit_future, wit_stream};

struct Events;

wasip3::http::service::export!(Events);

const NANOS_PER_MILLI: u64 = 1_000_000;

impl wasip3::exports::http::handler::Guest for Events {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        match request.get_method() {
            Method::Post => Ok(work_later(number(&target, "for").unwrap_or(100))),
            _ => Ok(send_events(
                number(&target, "count").unwrap_or(10),
                number(&target, "every").unwrap_or(1000),
            )),
        }
    }
}

fn send_events(count: u64, every_ms: u64) -> Response {
    let (mut body, contents) = wit_stream::new();
    let (_, trailers) = wit_future::new(|| Ok(None));
    spawn_local(async move {
        for id in 1..=count {
            if id > 1 {
                wait_for(every_ms * NANOS_PER_MILLI).await;
            }
            let rest = body
                .write_all(format!("id: {id}\ndata: event {id} of {count}\n\n").into_bytes())
                .await;
            // What is left was not taken: nobody listens any more.
            if !rest.is_empty() {
                return;
            }
        }
    });
    let headers = headers("text/event-stream");
    Response::new(headers, Some(contents), trailers).0
}

fn work_later(wait_ms: u64) -> Response {
    let (mut body, contents) = wit_stream::new();
    let (_, trailers) = wit_future::new(|| Ok(None));
    let response = Response::new(headers("text/plain; charset=utf-8"), Some(contents), trailers).0;
    response.set_status_code(202).expect("a valid status");
    spawn_local(async move {
        body.write_all(b"accepted\n".to_vec()).await;
        drop(body);
        wait_for(wait_ms * NANOS_PER_MILLI).await;
        println!("worked for {wait_ms} ms after the response");
    });
    response
}

fn headers(content_type: &str) -> Fields {
    let headers = Fields::new();
    headers
        .append("content-type", content_type.as_bytes())
        .expect("a valid header");
    headers
}

/// The number that a query gives a name.
fn number(target: &str, name: &str) -> Option<u64> {
    let (_, query) = target.split_once('?')?;
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.parse().ok())
}
