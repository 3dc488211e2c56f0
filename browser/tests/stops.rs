//! The program stops, wherever it may: the page says so, keeps the run, and goes on from there.

use browser::{Browser, Look, Server, Session, dist, session};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
const PANEL: &str = "document.querySelector('.fault-panic')";
const STAMP: &str = "document.querySelector('.stamp')?.textContent";

/// A run at a moment of its own, with something done in it.
fn run() -> Option<(Server, Session, String)> {
    let dist = dist()?;
    let mut s = session(Browser::Chromium, Look::default())?;
    let server = Server::for_test(&dist);
    s.goto(&format!("{}#raft", server.url()));
    s.wait_for_boot();
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    if s.is("document.querySelector('[data-playing=true]')") {
        s.click("#play");
        s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    }
    s.run("document.querySelector('#stage [data-node=\"2\"]').focus()");
    s.key("c");
    s.wait_until("document.querySelector('#stage [data-node=\"2\"].crashed')", SOON);
    s.click("#step");
    s.click("#step");
    let stamp = s.eval(STAMP).as_str().unwrap_or_default().to_owned();
    Some((server, s, stamp))
}

/// Stops the program in a way, which the page has to notice by itself.
fn stop(s: &mut Session, how: &str) {
    s.run(&format!(
        "setTimeout(() => dispatchEvent(new CustomEvent('hb-rehearse', {{ detail: '{how}' }})))"
    ));
    s.wait_until(PANEL, SOON);
    assert_eq!(s.eval("document.documentElement.dataset.boot"), "failed", "{how}");
}

#[test]
fn wherever_it_stops_one_press_goes_on_from_there() {
    let Some((_server, mut s, stamp)) = run() else { return };
    for how in ["handler", "update", "frame", "timer", "promise", "memory", "stack"] {
        stop(&mut s, how);
        let said = s.text(".fault-panic");
        let words = match how {
            "memory" => "ran out of memory",
            "stack" => "The page stopped",
            _ => "a rehearsal",
        };
        assert!(said.contains(words), "{how}: {said}");
        assert!(s.is(&format!("{PANEL}.querySelectorAll('button').length == 3")), "{how}");
        assert!(
            s.is("document.activeElement.closest('.fault-panic')"),
            "{how}: the focus is there"
        );
        if how == "handler" {
            s.screenshot("stops");
        }
        // The address may be older than what was done last; the link is not.
        assert!(s.is("document.querySelector('.fault-panic a').hash.startsWith('#s=')"), "{how}");
        s.click(".fault-panic button");
        s.wait_until(&format!("!{PANEL}"), SOON);
        s.wait_for_boot();
        s.wait_until(&format!("{STAMP} == {stamp:?}"), SOON);
        assert!(s.is("document.querySelector('#stage [data-node=\"2\"].crashed')"), "{how}");
    }
}

#[test]
fn what_was_done_a_moment_ago_is_in_the_link() {
    let Some((_server, mut s, _)) = run() else { return };
    // In one breath, before the address follows.
    s.run(
        "document.querySelector('#stage [data-node=\"4\"]').focus(); \
         document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'p', bubbles: true })); \
         setTimeout(() => dispatchEvent(new CustomEvent('hb-rehearse', { detail: 'handler' })), 30);",
    );
    s.wait_until(PANEL, SOON);
    s.click(".fault-panic button");
    s.wait_until("document.querySelector('#stage [data-node=\"4\"].paused')", SOON);
}

#[test]
fn nothing_reaches_a_program_that_has_stopped() {
    let Some((_server, mut s, _)) = run() else { return };
    s.click("#play");
    s.wait_until("document.querySelector('[data-playing=true]')", SOON);
    stop(&mut s, "update");
    s.console_errors();
    s.run("window.__errors.length = 0");
    s.key("c");
    s.key("Tab");
    s.run(
        "for (const kind of ['pointerdown', 'pointerup', 'click']) \
           document.querySelector('#stage').dispatchEvent(new PointerEvent(kind, { bubbles: true })); \
         dispatchEvent(new Event('resize'));",
    );
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(s.eval("window.__errors"), serde_json::json!([]));
    assert!(s.is(&format!("{PANEL}.getBoundingClientRect().height > 100")));
    // Another address has a program of its own.
    s.run("location.hash = '#lamport'");
    s.wait_until(&format!("!{PANEL} && document.querySelector('#stage [data-node]')"), SOON);
    assert!(s.is("document.title.startsWith('Lamport')"));
}

#[test]
fn the_list_of_scenes_is_another_way_on() {
    let Some((_server, mut s, _)) = run() else { return };
    stop(&mut s, "frame");
    s.click(".fault-panic button:nth-of-type(2)");
    s.wait_until("document.querySelector('.home')", SOON);
    assert_eq!(s.eval("location.hash"), "");
    // The list stops, too: there is no run to go back to.
    s.run(
        "dispatchEvent(new ErrorEvent('error', \
         { error: new WebAssembly.RuntimeError('unreachable'), message: 'for the test' }))",
    );
    s.wait_until(PANEL, SOON);
    s.click(".fault-panic button");
    s.wait_until(&format!("!{PANEL} && document.querySelector('.home')"), SOON);
}

#[test]
fn what_is_measured_ends_with_its_page() {
    let Some(dist) = dist() else { return };
    let Some(mut s) = session(Browser::Chromium, Look::default()) else { return };
    let server = Server::for_test(&dist);
    for (scene, button) in [("pacelc", "#plane-measure"), ("eventual", "#converge-measure")] {
        s.goto(&format!("{}#{scene}/run", server.url()));
        s.wait_for_boot();
        s.wait_until("document.querySelector('#rail-sandbox')", SOON);
        s.click("#rail-sandbox");
        s.wait_until(&format!("document.querySelector('{button}')"), SOON);
        s.click(button);
        s.wait_until("document.querySelector('progress[aria-label=Measured]')", SOON);
        s.run("location.hash = '#board'");
        s.wait_until("!document.querySelector('progress[aria-label=Measured]')", SOON);
        // A timer that outlived its page would have come by now.
        s.eval_async("new Promise((done) => setTimeout(done, 200))");
        assert_eq!(s.eval("document.documentElement.dataset.boot"), "ready", "{scene}");
        assert_eq!(s.console_errors(), Vec::<String>::new(), "{scene}");
    }
}
