//! {{name}}: answers HTTP requests. `faas.rs` beside this file is the SDK.

#[allow(dead_code)]
mod faas;

use faas::{Request, Response};

faas::serve!(handle);

fn handle(request: Request) -> Response {
    match (request.method(), request.path()) {
        ("GET", "/") => {
            let name = request.query("name").unwrap_or_else(|| "{{name}}".into());
            Response::text(format!("Hello from {name}\n"))
        }
        ("POST", "/echo") => echo(request),
        _ => Response::text("not found\n").with_status(404),
    }
}

/// Sends the body back while it arrives.
fn echo(request: Request) -> Response {
    let mut body = request.into_body();
    Response::stream(move |out| faas::copy(&mut body, out).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_hello() {
        let response = handle(Request::new("GET", "/?name=you"));
        assert_eq!(response.status(), 200);
        assert_eq!(response.into_bytes().unwrap(), b"Hello from you\n");
    }

    #[test]
    fn sends_the_body_back() {
        let response = handle(Request::new("POST", "/echo").with_body("abc"));
        assert_eq!(response.into_bytes().unwrap(), b"abc");
    }

    #[test]
    fn knows_no_other_path() {
        assert_eq!(handle(Request::new("GET", "/nothing")).status(), 404);
    }
}
