//! Answers what this very request has used so far and may use, as JSON: `faas:runtime/usage`.
//!
//! `?spin=MS` computes first until that much CPU time is used, and stops in time whatever it is asked for;
//! `?grow=BYTES` takes memory first.

use faas::runtime::usage::{self, Allowance};
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

wit_bindgen::generate!({
    path: "../../sdk/wit/faas-runtime",
    world: "imports",
});

/// CPU time that is left for the answer, nanoseconds.
const RESERVE_NS: u64 = 5_000_000;

struct Usage;

wasip2::http::proxy::export!(Usage);

impl wasip2::exports::http::incoming_handler::Guest for Usage {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let taken = vec![1u8; parameter(&target, "grow") as usize];
        spin(parameter(&target, "spin").saturating_mul(1_000_000));
        let report = usage::get();
        let json = format!(
            "{{\"cpuTime\":{},\"memory\":{},\"wallTime\":{},\"taken\":{}}}\n",
            show(&report.cpu_time),
            show(&report.memory),
            show(&report.wall_time),
            taken.iter().map(|&byte| usize::from(byte)).sum::<usize>(),
        );
        answer(outparam, json.as_bytes());
    }
}

/// Computes until `wanted_ns` of CPU time are used, or until what is left is needed for the answer.
fn spin(wanted_ns: u64) {
    loop {
        let cpu = usage::get().cpu_time;
        if cpu.used >= wanted_ns || cpu.remaining <= RESERVE_NS {
            return;
        }
        let mut sum = 0u64;
        for number in 0..100_000u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    }
}

/// The number in `?name=NUMBER`, or 0.
fn parameter(target: &str, name: &str) -> u64 {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0)
}

fn show(allowance: &Allowance) -> String {
    format!(
        "{{\"used\":{},\"limit\":{},\"remaining\":{}}}",
        allowance.used, allowance.limit, allowance.remaining
    )
}

fn answer(outparam: ResponseOutparam, text: &[u8]) {
    let headers = Fields::new();
    headers
        .append("content-type", b"application/json")
        .expect("a valid header");
    let response = OutgoingResponse::new(headers);
    let body = response.body().expect("the body, asked for once");
    ResponseOutparam::set(outparam, Ok(response));

    let stream = body.write().expect("the stream, asked for once");
    // The client may leave at any time: then there is nobody left to tell.
    let _ = stream.blocking_write_and_flush(text);
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}
