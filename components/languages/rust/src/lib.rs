//! Says hello, and gives JSON back that it has read.

#[allow(dead_code)]
mod faas;

use faas::{Request, Response};
use serde_json::Value;

const MOST_BYTES: usize = 1024 * 1024;

faas::serve!(handle);

fn handle(request: Request) -> Response {
    match (request.method(), request.path()) {
        ("GET", "/") => {
            let name = request.query("name").unwrap_or_else(|| "hello".into());
            Response::text(format!("Hello from {name}\n"))
        }
        ("POST", "/json") => json(request),
        _ => Response::text("not found\n").with_status(404),
    }
}

fn json(request: Request) -> Response {
    let read = request
        .into_bytes(MOST_BYTES)
        .map_err(|error| error.to_string())
        .and_then(|body| serde_json::from_slice::<Value>(&body).map_err(|error| error.to_string()));
    match read {
        Ok(value) => Response::json(value.to_string()),
        Err(reason) => Response::text(reason).with_status(400),
    }
}
