//! Too much of everything.

use crate::query::Query;
use crate::reply;
use std::io::Write;
use wasip2::http::types::{Fields, ResponseOutparam};
use wasip2::random::random::get_random_bytes;

const MIB: usize = 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;

/// Streams `?bytes=` (1 MiB) of `x`.
pub fn huge(outparam: ResponseOutparam, query: &Query) {
    let body = reply::begin(outparam, reply::response());
    let mut stream = body.write().expect("the stream, asked for once");
    let chunk = [b'x'; CHUNK_BYTES];
    let mut left = query.number("bytes", MIB as u64);
    while left > 0 {
        let length = left.min(CHUNK_BYTES as u64);
        if let Err(error) = stream.write_all(&chunk[..length as usize]) {
            eprintln!("{left} bytes were left: {error}");
            return;
        }
        left -= length;
    }
    if Write::flush(&mut stream).is_ok() {
        drop(stream);
        let _ = wasip2::http::types::OutgoingBody::finish(body, None);
    }
}

/// Takes `?mib=` (1) of memory and writes to all of it. Without memory it aborts; with `?soft=1` it
/// says so and lives on.
pub fn grow(query: &Query) -> String {
    let mib = query.number("mib", 1) as usize;
    let mut blocks = Vec::new();
    for taken in 0..mib {
        let mut block: Vec<u8> = Vec::new();
        if query.text("soft").is_some() && block.try_reserve_exact(MIB).is_err() {
            return format!("refused after {taken} MiB\n");
        }
        block.resize(MIB, taken as u8 | 1);
        blocks.push(block);
    }
    let touched = blocks.iter().filter(|block| block[MIB - 1] != 0).count();
    format!("took {touched} MiB\n")
}

/// Makes `?n=` (1000) resources and keeps them.
pub fn hog_handles(query: &Query) -> String {
    let count = query.number("n", 1000);
    let handles: Vec<Fields> = (0..count).map(|_| Fields::new()).collect();
    let text = format!("holds {} handles\n", handles.len());
    if query.text("leak").is_some() {
        std::mem::forget(handles);
    }
    text
}

/// Appends `?n=` (1000000) headers to a set of its own, each `?width=` long, and says how many it took.
pub fn many_headers(query: &Query) -> String {
    let headers = Fields::new();
    let value = "x".repeat(query.number("width", 8) as usize);
    let wanted = query.number("n", 1_000_000);
    let taken = (0..wanted)
        .take_while(|number| {
            headers
                .append(&format!("x-{number}"), value.as_bytes())
                .is_ok()
        })
        .count();
    format!("took {taken} headers\n")
}

/// Prints `?lines=` (1) numbered lines to stdout and as many to stderr, each `?width=` longer.
pub fn stdout(outparam: ResponseOutparam, query: &Query) {
    let filler = "x".repeat(query.number("width", 0) as usize);
    for line in 1..=query.number("lines", 1) {
        println!("stdout line {line}{filler}");
        eprintln!("stderr line {line}{filler}");
    }
    reply::text(outparam, "printed\n");
}

/// `?bytes=` (16) random bytes in hexadecimal; more than 64 are counted only.
pub fn random(query: &Query) -> String {
    let bytes = get_random_bytes(query.number("bytes", 16));
    if bytes.len() > 64 {
        return format!("{} bytes\n", bytes.len());
    }
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits + "\n"
}
