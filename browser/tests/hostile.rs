//! Hosts that forbid things, connections that go, workers that end: the page goes on, or says in a
//! sentence what it cannot do.

use browser::{Browser, Look, Override, Reply, Server, Session, dist, mime, session};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const LATER: Duration = Duration::from_secs(90);

/// Serves the page with other headers than usual, as hosts do; it ends with the test.
fn host(folder: &Path, headers: &'static str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("a port").port();
    let folder = PathBuf::from(folder);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            std::thread::spawn(move || answer(stream, &folder, headers).ok());
        }
    });
    format!("http://127.0.0.1:{port}/")
}

fn answer(mut stream: TcpStream, folder: &Path, headers: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/");
    let name = if path == "/" { "index.html" } else { path.trim_start_matches('/') };
    let body = std::fs::read(folder.join(name)).unwrap_or_default();
    let status = if body.is_empty() { "404 Not Found" } else { "200 OK" };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         Connection: close\r\n{headers}\r\n",
        mime(name),
        body.len()
    )?;
    stream.write_all(&body)
}

/// A page under a host's headers.
fn hosted(headers: &'static str, fragment: &str) -> Option<Session> {
    let dist = dist()?;
    let mut s = session(Browser::Chromium, Look::default())?;
    s.goto(&format!("{}{fragment}", host(&dist, headers)));
    s.wait_for_boot();
    Some(s)
}

fn pause(s: &mut Session) {
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    if s.is("document.querySelector('[data-playing=true]')") {
        s.click("#play");
        s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    }
}

/// A page on the tests' own server, with its index changed.
fn changed(from: &'static str, to: &'static str, fragment: &str) -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut s = session(Browser::Chromium, Look::default())?;
    let change: Override = Box::new(move |path, mut reply: Reply| {
        if path == "index.html" {
            let html = String::from_utf8_lossy(&reply.body);
            assert!(html.contains(from), "the index has no {from}");
            reply.body = html.replace(from, to).into();
        }
        reply
    });
    let server = Server::with(&dist, change);
    s.goto(&format!("{}{fragment}", server.url()));
    s.wait_for_boot();
    Some((server, s))
}

fn open(fragment: &str) -> Option<(Server, Session)> {
    changed("<head>", "<head>", fragment)
}

fn text(s: &mut Session, expression: &str) -> String {
    s.eval(expression).as_str().unwrap_or_default().to_owned()
}

/// Catches what the page would save, as text by name.
const CATCH: &str = "window.saved = {}; const make = URL.createObjectURL; const blobs = new Map(); \
    URL.createObjectURL = b => { const u = make.call(URL, b); blobs.set(u, b); return u; }; \
    HTMLAnchorElement.prototype.click = function () { if (this.download) { \
    const [name, blob] = [this.download, blobs.get(this.href)]; \
    blob.text().then(t => { window.saved[name] = t; }); } };";

/// Saves in a form, and gives what was saved.
fn save(s: &mut Session, button: &str, file: &str) -> String {
    s.run(&format!("delete window.saved[{file:?}]"));
    s.wait_until(&format!("document.querySelector('{button}:not(:disabled)')"), LATER);
    s.click(button);
    s.wait_until(&format!("window.saved[{file:?}]"), LATER);
    text(s, &format!("window.saved[{file:?}]"))
}

/// What the sheet can save, without films: those take what only browsers have.
const FORMS: [(&str, &str); 8] = [
    ("#svg", "raft-7.svg"),
    ("#png-1", "raft-7.png"),
    ("#text-json", "raft-7.json"),
    ("#text-trace", "raft-7.txt"),
    ("#text-mermaid", "raft-7.mmd"),
    ("#text-shiviz", "raft-7.log"),
    ("#text-jepsen", "raft-7.edn"),
    ("#save-session", "raft-7.run.txt"),
];

