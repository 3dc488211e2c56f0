//! The production page opens, or says in plain words why it does not.

use browser::{Browser, Look, Override, Reply, Server, Session, dist, session};

/// A page opened from a sub-directory, with some replies of the server changed.
fn open(change: Option<Override>, look: Look) -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut session = session(Browser::Chromium, look)?;
    let server = match change {
        Some(change) => Server::with(&dist, change),
        None => Server::for_test(&dist),
    };
    session.goto(&server.url());
    session.wait_for_boot();
    Some((server, session))
}

/// The code of the fault the page shows, after checking that it is a readable panel.
fn fault(session: &mut Session) -> String {
    assert_eq!(session.eval("document.documentElement.dataset.boot"), "failed");
    assert!(session.is("document.querySelectorAll('.fault[role=alert]').length == 1"));
    assert!(session.text(".fault h2").ends_with('.'), "says what happened");
    assert!(session.is("document.querySelectorAll('.fault p').length >= 2"), "says what to do");
    assert!(!session.is("document.getElementById('boot-progress')"), "no progress is left");
    session.eval("document.querySelector('.fault').dataset.code").as_str().unwrap().to_owned()
}

fn missing() -> Reply {
    Reply { status: 404, mime: "text/plain".into(), body: b"not here".to_vec() }
}

#[test]
fn opens_from_a_sub_directory_without_a_word_on_the_console() {
    let Some((_server, mut session)) = open(None, Look::default()) else { return };
    assert_eq!(session.eval("document.documentElement.dataset.boot"), "ready");
    let title = session.eval("document.title");
    assert!(title.as_str().unwrap().contains("Happened Before"), "{title}");
    assert!(!session.is("document.getElementById('boot')"), "the poster is gone");
    assert_eq!(session.console_errors(), Vec::<String>::new());
    session.screenshot("opens");
}

#[test]
fn its_policy_forbids_inline_scripts() {
    let Some((_server, mut session)) = open(None, Look::default()) else { return };
    session.eval(
        "(() => { const s = document.createElement('script'); \
         s.textContent = 'window.inline = 1'; document.head.append(s); })()",
    );
    assert!(!session.is("window.inline"));
    let errors = session.console_errors();
    assert!(errors.iter().any(|e| e.starts_with("csp: script-src")), "{errors:?}");
}

#[test]
fn words_are_set_in_the_shipped_fonts() {
    let Some((_server, mut session)) = open(None, Look::default()) else { return };
    for font in ["400 14px 'IBM Plex Sans'", "600 14px 'IBM Plex Mono'"] {
        let loaded = session.eval_async(&format!("(await document.fonts.load(\"{font}\")).length"));
        assert_eq!(loaded, 1, "{font}");
    }
}

#[test]
fn follows_the_readers_theme_and_motion() {
    let dark = Look::default().dark().still();
    let Some((_server, mut session)) = open(None, dark) else { return };
    let token = |s: &mut Session, name: &str| {
        s.eval(&format!("getComputedStyle(document.documentElement).getPropertyValue('{name}')"))
    };
    assert_eq!(token(&mut session, "--paper"), "#14181c");
    assert_eq!(token(&mut session, "--pulse"), "0ms");
    session.eval("document.documentElement.dataset.theme = 'light'");
    assert_eq!(token(&mut session, "--paper"), "#fbfaf7", "the reader's own choice wins");
    session.eval("delete document.documentElement.dataset.theme");
    session.set_look(Look::default());
    assert_eq!(token(&mut session, "--paper"), "#fbfaf7");
    assert_eq!(token(&mut session, "--pulse"), "150ms");
    session.set_look(Look { more_contrast: true, ..Look::default().dark() });
    assert_eq!(token(&mut session, "--paper"), "#000000");
}

#[test]
fn a_server_that_names_the_wrong_type_does_no_harm() {
    let octets: Override = Box::new(|path, reply| match path.ends_with(".wasm") {
        true => Reply { mime: "application/octet-stream".into(), ..reply },
        false => reply,
    });
    let Some((_server, mut session)) = open(Some(octets), Look::default()) else { return };
    assert_eq!(session.eval("document.documentElement.dataset.boot"), "ready");
}

