//! Just enough of URLs: parts of an absolute one, and a value of a query string.

use wasip2::http::types::Scheme;

/// The parts that `wasi:http` wants apart.
pub struct Url {
    pub scheme: Scheme,
    pub authority: String,
    pub path: String,
}

impl Url {
    /// Parses `http://host:port/path?query#fragment`; the fragment is dropped.
    pub fn parse(text: &str) -> Option<Url> {
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            (Scheme::Https, text.strip_prefix("https://")?)
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() {
            return None;
        }
        let path = if path.starts_with('/') {
            path.into()
        } else {
            format!("/{path}")
        };
        Some(Url {
            scheme,
            authority: authority.into(),
            path,
        })
    }
}

/// The percent-decoded value of `name` in a path with query.
pub fn query_value(path_with_query: &str, name: &str) -> Option<String> {
    let (_, query) = path_with_query.split_once('?')?;
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| decode(value))
    })
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let escaped = (bytes[index] == b'%')
            .then(|| text.get(index + 1..index + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                decoded.push(byte);
                index += 3;
            }
            None => {
                decoded.push(if bytes[index] == b'+' {
                    b' '
                } else {
                    bytes[index]
                });
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
