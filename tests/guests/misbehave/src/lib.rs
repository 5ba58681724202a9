//! A `wasi:http` guest that breaks every rule there is, for the tests of the host. The request's path
//! says what it does, `?name=value` how.

mod crash;
mod http;
mod load;
mod query;
mod reply;
mod system;
mod time;

use query::Query;
use std::sync::atomic::{AtomicU64, Ordering};
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

/// How often this instance was called: more than 1 means that its state was not reset.
static CALLS: AtomicU64 = AtomicU64::new(0);

struct Misbehave;

wasip2::http::proxy::export!(Misbehave);

impl wasip2::exports::http::incoming_handler::Guest for Misbehave {
    fn handle(request: IncomingRequest, outparam: ResponseOutparam) {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        let target = request.path_with_query().unwrap_or_default();
        let query = Query::parse(&target);
        match query.path() {
            "/state" => reply::text(outparam, &format!("{calls}\n")),

            "/panic" => crash::panic(&query),
            "/unreachable" => core::arch::wasm32::unreachable(),
            "/recurse" => reply::text(outparam, &crash::recurse(&query)),
            "/body-then-trap" => crash::body_then_trap(outparam),
            "/exit" => std::process::exit(query.number("code", 0) as i32),
            "/exit-after-body" => crash::exit_after_body(outparam, &query),
            "/stale-handle" => crash::stale_handle(),
            "/poll-nothing" => crash::poll_nothing(),
            "/over-write" => crash::over_write(outparam),

            "/no-response" => drop(outparam),
            "/error-code" => http::error_code(outparam, &query),
            "/no-body" => http::no_body(outparam, &query),
            "/drop-body" => http::drop_body(outparam),
            "/late-headers" => http::late_headers(&request, outparam, &query),
            "/bad-status" => http::bad_status(outparam, &query),
            "/header" => http::header(outparam, &query),
            "/trailers" => http::trailers(outparam),
            "/content-length-lie" => http::content_length_lie(outparam, &query),
            "/never-read" => reply::text(outparam, "did not read the body\n"),
            "/read-slow" => http::read_slow(&request, outparam, &query),
            "/echo-splice" => http::echo_splice(&request, outparam),
            "/fetch" => reply::text(outparam, &http::fetch(&query)),

            "/sleep-forever" => time::sleep_forever(),
            "/sleep" => time::sleep(outparam, &query),
            "/spin" => time::spin(),
            "/clock" => reply::text(outparam, &time::clocks()),

            "/huge" => load::huge(outparam, &query),
            "/grow" => reply::text(outparam, &load::grow(&query)),
            "/hog-handles" => reply::text(outparam, &load::hog_handles(&query)),
            "/many-headers" => reply::text(outparam, &load::many_headers(&query)),
            "/stdout" => load::stdout(outparam, &query),
            "/random" => reply::text(outparam, &load::random(&query)),

            "/env" => reply::text(outparam, &system::environment()),
            "/fs" => reply::text(outparam, &system::file(&query)),
            "/tcp" => reply::text(outparam, &system::sockets(&query)),

            other => reply::status_text(outparam, 404, &format!("no deed {other:?}\n")),
        }
    }
}
