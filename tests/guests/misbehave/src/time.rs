//! Waiting, and not waiting.

use crate::query::Query;
use crate::reply;
use std::hint::black_box;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::http::types::ResponseOutparam;

const NS_PER_MS: u64 = 1_000_000;

/// Blocks until the end of time.
pub fn sleep_forever() {
    monotonic_clock::subscribe_instant(u64::MAX).block();
    eprintln!("the end of time");
}

/// Answers after `?ms=`.
pub fn sleep(outparam: ResponseOutparam, query: &Query) {
    let from_ns = monotonic_clock::now();
    pause_ms(query.number("ms", 10));
    let slept_ms = (monotonic_clock::now() - from_ns) / NS_PER_MS;
    reply::text(outparam, &format!("slept {slept_ms} ms\n"));
}

/// Suspends the guest.
pub fn pause_ms(ms: u64) {
    monotonic_clock::subscribe_duration(ms.saturating_mul(NS_PER_MS)).block();
}

/// Burns CPU for ever without calling the host.
pub fn spin() {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

/// Both clocks: seconds since 1970, and whether the monotonic one moves on.
pub fn clocks() -> String {
    let first_ns = monotonic_clock::now();
    let second_ns = monotonic_clock::now();
    format!(
        "wall {}\nmonotonic {}\n",
        wall_clock::now().seconds,
        second_ns >= first_ns
    )
}
