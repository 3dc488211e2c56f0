//! The largest ring: a hundred servers at 256 places each, ten thousand keys.

use browser::{Browser, Frames, Look, Server, Session, dist, session, traced_session};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(60);
const MEASURED: Duration = Duration::from_secs(15);

/// Chooses the preset in the page; the milliseconds until the ring is drawn.
fn large(session: Option<Session>) -> Option<(Server, Session, f64)> {
    let dist = dist()?;
    let mut s = session?;
    let server = Server::for_test(&dist);
    s.goto(&format!("{}#consistent-hashing", server.url()));
    s.wait_for_boot();
    s.wait_until(
        "document.querySelector('.lenses .arc') && document.querySelector('#preset')",
        SOON,
    );
    let took = s.eval_async(
        "new Promise(done => { const e = document.querySelector('#preset'); const t = performance.now();\
         e.value = 'large'; e.dispatchEvent(new Event('change', { bubbles: true }));\
         const look = () => document.querySelector('.lenses')?.innerHTML.includes('10000')\
           ? requestAnimationFrame(() => done(performance.now() - t)) : setTimeout(look, 4); look(); })",
    );
    Some((server, s, took.as_f64().unwrap_or(f64::NAN)))
}

#[test]
fn a_hundred_servers_and_ten_thousand_keys_are_drawn() {
    let session = session(Browser::Chromium, Look::default());
    let Some((_server, mut s, _)) = large(session) else { return };
    s.wait_until("document.querySelectorAll('.lenses .arc').length === 99", LATER);
    s.screenshot("ring-large");
    assert!(s.is("document.querySelectorAll('.lenses *').length < 1500"));
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

/// Main-thread work of each frame while it plays and servers join and leave.
/// Run alone: `cargo test -p browser --test ring -- --ignored --nocapture --test-threads=1`.
#[test]
#[ignore = "a measurement"]
fn frames_of_the_largest_ring() {
    let Some((_server, mut s, opened)) = large(traced_session(Look::default())) else { return };
    println!("opened in {opened:.0} ms");
    for (name, speed) in [("1/50", -170), ("1/10", -100), ("true speed", 0)] {
        s.run(&format!(
            "const e = document.querySelector('#speed'); e.value = {speed}; \
             e.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             if (!document.querySelector('[data-playing=true]')) document.querySelector('#play').click();"
        ));
        std::thread::sleep(Duration::from_secs(2));
        println!("{name}, {}", Frames::watch(&mut s, MEASURED));
    }
}