#[test]
fn says_that_the_program_is_missing() {
    let gone: Override = Box::new(|path, reply| match path.ends_with(".wasm") {
        true => missing(),
        false => reply,
    });
    let Some((_server, mut session)) = open(Some(gone), Look::size(800, 900)) else { return };
    assert_eq!(fault(&mut session), "E_404");
    assert!(session.text(".fault-detail").contains("404"));
    session.screenshot("fault-missing");
}

#[test]
fn says_that_the_address_holds_a_page_instead() {
    let html: Override = Box::new(|path, reply| match path.ends_with(".wasm") {
        true => Reply { mime: "text/html".into(), body: b"<!doctype html>Hello".to_vec(), ..reply },
        false => reply,
    });
    let Some((_server, mut session)) = open(Some(html), Look::default()) else { return };
    assert_eq!(fault(&mut session), "E_404");
}

#[test]
fn says_that_the_program_is_damaged() {
    let torn: Override = Box::new(|path, mut reply| {
        if path.ends_with(".wasm") {
            reply.body.truncate(1000);
        }
        reply
    });
    let Some((_server, mut session)) = open(Some(torn), Look::default()) else { return };
    assert_eq!(fault(&mut session), "E_PROGRAM");
}

#[test]
fn says_that_its_javascript_half_is_missing() {
    let gone: Override = Box::new(|path, reply| match path.starts_with("page-") {
        true if path.ends_with(".js") => missing(),
        _ => reply,
    });
    let Some((_server, mut session)) = open(Some(gone), Look::default()) else { return };
    assert_eq!(fault(&mut session), "E_NET");
}

#[test]
fn says_that_its_loader_is_missing() {
    for script in ["boot.js", "load.js"] {
        let gone: Override = Box::new(move |path, reply| match path == script {
            true => missing(),
            false => reply,
        });
        let Some((_server, mut session)) = open(Some(gone), Look::default()) else { return };
        match script {
            "load.js" => assert_eq!(fault(&mut session), "E_NET"),
            _ => assert!(session.text("#boot-status").contains("boot.js, did not load")),
        }
    }
}

#[test]
fn says_that_it_stopped_later() {
    let Some((_server, mut session)) = open(None, Look::default()) else { return };
    session.eval("hbBoot.fail('E_PANIC', 'index out of bounds')");
    assert_eq!(fault(&mut session), "E_PANIC");
    assert!(session.text(".fault-detail").contains("index out of bounds"));
}

#[test]
fn says_that_the_site_forbids_webassembly() {
    let strict: Override = Box::new(|path, mut reply| {
        if path == "index.html" {
            let html = String::from_utf8_lossy(&reply.body);
            reply.body = html.replace(" 'wasm-unsafe-eval'", "").into();
        }
        reply
    });
    let Some((_server, mut session)) = open(Some(strict), Look::size(800, 900)) else { return };
    assert_eq!(fault(&mut session), "E_CSP");
    assert!(session.text(".fault").contains("wasm-unsafe-eval"));
}

#[test]
fn says_that_it_was_opened_as_a_file() {
    let Some(dist) = dist() else { return };
    let Some(mut session) = session(Browser::Chromium, Look::size(800, 900)) else { return };
    session.goto(&format!("file://{}", dist.join("index.html").display()));
    session.wait_for_boot();
    assert_eq!(fault(&mut session), "E_FILE");
    assert!(session.text(".fault").contains("cargo xtask open"));
    session.screenshot("fault-file");
}

#[test]
fn its_worker_runs_the_same_program() {
    let Some((_server, mut session)) = open(None, Look::default()) else { return };
    let answer = session.eval_async(
        "await new Promise(async (resolve) => { const w = await hbBoot.worker(); \
         w.onmessage = (e) => resolve(e.data); \
         w.postMessage({ id: 7, request: { args: ['help'], files: {}, stdin: '' } }); })",
    );
    assert_eq!(answer["id"], 7, "{answer}");
    let said = |part: &str| answer["response"][part].as_str().unwrap_or_default().to_owned();
    assert!(!(said("stdout") + &said("stderr")).is_empty(), "{answer}");
    assert_eq!(session.console_errors(), Vec::<String>::new());
}
