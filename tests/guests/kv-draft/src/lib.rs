//! Calls every function of the oldest drafts of `wasi:keyvalue`, `wasi:config` and `wasi:logging` in use, and answers
//! with what came of it, a line each.

use wasi::config::{runtime, store as config};
use wasi::keyvalue::{atomics, batch, store};
use wasi::logging::logging::{log, Level};
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wit_bindgen::generate!({
    path: [
        "../../../sdk/wit/wasi-keyvalue-0.2.0-draft",
        "../../../sdk/wit/wasi-config-0.2.0-draft",
        "../../../sdk/wit/wasi-logging",
        "wit",
    ],
    world: "test:kv-draft/imports",
    generate_all,
});

struct Drafts;

wasip2::http::proxy::export!(Drafts);

impl wasip2::exports::http::incoming_handler::Guest for Drafts {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let lines = calls(target.trim_start_matches('/'));
        answer(outparam, (lines.join("\n") + "\n").as_bytes());
    }
}

fn calls(name: &str) -> Vec<String> {
    let mut lines = vec![
        format!("store.get {:?}", config::get("key")),
        format!("store.get-all {:?}", config::get_all()),
        format!("runtime.get {:?}", runtime::get("none")),
        format!("runtime.get-all {:?}", runtime::get_all()),
    ];
    log(Level::Warn, "drafts", "two\nlines");
    let bucket = match store::open(name) {
        Ok(bucket) => bucket,
        Err(error) => {
            lines.push(format!("open {error:?}"));
            return lines;
        }
    };
    let pairs = [("b".to_string(), b"2".to_vec()), ("c".to_string(), vec![])];
    let keys = ["b".to_string(), "x".to_string(), "c".to_string()];
    lines.push(format!("get {:?}", bucket.get("a")));
    lines.push(format!("set {:?}", bucket.set("a", b"1")));
    lines.push(format!("get {:?}", bucket.get("a")));
    lines.push(format!("exists {:?} {:?}", bucket.exists("a"), bucket.exists("x")));
    lines.push(format!("increment {:?}", atomics::increment(&bucket, "a", u64::MAX - 1)));
    lines.push(format!("increment {:?}", atomics::increment(&bucket, "a", 1)));
    lines.push(format!("set-many {:?}", batch::set_many(&bucket, &pairs)));
    lines.push(format!("get-many {:?}", batch::get_many(&bucket, &keys)));
    lines.push(format!("list-keys {:?}", bucket.list_keys(None)));
    lines.push(format!("list-keys {:?}", bucket.list_keys(Some(u64::MAX))));
    lines.push(format!("delete-many {:?}", batch::delete_many(&bucket, &keys)));
    lines.push(format!("delete {:?} {:?}", bucket.delete("a"), bucket.delete("a")));
    lines.push(format!("set {:?}", bucket.set("", b"1")));
    lines
}

fn answer(outparam: ResponseOutparam, text: &[u8]) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().expect("the body, asked for once");
    ResponseOutparam::set(outparam, Ok(response));
    let stream = body.write().expect("the stream, asked for once");
    // The client may leave at any time: then there is nobody left to tell.
    let _ = stream.blocking_write_and_flush(text);
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
