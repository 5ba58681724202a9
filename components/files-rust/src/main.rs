//! Serves the files of `/site`, the directory that its version was deployed with, as a CGI program:
//! the request comes in the environment, header and body of the answer go to stdout.
//!
//! Only plain names are looked up: a path with `..` in it is not found, whatever the host would say.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

const ROOT: &str = "/site";
const CHUNK_BYTES: usize = 64 * 1024;

fn main() -> io::Result<()> {
    let method = variable("REQUEST_METHOD", "GET");
    if method != "GET" && method != "HEAD" {
        return answer(
            "405 Method Not Allowed",
            "Allow: GET, HEAD\n",
            "Only GET and HEAD\n",
        );
    }
    let path = variable("PATH_INFO", "/");
    match locate(&path).and_then(|file| Some((File::open(&file).ok()?, file))) {
        Some((file, name)) => serve(file, &name, method == "HEAD"),
        None => answer("404 Not Found", "", &format!("No file \"{path}\"\n")),
    }
}

/// The file that a request path stands for; directories stand for their `index.html`.
fn locate(path: &str) -> Option<PathBuf> {
    let relative = Path::new(path.trim_start_matches('/'));
    if !relative
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return None;
    }
    let mut file = Path::new(ROOT).join(relative);
    if file.is_dir() {
        file.push("index.html");
    }
    file.is_file().then_some(file)
}

fn serve(mut file: File, name: &Path, head_only: bool) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let length = file.metadata()?.len();
    write!(
        stdout,
        "Content-Type: {}\nContent-Length: {length}\n\n",
        content_type(name)
    )?;
    let mut chunk = vec![0; if head_only { 0 } else { CHUNK_BYTES }];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return stdout.flush();
        }
        stdout.write_all(&chunk[..read])?;
    }
}

fn answer(status: &str, headers: &str, text: &str) -> io::Result<()> {
    print!("Status: {status}\nContent-Type: text/plain; charset=utf-8\n{headers}\n{text}");
    io::stdout().flush()
}

fn variable(name: &str, fallback: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| fallback.into())
}

fn content_type(name: &Path) -> &'static str {
    let extension = name.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("html" | "htm") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}
