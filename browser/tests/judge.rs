//! Judges in the page: the lattice lit over a run, an order placed and moved, recorded histories.

use browser::{Browser, Look, Server, Session, dist, session};
use happened_before::core::config::Setup;
use happened_before::core::session::Session as Run;
use happened_before::share::link::{Link, ViewState};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(60);

fn open(fragment: &str, look: Look, wait: &str) -> Option<(Server, Session)> {
    let folder = dist()?;
    let mut s = session(Browser::Chromium, look)?;
    let server = Server::for_test(&folder);
    s.goto(&format!("{}{fragment}", server.url()));
    s.wait_for_boot();
    s.wait_until(wait, SOON);
    Some((server, s))
}

fn quiet(s: &mut Session) {
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

fn paste(s: &mut Session, text: &str) {
    s.run(&format!(
        "document.querySelector('.import-form').open = true; \
         const e = document.querySelector('#import-text'); e.value = {}; \
         e.dispatchEvent(new Event('input', {{ bubbles: true }}));",
        serde_json::json!(text)
    ));
    s.run("document.querySelector('#import-read').click()");
}

#[test]
fn the_lattice_is_lit_and_an_order_is_placed() {
    let Some((_server, mut s)) =
        open("#leaderless/run", Look::default(), "document.querySelector('#stage [data-node]')")
    else {
        return;
    };
    s.click("#rail-prove");
    s.run("document.querySelector('#judge').open = true");
    s.wait_until(
        "document.querySelector('#judge [data-level=linearizable][data-verdict=ok]')",
        LATER,
    );
    let bars = "document.querySelectorAll('.lens.history [data-target^=\"op:\"]').length > 3";
    s.wait_until(bars, LATER);
    if s.is("document.querySelector('[data-playing=true]')") {
        s.click("#play");
        s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    }
    s.wait_until("!document.querySelector('#judge-place').disabled", LATER);
    s.run("document.querySelector('#judge-place').click()");
    s.wait_until("document.querySelector('#judge-order[data-legal=true]')", SOON);
    s.wait_until("document.querySelectorAll('.lens.history .point').length > 0", SOON);
    s.run("document.querySelector('#judge').scrollIntoView()");
    s.screenshot("judge-lattice");
    // A point dragged from one end of its bar to the other.
    s.run(
        "const bars = [...document.querySelectorAll('.lens.history [data-target^=\"op:\"]')]; \
         const at = (type, el, x) => { const r = el.getBoundingClientRect(); \
           el.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1, button: 0, \
             clientX: r.left + r.width * x, clientY: r.top + r.height / 2 })); }; \
         for (const bar of bars.slice(0, 3)) { at('pointerdown', bar, 0.1); \
           at('pointermove', bar, 0.9); at('pointerup', bar, 0.9); }",
    );
    s.wait_until("document.querySelector('#judge-order[data-legal]')", SOON);
    s.screenshot("judge-moved");
    quiet(&mut s);
}

const JEPSEN: &str = "INFO  jepsen.util - 0\t:invoke\t:write\t1\n\
    INFO  jepsen.util - 0\t:ok\t:write\t1\n\
    INFO  jepsen.util - 1\t:invoke\t:read\tnil\n\
    INFO  jepsen.util - 1\t:ok\t:read\t2\n";

#[test]
fn a_recorded_history_is_judged_and_a_broken_one_leaves_it() {
    let Some((_server, mut s)) =
        open("#import", Look::default(), "document.querySelector('#import-text')")
    else {
        return;
    };
    paste(&mut s, JEPSEN);
    s.wait_until(
        "document.querySelector('[data-level=linearizable][data-verdict=illegal]')",
        LATER,
    );
    assert!(s.is("document.querySelectorAll('.import-history .accused').length >= 1"));
    s.screenshot("history-judged");
    paste(&mut s, "[{\"process\": 0, \"type\": \"invoke\", \"f\": \"leap\", \"value\": 1}]");
    s.wait_until("document.querySelector('#history-said')", LATER);
    let said = s.text("#history-said");
    assert!(said.contains("line 1, column") && said.contains("leap"), "{said}");
    assert!(s.is("document.querySelectorAll('.import-history .accused').length >= 1"), "it stays");
    quiet(&mut s);
}

#[test]
fn the_plane_shows_what_every_configuration_costs() {
    let Some((_server, mut s)) =
        open("#pacelc/run", Look::default(), "document.querySelector('#plane-measure')")
    else {
        return;
    };
    s.click("#plane-measure");
    // Nine of R and W, two that count by regions, two logs and six primaries; each once more with a
    // region cut off.
    s.wait_until("document.querySelectorAll('#plane .figures tbody tr').length === 19", LATER);
    s.wait_until(
        "[...document.querySelectorAll('#plane .figures tr td:last-child')].every(c => c.textContent || c.closest('thead'))",
        LATER,
    );
    assert!(s.is("document.querySelectorAll('.lens .config').length >= 36"));
    assert!(s.is("document.querySelector('.lens .frontier')"));
    s.screenshot("plane");
    // A press on a name plays that configuration.
    s.run("[...document.querySelectorAll('#plane .figures button')].find(b => b.textContent === 'R3 W1').click()");
    s.wait_until("location.hash.length > 20 || document.querySelector('#plane')", SOON);
    s.wait_until("[...document.querySelectorAll('.rail input')].some(i => i.id.includes('quorum.r') && i.value === '3') || document.querySelector('.config.mine')", SOON);
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

/// The clients of a run with so many operations.
fn long_run(ops: usize) -> String {
    let knobs = [("clients", 20), ("client.interval", 20_000), ("nodes", 3)];
    let knobs = knobs.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    let setup = Setup { scene: "leaderless".into(), knobs, seed: 3, ..Setup::default() };
    let scene = happened_before::protocols::scene("leaderless").expect("in the catalogue");
    let mut run = Run::new(scene.build, setup, Vec::new()).expect("a run");
    while run.trace().ops.len() < ops {
        run.forward();
    }
    format!("#{}", Link::of(&run, ViewState::default()).fragment().trim_start_matches('#'))
}

/// Milliseconds from frame to frame while a run plays on. Run alone:
/// `cargo test -p browser --test judge -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn ten_thousand_operations_play_on() {
    for ops in [100, 10_000] {
        let link = long_run(ops);
        let there = "document.querySelector('.lens.history .op')";
        let Some((_server, mut s)) =
            open(&link, Look::default(), "document.querySelector('#play')")
        else {
            return;
        };
        s.wait_until(there, LATER);
        if !s.is("document.querySelector('[data-playing=true]')") {
            s.click("#play");
        }
        s.run(
            "window.frames=[]; let last=performance.now(); const go=()=>{ const now=performance.now(); \
             window.frames.push(now-last); last=now; requestAnimationFrame(go); }; go();",
        );
        std::thread::sleep(Duration::from_secs(6));
        let at = |s: &mut Session, share: &str| {
            s.eval(&format!(
                "[...window.frames].sort((a,b)=>a-b)[Math.floor(window.frames.length*{share})]"
            ))
        };
        let (half, most) = (at(&mut s, "0.5"), at(&mut s, "0.99"));
        let drawn = s.eval("document.querySelectorAll('.lens.history .op').length");
        println!("{ops} operations: frames of {half} ms, 99 of 100 {most} ms; {drawn} bars drawn");
    }
}
