//! A static file server on 127.0.0.1, enough for one page.

use crate::http::header;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the server sends.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Media type.
    pub mime: String,
    /// Body.
    pub body: Vec<u8>,
}

/// May answer a request in the folder's stead: gets the path below the prefix and the file's own
/// reply, and returns what is sent.
pub type Override = Box<dyn Fn(&str, Reply) -> Reply + Send + Sync>;

/// Collects what goes wrong in a page, in any browser, into `window.__errors`.
const HOOK: &str = include_str!("hook.js");

/// A running server; stops when dropped.
pub struct Server {
    port: u16,
    prefix: String,
    stop: Arc<AtomicBool>,
}

struct Site {
    folder: PathBuf,
    prefix: String,
    hook: bool,
    change: Option<Override>,
}

impl Server {
    /// Serves `folder` at `/` on `port`, or on a free one where that is taken or 0.
    pub fn open(folder: &Path, port: u16) -> std::io::Result<Server> {
        let site = Site { folder: folder.into(), prefix: "/".into(), hook: false, change: None };
        Server::start(site, port)
    }

    /// Serves `folder` from the sub-directory `/a/b/` of a free port, with the hook that fills
    /// `window.__errors` in each page, for tests.
    pub fn for_test(folder: &Path) -> Server {
        Server::in_test(folder, None)
    }

    /// As [`Server::for_test`], with some replies changed.
    pub fn with(folder: &Path, change: Override) -> Server {
        Server::in_test(folder, Some(change))
    }

    fn in_test(folder: &Path, change: Option<Override>) -> Server {
        let site = Site { folder: folder.into(), prefix: "/a/b/".into(), hook: true, change };
        Server::start(site, 0).expect("a free port on 127.0.0.1")
    }

    fn start(site: Site, port: u16) -> std::io::Result<Server> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let port = listener.local_addr()?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let server = Server { port, prefix: site.prefix.clone(), stop: Arc::clone(&stop) };
        let site = Arc::new(site);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let site = Arc::clone(&site);
                // A browser that goes away in mid-reply is no fault of the server.
                std::thread::spawn(move || site.answer(stream).ok());
            }
        });
        Ok(server)
    }

    /// The page's address, with a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.prefix)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

impl Site {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let Some((method, path)) = request(&stream)? else { return Ok(()) };
        let reply = match method.as_str() {
            "GET" | "HEAD" => self.reply(&path),
            _ => text(405, "Only GET and HEAD are served here."),
        };
        let reason = match reply.status {
            200 => "OK",
            404 => "Not Found",
            405 => "Method Not Allowed",
            _ => "Status",
        };
        write!(
            stream,
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
             Cache-Control: no-cache\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n",
            reply.status,
            reply.mime,
            reply.body.len()
        )?;
        if method == "GET" {
            stream.write_all(&reply.body)?;
        }
        stream.flush()
    }

    fn reply(&self, path: &str) -> Reply {
        let Some(below) = path.strip_prefix(&self.prefix) else {
            return text(404, "There is nothing at this address.");
        };
        let below = if below.is_empty() || below.ends_with('/') {
            format!("{below}index.html")
        } else {
            below.to_owned()
        };
        if self.hook && below == "__hook.js" {
            return Reply { status: 200, mime: mime("x.js").into(), body: HOOK.into() };
        }
        let mut reply = self.file(&below);
        if let Some(change) = &self.change {
            reply = change(&below, reply);
        }
        if self.hook && reply.mime.starts_with("text/html") {
            let html = String::from_utf8_lossy(&reply.body);
            reply.body =
                html.replacen("<head>", "<head><script src=\"__hook.js\"></script>", 1).into();
        }
        reply
    }

    fn file(&self, below: &str) -> Reply {
        let path = Path::new(below);
        let inside = path.components().all(|c| matches!(c, Component::Normal(_)));
        match std::fs::read(self.folder.join(path)) {
            Ok(body) if inside => Reply { status: 200, mime: mime(below).into(), body },
            _ => text(404, "There is no such file."),
        }
    }
}

fn text(status: u16, body: &str) -> Reply {
    Reply { status, mime: "text/plain; charset=utf-8".into(), body: body.into() }
}

/// Method and decoded path, without query, of one request; `None` when nothing was sent.
fn request(stream: &TcpStream) -> std::io::Result<Option<(String, String)>> {
    let mut lines = BufReader::new(stream.take(64 * 1024));
    let mut head = String::new();
    while lines.read_line(&mut head)? > 2 && !head.ends_with("\r\n\r\n") {}
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    debug_assert!(header(&head, "transfer-encoding").is_none(), "requests have no body here");
    let path = target.split(['?', '#']).next().unwrap_or_default();
    Ok(Some((method.into(), percent_decode(path))))
}

fn percent_decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let pair = tail.get(..2).and_then(|p| std::str::from_utf8(p).ok());
        match pair.and_then(|p| u8::from_str_radix(p, 16).ok()) {
            Some(decoded) if *byte == b'%' => {
                out.push(decoded);
                rest = &tail[2..];
            }
            _ => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The media type for a file's name.
pub fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &str, path: &str) -> String {
        let at = url.trim_start_matches("http://").split('/').next().unwrap();
        let mut stream = TcpStream::connect(at).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn serves_its_folder_and_nothing_above_it() {
        let server = Server::for_test(Path::new(env!("CARGO_MANIFEST_DIR")));
        let url = server.url();
        assert!(url.ends_with("/a/b/"));
        assert!(get(&url, "/a/b/src/hook.js?x").contains("text/javascript"));
        assert!(get(&url, "/a/b/src/%68ook.js").starts_with("HTTP/1.1 200 "));
        for outside in ["/src/hook.js", "/a/b/../xtask/Cargo.toml", "/a/b/%2e%2e/Cargo.toml"] {
            assert!(get(&url, outside).starts_with("HTTP/1.1 404 "), "{outside}");
        }
    }
}
