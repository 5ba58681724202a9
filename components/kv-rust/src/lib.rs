//! Counts in a key-value store, with `wasi:keyvalue`, `wasi:config`, `wasi:logging` and `faas:keyvalue`.
//!
//! `/` or `/count/KEY` adds one and answers with the configured `greeting`; `/value/KEY` reads, writes (`PUT`, with
//! `?ttl=MS`) or deletes; `/keys?prefix=` lists; `/append/KEY?text=` appends by compare-and-swap. `?store=NAME` takes
//! another store than `default`.

use faas::keyvalue::extras;
use wasi::config::store as config;
use wasi::keyvalue::atomics::{self, Cas, CasError};
use wasi::keyvalue::store::{self, Bucket};
use wasi::logging::logging::{log, Level};
use wasip2::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::StreamError;

wit_bindgen::generate!({
    path: [
        "../../sdk/wit/wasi-keyvalue-0.2.0-draft2",
        "../../sdk/wit/wasi-config-0.2.0-rc.1",
        "../../sdk/wit/wasi-logging-0.1.0-draft",
        "../../sdk/wit/faas-keyvalue",
        "wit",
    ],
    world: "example:kv/imports",
    generate_all,
});

struct Counter;

wasip2::http::proxy::export!(Counter);

impl wasip2::exports::http::incoming_handler::Guest for Counter {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        match serve(&request, &target) {
            Ok(body) => answer(outparam, 200, &body),
            Err(error) => {
                let text = format!("{error:?}");
                log(Level::Error, "kv", &format!("{target}: {text}"));
                answer(outparam, 503, text.as_bytes());
            }
        }
    }
}

fn serve(request: &IncomingRequest, target: &str) -> Result<Vec<u8>, store::Error> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let bucket = store::open(parameter(query, "store").unwrap_or("default"))?;
    // The last two parts: a function is also called below a path of its own.
    let mut parts = path.trim_end_matches('/').rsplit('/');
    let (last, before) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    match (before, last) {
        ("value", key) => value(request, &bucket, key, query),
        ("append", key) => append(&bucket, key, parameter(query, "text").unwrap_or("")),
        (_, "keys") => keys(&bucket, parameter(query, "prefix").unwrap_or("")),
        ("count", key) => count(&bucket, key),
        _ => count(&bucket, "hits"),
    }
}

/// Adds one: requests that come at the same time all count.
fn count(bucket: &Bucket, key: &str) -> Result<Vec<u8>, store::Error> {
    let hits = atomics::increment(bucket, key, 1)?;
    let greeting = setting("greeting").unwrap_or_else(|| "hits".to_string());
    log(Level::Info, "counter", &format!("{key} is {hits}"));
    Ok(format!("{greeting}: {hits}\n").into_bytes())
}

fn value(
    request: &IncomingRequest,
    bucket: &Bucket,
    key: &str,
    query: &str,
) -> Result<Vec<u8>, store::Error> {
    match request.method() {
        Method::Put => {
            let options = extras::WriteOptions {
                ttl_ms: parameter(query, "ttl").and_then(|ms| ms.parse().ok()),
                metadata: parameter(query, "metadata").map(str::to_string),
            };
            let revision = extras::set(bucket, key, &body(request), &options)?;
            Ok(format!("revision {revision}\n").into_bytes())
        }
        Method::Delete => bucket.delete(key).map(|()| b"deleted\n".to_vec()),
        _ => Ok(bucket.get(key)?.unwrap_or_else(|| b"none\n".to_vec())),
    }
}

/// Appends to a value. Whoever comes between makes it try again, with what is there then.
fn append(bucket: &Bucket, key: &str, text: &str) -> Result<Vec<u8>, store::Error> {
    let mut cas = Cas::new(bucket, key)?;
    loop {
        let mut value = cas.current()?.unwrap_or_default();
        value.extend_from_slice(text.as_bytes());
        match atomics::swap(cas, &value) {
            Ok(()) => return Ok(value),
            Err(CasError::CasFailed(newer)) => cas = newer,
            Err(CasError::StoreError(error)) => return Err(error),
        }
    }
}

fn keys(bucket: &Bucket, prefix: &str) -> Result<Vec<u8>, store::Error> {
    let mut text = String::new();
    let mut cursor = None;
    loop {
        let page = extras::list_keys(bucket, prefix, cursor.as_deref(), 100)?;
        for info in page.keys {
            text.push_str(&format!("{} {}\n", info.key, info.size));
        }
        match page.cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(text.into_bytes()),
        }
    }
}

fn setting(name: &str) -> Option<String> {
    config::get(name).ok().flatten()
}

/// The value in `?name=VALUE`.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn body(request: &IncomingRequest) -> Vec<u8> {
    let mut bytes = Vec::new();
    let body = request.consume().expect("the body, asked for once");
    let stream = body.stream().expect("the stream, asked for once");
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(StreamError::Closed) => return bytes,
            Err(error) => panic!("the client broke off: {error}"),
        }
    }
}

fn answer(outparam: ResponseOutparam, status: u16, text: &[u8]) {
    let response = OutgoingResponse::new(Fields::new());
    response.set_status_code(status).expect("a valid status");
    let body = response.body().expect("the body, asked for once");
    ResponseOutparam::set(outparam, Ok(response));

    let stream = body.write().expect("the stream, asked for once");
    for chunk in text.chunks(4096) {
        // The client may leave at any time: then there is nobody left to tell.
        if stream.blocking_write_and_flush(chunk).is_err() {
            return;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