#[test]
fn everything_is_saved_without_a_connection() {
    let Some((server, mut s)) = open("#raft/run") else { return };
    pause(&mut s);
    for _ in 0..40 {
        s.click("#step");
    }
    let letters = "performance.getEntriesByType('resource')\
                   .filter(e => e.initiatorType == 'fetch' && e.name.endsWith('.woff2')).length >= 4";
    s.wait_until(letters, SOON);
    s.run(CATCH);
    s.click("#sheet-open");
    s.wait_until("document.querySelector('.sheet')", SOON);
    // By the worker first; then the server is gone, and a page without its files says the same.
    let online = save(&mut s, "#text-json", "raft-7.json");
    drop(server);
    let gone = "await fetch('twin.js', { cache: 'no-store' }).then(() => false, () => true)";
    assert_eq!(s.eval_async(gone), true, "the server is gone");
    for (button, file) in FORMS {
        let saved = save(&mut s, button, file);
        assert!(saved.len() > 40 || file.ends_with("edn"), "{file}: {saved}");
        if file.ends_with("json") {
            assert_eq!(saved, online);
        }
        if file.ends_with("svg") {
            assert!(saved.contains("@font-face"), "the picture has its letters");
        }
        let said = s.text(".sheet-said");
        assert!(said.starts_with(&format!("Saved {file}")), "{said}");
    }
    s.screenshot("saved-offline");
}

#[test]
fn a_frame_that_keeps_files_back_is_not_told_that_they_are_saved() {
    let dist = dist();
    let (Some(dist), Some(mut s)) = (dist, session(Browser::Chromium, Look::default())) else {
        return;
    };
    let change: Override = Box::new(|path, reply| {
        match path {
        "host.html" => Reply {
            status: 200,
            mime: mime(path).into(),
            body: b"<!doctype html><iframe id='apart' src='index.html#board' width='900' height='600' \
                    sandbox='allow-scripts allow-same-origin'></iframe>"
                .to_vec(),
        },
        _ => reply,
    }
    });
    let server = Server::with(&dist, change);
    s.goto(&format!("{}host.html", server.url()));
    let inside = "document.querySelector('#apart').contentDocument";
    s.wait_until(&format!("{inside}?.querySelector('#save-svg')"), SOON);
    s.run(&format!("{inside}.querySelector('#save-svg').click()"));
    s.wait_until(&format!("{inside}.querySelector('.notice')"), SOON);
    let said = text(&mut s, &format!("{inside}.querySelector('.notice').innerText"));
    assert!(said.starts_with("blackboard.svg was not saved: the frame"), "{said}");
    // Where nothing can be known, nothing is claimed.
    let apart =
        "Content-Security-Policy: sandbox allow-scripts\r\nAccess-Control-Allow-Origin: *\r\n";
    s.goto(&format!("{}#board", host(&dist, apart)));
    s.wait_for_boot();
    s.click("#save-svg");
    s.wait_until("document.querySelector('.notice')", SOON);
    let said = s.text(".notice");
    assert!(said.starts_with("Handed blackboard.svg") && said.contains("If no file"), "{said}");
    // In a window of its own it is simply saved.
    s.goto(&format!("{}#board", server.url()));
    s.wait_for_boot();
    s.click("#save-svg");
    s.wait_until("document.querySelector('.notice')", SOON);
    assert!(s.text(".notice").starts_with("Saved blackboard.svg"), "{}", s.text(".notice"));
}

#[test]
fn a_frame_kept_apart_is_told_what_keeps_it_from_its_files() {
    let sandbox = "Content-Security-Policy: sandbox allow-scripts\r\n";
    let Some(mut s) = hosted(sandbox, "#raft/run") else { return };
    assert_eq!(s.eval("document.querySelector('.fault').dataset.code"), "E_FRAME");
    let said = s.text(".fault");
    assert!(said.contains("Access-Control-Allow-Origin"), "{said}");
    assert!(!said.contains("connection broke"), "{said}");
    s.screenshot("fault-frame");
}

