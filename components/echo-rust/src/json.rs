//! A request as JSON text, by hand: a JSON library would be most of this component.

use std::fmt::Write;
use wasip2::http::types::{IncomingRequest, Method, Scheme};

/// Describes method, scheme, authority, path with query, and headers in the order they came.
pub fn describe(request: &IncomingRequest) -> String {
    let mut text = String::from("{\n");
    field(&mut text, "method", Some(method_name(&request.method())));
    field(
        &mut text,
        "scheme",
        request.scheme().map(|scheme| match scheme {
            Scheme::Http => "http".into(),
            Scheme::Https => "https".into(),
            Scheme::Other(name) => name,
        }),
    );
    field(&mut text, "authority", request.authority());
    field(&mut text, "path", request.path_with_query());
    text.push_str("  \"headers\": [");
    for (index, (name, value)) in request.headers().entries().iter().enumerate() {
        text.push_str(if index == 0 { "\n    [" } else { ",\n    [" });
        quote(&mut text, name);
        text.push_str(", ");
        quote(&mut text, &String::from_utf8_lossy(value));
        text.push(']');
    }
    text.push_str("\n  ]\n}\n");
    text
}

fn method_name(method: &Method) -> String {
    match method {
        Method::Get => "GET".into(),
        Method::Head => "HEAD".into(),
        Method::Post => "POST".into(),
        Method::Put => "PUT".into(),
        Method::Delete => "DELETE".into(),
        Method::Connect => "CONNECT".into(),
        Method::Options => "OPTIONS".into(),
        Method::Trace => "TRACE".into(),
        Method::Patch => "PATCH".into(),
        Method::Other(name) => name.clone(),
    }
}

fn field(text: &mut String, name: &str, value: Option<String>) {
    text.push_str("  ");
    quote(text, name);
    text.push_str(": ");
    match value {
        Some(value) => quote(text, &value),
        None => text.push_str("null"),
    }
    text.push_str(",\n");
}

fn quote(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            control if (control as u32) < 0x20 || control as u32 == 0x7f => {
                write!(text, "\\u{:04x}", control as u32).expect("writing to a string");
            }
            other => text.push(other),
        }
    }
    text.push('"');
}
