//! A function as `fn handle(request: Request) -> Response`, over `wasi:http`.
//!
//! ```ignore
//! use faas::{Request, Response};
//!
//! faas::serve!(handle);
//!
//! fn handle(request: Request) -> Response {
//!     let name = request.query("name").unwrap_or("world".into());
//!     Response::text(format!("Hello, {name}\n"))
//! }
//! ```
//!
//! This is one file without dependencies but the crate `wasip2`, so that a project holds it as `mod faas` and builds
//! from crates.io alone. Bodies are streams: a [`Body`] is [`Read`], and [`Response::stream`] writes while it goes.
//! Nothing here keeps more than one chunk in memory. `cargo test` runs handlers on the machine itself:
//! [`Request::new`] makes a request without a host, and [`Response::into_bytes`] reads the answer.

use std::fmt::Display;
use std::io::{self, Cursor, Read, Write};

use wasip2::http::types as http;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

/// Bytes that are read or written at once.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Makes `$handle` what answers the requests of this component.
///
/// It is a `fn(Request) -> R`, where `R` is [`Response`] or a `Result` of one with an error that can be displayed:
/// an error is logged and answered with status 500.
#[macro_export]
macro_rules! serve {
    ($handle:path) => {
        struct Function;

        impl wasip2::exports::http::incoming_handler::Guest for Function {
            fn handle(
                request: wasip2::http::types::IncomingRequest,
                outparam: wasip2::http::types::ResponseOutparam,
            ) {
                faas::answer(request, outparam, $handle);
            }
        }

        wasip2::http::proxy::export!(Function);
    };
}
#[allow(unused_imports)]
pub use serve;

/// One request.
pub struct Request {
    method: String,
    path: String,
    query: String,
    headers: Headers,
    body: Body,
}

impl Request {
    /// Makes a request for a test. `target` is a path with an optional query, like `/a?b=c`.
    pub fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            headers: Headers::default(),
            body: Body::from(Vec::new()),
        }
    }

    /// The same request with one more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same request with this body.
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Body::from(body.into());
        self
    }

    /// The method in capitals, like `GET`.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path below the function's route, as it was sent: starts with a slash and is not decoded.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What follows the question mark, as it was sent; empty without one.
    pub fn query_string(&self) -> &str {
        &self.query
    }

    /// The first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key) == name).then(|| decode(value))
        })
    }

    /// All headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The first value of a header, in any case, if it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body as a stream.
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Reads the body to its end, at most `limit` bytes.
    ///
    /// # Errors
    /// If the client leaves before the end, or the body is larger.
    pub fn into_bytes(self, limit: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut reader = self.body.take(limit as u64 + 1);
        reader.read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            let message = format!("the body is larger than {limit} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(bytes)
    }

    fn receive(request: &http::IncomingRequest) -> Self {
        let target = request.path_with_query().unwrap_or("/".into());
        let mut received = Self::new(&method_name(request.method()), &target);
        let fields = request.headers();
        received.headers = Headers(fields.entries());
        drop(fields);
        if let Ok(body) = request.consume() {
            if let Ok(stream) = body.stream() {
                received.body = Body(Source::Host(stream, body));
            }
        }
        received
    }
}

/// Header fields in their order. Names are compared in any case; values are bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// The first value, if it is UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// Adds a field, beside those of the same name.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.0.push((name.into(), value.as_ref().into()));
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// The body of a request, read as it arrives.
pub struct Body(Source);

/// The stream stands first: it must be dropped before the body that it belongs to.
enum Source {
    Bytes(Cursor<Vec<u8>>),
    Host(InputStream, #[allow(dead_code)] http::IncomingBody),
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Source::Bytes(Cursor::new(bytes)))
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stream = match &mut self.0 {
            Source::Bytes(bytes) => return bytes.read(buffer),
            Source::Host(stream, _) => stream,
        };
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match stream.blocking_read(buffer.len() as u64) {
                Ok(chunk) if chunk.is_empty() => continue,
                Ok(chunk) => {
                    buffer[..chunk.len()].copy_from_slice(&chunk);
                    return Ok(chunk.len());
                }
                Err(StreamError::Closed) => return Ok(0),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }
}

type Writer = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()>>;

/// One answer.
pub struct Response {
    status: u16,
    headers: Headers,
    body: Content,
}

enum Content {
    Bytes(Vec<u8>),
    Stream(Writer),
}

