//! Scenes on demand: each is fetched when it is opened, once; one that does not come is told.

use browser::{Browser, Look, Override, Reply, Server, Session, dist, session};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn open(change: Option<Override>, fragment: &str) -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut session = session(Browser::Chromium, Look::default())?;
    let server = match change {
        Some(change) => Server::with(&dist, change),
        None => Server::for_test(&dist),
    };
    session.goto(&format!("{}{fragment}", server.url()));
    session.wait_for_boot();
    Some((server, session))
}

/// The scenes whose own files were fetched, in order, as often as they were.
fn fetched(s: &mut Session) -> Vec<String> {
    let names = s.eval(
        "performance.getEntriesByType('resource').map(e => e.name.split('/').pop()) \
         .filter(n => /^scene-.*[.]wasm$/.test(n)).map(n => n.replace(/^scene-(.*)-[0-9a-f]+[.]wasm$/, '$1'))",
    );
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    names.as_array().into_iter().flatten().map(text).collect()
}

fn shows(s: &mut Session, id: &str, title: &str) {
    s.run(&format!("location.hash = '#{id}'"));
    let wanted = format!(
        "document.title.startsWith({title:?}) && document.querySelector('#stage [data-node]')"
    );
    s.wait_until(&wanted, SOON);
}

#[test]
fn a_scene_is_fetched_when_it_is_opened_and_only_then() {
    let Some((_server, mut s)) = open(None, "") else { return };
    s.wait_until("document.querySelectorAll('.mini svg').length > 10", SOON);
    assert_eq!(fetched(&mut s), Vec::<String>::new(), "the list of scenes needs none of them");
    shows(&mut s, "lamport", "Lamport");
    assert_eq!(fetched(&mut s), ["lamport"]);
    shows(&mut s, "raft", "Raft");
    assert_eq!(fetched(&mut s), ["lamport", "raft"]);
    let parts =
        "performance.getEntriesByType('resource').filter(e => e.name.includes('/part-')).length";
    s.wait_until(&format!("{parts} > 4"), SOON);
    // What has come is there without the server.
    let offline = serde_json::json!({
        "offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
    });
    s.cdp("Network.enable", serde_json::json!({}));
    s.cdp("Network.emulateNetworkConditions", offline);
    shows(&mut s, "lamport", "Lamport");
    shows(&mut s, "raft", "Raft");
    s.click("#help-open");
    s.wait_until("document.querySelector('#help-close')", SOON);
    assert_eq!(fetched(&mut s), ["lamport", "raft"]);
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

#[test]
fn a_scene_that_does_not_come_is_told_and_can_be_asked_for_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let gone: Override = {
        let broken = Arc::clone(&broken);
        Box::new(move |path, reply| {
            match path.starts_with("scene-lamport-") && broken.load(Ordering::Relaxed) {
                true => {
                    Reply { status: 404, mime: "text/plain".into(), body: b"not here".to_vec() }
                }
                false => reply,
            }
        })
    };
    let Some((_server, mut s)) = open(Some(gone), "#lamport") else { return };
    s.wait_until("document.querySelector('#fetching [role=alert]')", SOON);
    let said = s.text("#fetching [role=alert]");
    assert!(said.contains("could not be fetched") && said.ends_with('.'), "{said}");
    s.click("#fetch-again");
    s.wait_until("document.querySelector('#fetching [role=alert]')", SOON);
    broken.store(false, Ordering::Relaxed);
    s.click("#fetch-again");
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
}

#[test]
fn a_part_of_the_page_that_does_not_come_is_told_and_can_be_asked_for_again() {
    let broken = Arc::new(AtomicBool::new(true));
    let gone: Override = {
        let broken = Arc::clone(&broken);
        Box::new(move |path, reply| {
            match path.starts_with("part-board-") && broken.load(Ordering::Relaxed) {
                true => Reply { status: 404, mime: "text/plain".into(), body: Vec::new() },
                false => reply,
            }
        })
    };
    let Some((_server, mut s)) = open(Some(gone), "#board") else { return };
    s.wait_until("document.querySelector('.fetching[role=alert]')", SOON);
    let said = s.text(".fetching p");
    assert_eq!(
        said, "The blackboard could not be fetched: check the connection, then try again.",
        "{said}"
    );
    broken.store(false, Ordering::Relaxed);
    s.click(".fetching button");
    s.wait_until("document.querySelector('main svg')", SOON);
    assert!(!s.is("document.querySelector('.fetching')"));
}

#[test]
fn a_type_that_the_server_gets_wrong_does_no_harm_to_a_scene() {
    let octets: Override = Box::new(|path, reply| match path.ends_with(".wasm") {
        true => Reply { mime: "application/octet-stream".into(), ..reply },
        false => reply,
    });
    let Some((_server, mut s)) = open(Some(octets), "#raft") else { return };
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
}

/// Every scene's files fit together with the program.
#[test]
fn every_scene_opens() {
    let Some((_server, mut s)) = open(None, "") else { return };
    for entry in happened_before::protocols::INDEX {
        shows(&mut s, entry.id, entry.title);
    }
    assert_eq!(s.console_errors(), Vec::<String>::new());
}
