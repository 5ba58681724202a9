//! What a guest can find out about, and reach of, the world around it.

use crate::query::Query;
use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

/// Environment and arguments, one a line.
pub fn environment() -> String {
    let mut lines: Vec<String> = std::env::vars()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.sort();
    lines.extend(std::env::args().map(|argument| format!("argument {argument}")));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Reads the file `?path=`, lists it if it is a directory, writes `?write=` to it, or removes it with
/// `?remove=1`. Failures are text.
pub fn file(query: &Query) -> String {
    let path = query.text("path").unwrap_or("/");
    let result = if let Some(text) = query.text("write") {
        fs::write(path, text).map(|()| "written\n".into())
    } else if query.text("remove").is_some() {
        fs::remove_file(path).map(|()| "removed\n".into())
    } else if fs::metadata(path).is_ok_and(|found| found.is_dir()) {
        list(path)
    } else {
        fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    result.unwrap_or_else(|error| format!("error {:?}: {error}\n", error.kind()))
}

fn list(path: &str) -> io::Result<String> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned() + "\n"))
        .collect::<io::Result<Vec<String>>>()?;
    names.sort();
    Ok(names.concat())
}

/// Connects to `?address=`, listens, binds a UDP socket and looks a name up; one line each.
pub fn sockets(query: &Query) -> String {
    let address = query.text("address").unwrap_or("127.0.0.1:9");
    [
        ("connect", TcpStream::connect(address).map(|_| ())),
        ("listen", TcpListener::bind("127.0.0.1:0").map(|_| ())),
        ("udp", UdpSocket::bind("127.0.0.1:0").map(|_| ())),
        ("lookup", "example.com:80".to_socket_addrs().map(|_| ())),
    ]
    .iter()
    .map(|(what, result)| match result {
        Ok(()) => format!("{what}: ok\n"),
        Err(error) => format!("{what}: error {:?}: {error}\n", error.kind()),
    })
    .collect()
}