impl Response {
    /// An answer without a body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Headers::default(),
            body: Content::Bytes(Vec::new()),
        }
    }

    /// Text, with status 200.
    pub fn text(text: impl Into<String>) -> Self {
        let text: String = text.into();
        Self::new(200).with_header("content-type", "text/plain; charset=utf-8").with_body(text)
    }

    /// Text that is JSON, with status 200.
    pub fn json(json: impl Into<String>) -> Self {
        let json: String = json.into();
        Self::new(200).with_header("content-type", "application/json").with_body(json)
    }

    /// A body that is written while it is sent. `write` waits where the client does not read.
    ///
    /// An error ends the answer early, so that the client learns that it is incomplete.
    pub fn stream(write: impl FnOnce(&mut dyn Write) -> io::Result<()> + 'static) -> Self {
        let mut response = Self::new(200);
        response.body = Content::Stream(Box::new(write));
        response
    }

    /// The same answer with another status, 100 to 599.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same answer with one more header.
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(name, value);
        self
    }

    /// The same answer with this body.
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Content::Bytes(body.into());
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The whole body, for tests.
    ///
    /// # Errors
    /// What the body's writer ended with.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self.body {
            Content::Bytes(bytes) => Ok(bytes),
            Content::Stream(write) => {
                let mut bytes = Vec::new();
                write(&mut bytes)?;
                Ok(bytes)
            }
        }
    }

    fn send(self, outparam: http::ResponseOutparam) -> io::Result<()> {
        let fields = http::Fields::new();
        for (name, value) in self.headers.iter() {
            if fields.append(name, value).is_err() {
                eprintln!("the header \"{name}\" cannot be sent and is left out");
            }
        }
        if let Content::Bytes(bytes) = &self.body {
            // Refused where the handler has set it: then that one counts.
            let _ = fields.set("content-length", &[bytes.len().to_string().into_bytes()]);
        }
        let response = http::OutgoingResponse::new(fields);
        if response.set_status_code(self.status).is_err() {
            eprintln!("{} is no status: it stays 200", self.status);
        }
        let body = response.body().map_err(|()| io::Error::other("a body that was taken"))?;
        http::ResponseOutparam::set(outparam, Ok(response));

        let mut stream = body.write().map_err(|()| io::Error::other("a stream that was taken"))?;
        match self.body {
            Content::Bytes(bytes) => stream.write_all(&bytes)?,
            Content::Stream(write) => write(&mut Flowing(&mut stream))?,
        }
        Write::flush(&mut stream)?;
        drop(stream);
        http::OutgoingBody::finish(body, None).map_err(|error| io::Error::other(format!("{error:?}")))
    }
}

/// Hands on what is written at once, and waits only with the next piece.
struct Flowing<'a>(&'a mut OutputStream);

impl Write for Flowing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.0.write(bytes)?;
        OutputStream::flush(self.0).map_err(io::Error::other)?;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(self.0)
    }
}

/// Copies a body in chunks of [`CHUNK_BYTES`], and returns how many bytes there were.
pub fn copy(body: &mut impl Read, out: &mut dyn Write) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut copied = 0;
    loop {
        let length = body.read(&mut chunk)?;
        if length == 0 {
            return Ok(copied);
        }
        out.write_all(&chunk[..length])?;
        copied += length as u64;
    }
}

/// What a handler may return.
pub trait IntoResponse {
    /// Makes an answer of it.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl<E: Display> IntoResponse for Result<Response, E> {
    fn into_response(self) -> Response {
        self.unwrap_or_else(|error| {
            eprintln!("{error}");
            Response::text("the function failed\n").with_status(500)
        })
    }
}

/// Answers one request of the host; what [`serve!`] calls.
pub fn answer<R: IntoResponse>(
    request: http::IncomingRequest,
    outparam: http::ResponseOutparam,
    handle: fn(Request) -> R,
) {
    let response = handle(Request::receive(&request)).into_response();
    // The client may have left: then there is nobody to tell but the log.
    if let Err(error) = response.send(outparam) {
        eprintln!("the answer is incomplete: {error}");
    }
}

fn method_name(method: http::Method) -> String {
    match method {
        http::Method::Get => "GET".into(),
        http::Method::Head => "HEAD".into(),
        http::Method::Post => "POST".into(),
        http::Method::Put => "PUT".into(),
        http::Method::Delete => "DELETE".into(),
        http::Method::Connect => "CONNECT".into(),
        http::Method::Options => "OPTIONS".into(),
        http::Method::Trace => "TRACE".into(),
        http::Method::Patch => "PATCH".into(),
        http::Method::Other(name) => name,
    }
}

/// Undoes percent encoding and plus signs, as forms write them. What is not UTF-8 is replaced.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match (first, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            _ => *first,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parameters_are_decoded() {
        let request = Request::new("GET", "/a?x=1&na%6De=a+b%21%zz%2&x=2&bare");
        assert_eq!(request.path(), "/a");
        assert_eq!(request.query("name").as_deref(), Some("a b!%zz%2"));
        assert_eq!(request.query("x").as_deref(), Some("1"));
        assert_eq!(request.query("bare").as_deref(), Some(""));
        assert_eq!(request.query("none"), None);
    }

    #[test]
    fn a_body_over_the_limit_is_an_error() {
        let request = || Request::new("POST", "/").with_body("12345");
        assert_eq!(request().into_bytes(5).unwrap(), b"12345");
        assert!(request().into_bytes(4).is_err());
    }

    #[test]
    fn a_stream_is_written_by_the_handler() {
        let mut body = Request::new("POST", "/").with_body("abc").into_body();
        let response = Response::stream(move |out| copy(&mut body, out).map(drop));
        assert_eq!(response.into_bytes().unwrap(), b"abc");
    }

    #[test]
    fn an_error_is_answered_with_500() {
        let response = Err::<Response, _>("a reason").into_response();
        assert_eq!(response.status(), 500);
    }
}
