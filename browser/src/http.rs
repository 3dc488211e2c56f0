//! One HTTP request to a driver on this machine.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any script or page load may take.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Sends `body` as JSON and returns the answer's `value`, or the driver's error in one line.
pub fn call(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let text = if method == "POST" { body.to_string() } else { String::new() };
    let answer =
        exchange(port, method, path, &text).map_err(|e| format!("{method} {path}: {e}"))?;
    let json: Value = serde_json::from_str(&answer)
        .map_err(|e| format!("{method} {path}: the driver's answer is not JSON: {e}"))?;
    let value = json.get("value").cloned().unwrap_or(Value::Null);
    match value.get("error").and_then(Value::as_str) {
        Some(error) => {
            let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
            let message = message.lines().next().unwrap_or_default();
            Err(format!("{method} {path}: {error}: {message}"))
        }
        None => Ok(value),
    }
}

fn exchange(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let head = head(&mut stream)?;
    let length = header(&head, "content-length").and_then(|v| v.parse::<u64>().ok());
    let mut bytes = Vec::new();
    match length {
        Some(length) => stream.take(length).read_to_end(&mut bytes)?,
        None => stream.read_to_end(&mut bytes)?,
    };
    if header(&head, "transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        bytes = unchunk(&bytes);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The value of a header, by its lower-case name.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|w| w == b"\r\n") {
        let size = String::from_utf8_lossy(&bytes[..end]);
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let from = end + 2;
        if size == 0 || from + size > bytes.len() {
            break;
        }
        out.extend_from_slice(&bytes[from..from + size]);
        bytes = bytes.get(from + size + 2..).unwrap_or_default();
    }
    out
}

#[test]
fn reads_chunks_and_headers() {
    assert_eq!(unchunk(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), b"abcde");
    assert_eq!(header("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n", "content-length"), Some("12"));
}
