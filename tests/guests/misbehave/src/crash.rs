//! Ways to die: traps, exits, and broken rules of the component model and WASI.

use crate::query::Query;
use crate::reply;
use std::hint::black_box;
use wasip2::http::types::{Fields, ResponseOutparam};
use wasip2::io::poll;

/// Panics with a message on stderr. `?text=`
pub fn panic(query: &Query) -> ! {
    panic!("{}", query.text("text").unwrap_or("a panic was asked for"));
}

/// Runs out of stack: of the guest's own (`?of=memory`, an out-of-bounds access) or of the engine's
/// (`?of=engine`, the default).
pub fn recurse(query: &Query) -> String {
    let result = match query.text("of") {
        Some("memory") => u64::from(fill_frame(black_box(u64::MAX))),
        _ => descend(black_box(u64::MAX)),
    };
    format!("came back with {result}\n")
}

#[inline(never)]
fn fill_frame(depth: u64) -> u8 {
    let mut frame = [0u8; 4096];
    frame[(depth % 4096) as usize] = 1;
    let frame = black_box(frame);
    if depth == 0 {
        return frame[0];
    }
    fill_frame(depth - 1).wrapping_add(frame[7])
}

#[inline(never)]
fn descend(depth: u64) -> u64 {
    if depth < 2 {
        return depth;
    }
    descend(depth - 1).wrapping_mul(descend(depth - 2)) ^ depth
}

/// Sends a part of the body, sees that it is taken, and traps.
pub fn body_then_trap(outparam: ResponseOutparam) {
    let body = reply::begin(outparam, reply::response());
    reply::write(&body, "a part\n");
    core::arch::wasm32::unreachable();
}

/// Ends a whole response and exits with `?code=`.
pub fn exit_after_body(outparam: ResponseOutparam, query: &Query) {
    reply::text(outparam, "said all\n");
    std::process::exit(query.number("code", 0) as i32);
}

/// Drops a handle twice.
pub fn stale_handle() {
    let handle = Fields::new().take_handle();
    for _ in 0..2 {
        // SAFETY: unsound on purpose: the second drop uses a handle that is gone. The host must trap.
        drop(unsafe { Fields::from_handle(handle) });
    }
}

/// Polls an empty list, which the specification makes a trap.
pub fn poll_nothing() {
    poll::poll(&[]);
}

/// Writes more than `check-write` permitted, which the specification makes a trap.
pub fn over_write(outparam: ResponseOutparam) {
    let body = reply::begin(outparam, reply::response());
    let stream = body.write().expect("the stream, asked for once");
    let permitted = stream.check_write().unwrap_or(0) as usize;
    let _ = stream.write(&vec![b'x'; permitted + 1]);
    eprintln!(
        "the host took {} bytes where it permitted {permitted}",
        permitted + 1
    );
}
