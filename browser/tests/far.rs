//! Links whose moment lies millions of steps ahead: the page goes on painting while the run is
//! computed, and can give it up.

use browser::{Browser, Look, Server, Session, dist, session};
use happened_before::core::config::Setup;
use happened_before::share::link::Link;
use std::time::Duration;

/// Far beyond what any frame can compute.
const FAR: u64 = 2_000_000;

fn far(scene: &str, knobs: &[(&str, i64)]) -> String {
    let knobs = knobs.iter().map(|(k, v)| (k.to_string(), *v)).collect();
    let setup = Setup { scene: scene.into(), seed: 7, knobs, ..Setup::default() };
    let link = Link { cursor: FAR, ..Link::new(setup, Vec::new()) };
    link.check().expect("a link that opens");
    link.fragment()
}

fn open() -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut s = session(Browser::Chromium, Look::default())?;
    let server = Server::for_test(&dist);
    s.goto(&server.url());
    s.wait_for_boot();
    s.run(
        "window.longest = 0; window.frames_seen = 0; \
         new PerformanceObserver(l => { for (const e of l.getEntries()) \
           window.longest = Math.max(window.longest, e.duration); }).observe({type: 'longtask'}); \
         const ask = () => { window.frames_seen += 1; requestAnimationFrame(ask); }; ask();",
    );
    Some((server, s))
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn the_page_paints_while_a_far_moment_is_computed_and_cancel_keeps_the_beginning() {
    let Some((_server, mut s)) = open() else { return };
    let links: [(&str, &[(&str, i64)]); 4] = [
        ("consistent-hashing", &[]),
        ("ranges", &[]),
        ("cap", &[("quorum.gossip", 1)]),
        ("hybrid-clock", &[("nodes", 100)]),
    ];
    for (scene, knobs) in links {
        s.run("window.longest = 0; window.frames_seen = 0");
        let link = far(scene, knobs);
        s.run(&format!("location.hash = '{link}'"));
        s.wait_until("document.getElementById('way-cancel')", seconds(30));
        s.wait_until("window.frames_seen > 60", seconds(60));
        let longest = s.eval("window.longest");
        println!("{scene}: the longest task took {longest} ms");
        assert!(s.is("document.querySelector('#way progress').value > 0"), "{scene}");
        assert!(s.is(&format!("location.hash == '{link}'")), "the address stays what it is");
        s.click("#way-cancel");
        s.wait_until("!document.getElementById('way')", seconds(30));
        assert!(s.text(".caption .notice").starts_with("Stopped at "), "{scene}");
    }
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

/// A page at ten times true speed for `HB_MINUTES` (5): what the program holds, which its memory
/// never gives back, and how many frames it gets. `HB_SCENES` names others than these.
#[test]
#[ignore = "takes minutes: `cargo xtask soak`"]
fn a_page_left_open_keeps_its_memory_and_its_frames() {
    let set = |name: &str, usual: &str| std::env::var(name).unwrap_or(usual.into());
    let minutes: u64 = set("HB_MINUTES", "5").parse().expect("minutes");
    for scene in set("HB_SCENES", "raft,lamport,hybrid-clock,ranges").split(',') {
        let Some((_server, mut s)) = open() else { return };
        let setup = Setup { scene: scene.into(), seed: 7, ..Setup::default() };
        let mut link = Link::new(setup, Vec::new());
        link.view.speed = 100;
        s.run(&format!("location.hash = '{}'", link.fragment()));
        s.wait_until("document.querySelector('#stage [data-node]')", seconds(30));
        s.wait_until("!document.getElementById('way')", seconds(30));
        s.key("Space");
        for part in 1..=2 * minutes {
            s.run("window.longest = 0; window.frames_seen = 0; window.since = performance.now()");
            std::thread::sleep(seconds(30));
            let frames = s.eval("window.frames_seen / (performance.now() - window.since) * 1000");
            let (longest, at) = (s.eval("window.longest"), s.text("#clock"));
            let bytes = s.eval("hbBoot.memory.buffer.byteLength").as_u64().unwrap_or(u64::MAX);
            println!(
                "{scene}, {} s: at {at}, {} MB, {frames} frames a second, longest task {longest} ms",
                part * 30,
                bytes >> 20,
            );
            assert!(bytes < 100_000_000, "{scene}: {bytes} bytes");
        }
    }
}

#[test]
fn a_bad_link_leaves_the_run_as_it_is() {
    let Some((_server, mut s)) = open() else { return };
    s.run("location.hash = 'raft/run'");
    s.wait_until("document.querySelector('#stage [data-node]')", seconds(30));
    s.wait_until("!document.getElementById('way')", seconds(30));
    s.key("Space");
    s.wait_until("location.hash.startsWith('#s=')", seconds(30));
    let before = s.eval("location.hash");
    s.run("location.hash = 's=1damaged'");
    s.wait_until("document.querySelector('.caption .notice')", seconds(30));
    let said = s.text(".caption .notice");
    assert!(said.ends_with("The page still shows the run that was there."), "{said}");
    assert_eq!(s.eval("location.hash"), before);
}