#[test]
fn a_host_that_wants_trusted_types_gets_them() {
    let host = "Content-Security-Policy: require-trusted-types-for 'script'; \
                trusted-types happened-before\r\n";
    let Some(mut s) = hosted(host, "#raft/run") else { return };
    assert_eq!(s.eval("document.documentElement.dataset.boot"), "ready");
    s.wait_until("!document.querySelector('#stage canvas').hidden", SOON);
    pause(&mut s);
    let answer = s.eval_async(
        "await new Promise(async (resolve) => { const w = await hbBoot.worker(); \
         w.onmessage = (e) => resolve(e.data); \
         w.postMessage({ id: 7, request: { args: ['help'], files: {}, stdin: '' } }); })",
    );
    assert!(answer["response"]["stdout"].as_str().is_some_and(|t| t.contains("hb")), "{answer}");
    let elsewhere = "(() => { try { hbBoot.start('https://127.0.0.1/x.js'); return ''; } \
                     catch (e) { return String(e); } })()";
    assert!(text(&mut s, elsewhere).contains("no script of this page"));
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

#[test]
fn a_host_that_allows_no_policy_gets_the_page_without_workers() {
    let host =
        "Content-Security-Policy: require-trusted-types-for 'script'; trusted-types 'none'\r\n";
    let Some(mut s) = hosted(host, "#import") else { return };
    assert_eq!(s.eval("document.documentElement.dataset.boot"), "ready");
    s.wait_until("document.querySelector('.import-diagram .dot, .import-diagram .dots')", LATER);
}

#[test]
fn without_workers_logs_are_read_and_what_is_refused_is_said() {
    let Some((_server, mut s)) = changed("worker-src 'self'", "worker-src 'none'", "#import")
    else {
        return;
    };
    // The example, at once.
    s.wait_until("document.querySelector('.import-diagram .dot, .import-diagram .dots')", LATER);
    assert!(!s.is("document.querySelector('.import-progress')"));
    s.run("document.querySelector('.import-form').open = true");
    s.run(
        "const t = document.querySelector('#import-text'); \
         t.value = '{:process 0, :type :invoke, :f :read, :value nil}'; \
         t.dispatchEvent(new InputEvent('input', { bubbles: true }));",
    );
    s.wait_until("document.querySelector('#import-read:not(:disabled)')", SOON);
    s.click("#import-read");
    s.wait_until("document.querySelector('#history-said')", SOON);
    assert!(s.text("#history-said").contains("refuses the worker"), "{}", s.text("#history-said"));
}

/// Keeps hold of the page's workers.
const HOLD: &str = "window.all = []; window.Worker = class extends Worker { \
    constructor(...a) { super(...a); all.push(this); } };";
/// A clock that runs three times as fast.
const FAST: &str = "const real = performance.now.bind(performance), from = real(); \
    performance.now = () => from + 3 * (real() - from);";

#[test]
fn a_search_whose_workers_end_says_so_and_can_begin_again() {
    let Some((_server, mut s)) = open("#raft/run") else { return };
    pause(&mut s);
    s.run(HOLD);
    s.click("#rail-prove");
    let going = "[...document.querySelectorAll('#search-progress .mono')]\
                 .some(p => /schedule|state/.test(p.innerText) && !/Fetching/.test(p.innerText))";
    s.click("#search-go");
    s.wait_until(going, LATER);
    s.run(FAST);
    s.run("all.forEach(w => w.terminate())");
    s.wait_until("document.querySelector('#search-outcome .notice')", LATER);
    let said = s.text("#search-outcome .notice");
    assert!(said.contains("says nothing any more"), "{said}");
    assert!(said.contains("again"), "{said}");
    s.click("#search-go");
    s.wait_until(going, LATER);
    s.click("#search-go");
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

#[test]
fn a_painter_that_ends_leaves_its_pictures_to_elements() {
    let Some((_server, mut s)) = open("") else { return };
    s.run(HOLD);
    s.run("location.hash = '#lamport'");
    s.wait_until("document.querySelector('#stage canvas:not([hidden])')", SOON);
    s.run("all.forEach(w => w.terminate())");
    s.wait_until("document.querySelector('#stage canvas').hidden", LATER);
    s.wait_until("document.querySelector('[data-playing=true]')", SOON);
    let clock = text(&mut s, "document.querySelector('#clock').textContent");
    s.wait_until(&format!("document.querySelector('#clock').textContent != {clock:?}"), SOON);
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

#[test]
fn of_thousands_of_hosts_a_page_is_drawn() {
    let Some((_server, mut s)) = open("#import") else { return };
    s.wait_until("document.querySelector('.import-diagram')", LATER);
    s.run("document.querySelector('.import-form').open = true");
    s.run(
        "const lines = Array.from({ length: 5000 }, (_, i) => `h${i} {\"h${i}\":1}\\nsays ${i}`); \
         const t = document.querySelector('#import-text'); t.value = lines.join('\\n'); \
         t.dispatchEvent(new InputEvent('input', { bubbles: true }));",
    );
    s.wait_until("document.querySelector('#import-read:not(:disabled)')", SOON);
    s.run("document.querySelector('#import-read').click()");
    let drawn = "document.querySelector('#hosts-drawn')?.innerText || ''";
    s.wait_until(&format!("({drawn}).startsWith('Hosts 1 to 100 of 5000')"), LATER);
    let count = s.eval("document.querySelectorAll('*').length").as_f64().unwrap_or(f64::MAX);
    println!("5,000 hosts: {count} elements");
    assert!(count < 2_000.0, "{count} elements");
    s.click("#hosts-next");
    s.wait_until(&format!("({drawn}).startsWith('Hosts 101 to 200')"), SOON);
    s.run(
        "const f = document.querySelector('#hosts-find'); f.value = 'h4321'; \
         f.dispatchEvent(new Event('change', { bubbles: true }));",
    );
    s.wait_until(&format!("({drawn}).startsWith('Hosts 4301 to 4400')"), SOON);
    // What is looked for is found on hosts that were not drawn.
    s.run(
        "const f = document.querySelector('#import-search'); f.value = 'says 17'; \
         f.dispatchEvent(new InputEvent('input', { bubbles: true }));",
    );
    s.click("#turn");
    s.wait_until(&format!("({drawn}).startsWith('Hosts 1 to 100')"), SOON);
    s.wait_until("document.querySelector('.import-event h2').innerText == 'h17:1'", SOON);
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

#[test]
fn after_back_the_status_is_that_of_the_run_on_screen() {
    let Some((_server, mut s)) = open("#raft/run") else { return };
    pause(&mut s);
    const STATUS: &str = "document.querySelector('.frame > [role=status]').textContent";
    let moment = |s: &mut Session, steps: u32| {
        for _ in 0..steps {
            s.click("#step");
        }
        s.click("#share");
        s.wait_until("location.hash.startsWith('#s=')", SOON);
        std::thread::sleep(Duration::from_millis(900));
        (text(s, "location.hash"), text(s, STATUS))
    };
    let (first, said) = moment(&mut s, 1);
    let (second, later) = moment(&mut s, 25);
    assert_ne!(said, later);
    s.run(&format!("location.hash = {first:?}"));
    s.wait_until(&format!("{STATUS} == {said:?}"), SOON);
    s.run(&format!("location.hash = {second:?}"));
    s.wait_until(&format!("{STATUS} == {later:?}"), SOON);
    s.run("history.back()");
    s.wait_until(&format!("location.hash == {first:?}"), SOON);
    s.wait_until(&format!("{STATUS} == {said:?}"), SOON);
}

#[test]
fn without_a_clipboard_the_link_is_in_the_address() {
    for (fragment, button) in [("#board", "#copy-link"), ("#raft/run", "#share")] {
        let Some((_server, mut s)) = open(fragment) else { return };
        s.run("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
        s.click(button);
        s.wait_until("document.querySelector('.notice')", SOON);
        assert!(s.text(".notice").starts_with("The address bar holds the link"));
        assert_eq!(s.console_errors(), Vec::<String>::new());
    }
}
