//! The largest ring: a hundred servers at 256 places each, ten thousand keys.

use browser::{Browser, Frames, Look, Server, Session, dist, session, traced_session};
use serde_json::json;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(60);
const MEASURED: Duration = Duration::from_secs(15);

/// Chooses the preset in the page; the milliseconds until the ring is drawn.
fn large(session: Option<Session>) -> Option<(Server, Session, f64)> {
    let dist = dist()?;
    let mut s = session?;
    let server = Server::for_test(&dist);
    s.goto(&format!("{}#consistent-hashing/run", server.url()));
    s.wait_for_boot();
    s.wait_until(
        "document.querySelector('.main-picture .arc') && document.querySelector('#preset')",
        SOON,
    );
    let took = s.eval_async(
        "new Promise(done => { const e = document.querySelector('#preset'); const t = performance.now();\
         e.value = 'large'; e.dispatchEvent(new Event('change', { bubbles: true }));\
         const look = () => document.querySelector('.main-picture')?.innerHTML.includes('10000')\
           ? requestAnimationFrame(() => done(performance.now() - t)) : setTimeout(look, 4); look(); })",
    );
    Some((server, s, took.as_f64().unwrap_or(f64::NAN)))
}

#[test]
fn a_hundred_servers_and_ten_thousand_keys_are_drawn() {
    let session = session(Browser::Chromium, Look::default());
    let Some((_server, mut s, _)) = large(session) else { return };
    s.wait_until("document.querySelectorAll('.main-picture .arc').length === 99", LATER);
    s.screenshot("ring-large");
    assert!(s.is("document.querySelectorAll('.main-picture *').length < 1500"));
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

/// Main-thread work a frame, in windows of a quarter of a second, while it plays and a server joins: by counters, which cost
/// next to nothing, where the record of each frame takes its share of the machine.
/// Run alone: `cargo test -p browser --test ring -- --ignored --nocapture --test-threads=1`.
#[test]
#[ignore = "a measurement"]
fn means_of_the_largest_ring() {
    let session = session(Browser::Chromium, Look::default());
    let Some((_server, mut s, opened)) = large(session) else { return };
    println!("opened in {opened:.0} ms");
    for (name, speed) in [("1/50", -170), ("1/10", -100), ("true speed", 0)] {
        s.run(&format!(
            "const e = document.querySelector('#speed'); e.value = {speed}; \
             e.dispatchEvent(new Event('input', {{ bubbles: true }})); \
             if (!document.querySelector('[data-playing=true]')) document.querySelector('#play').click(); \
             window.drawn = 0; window.longest = 0; window.going = {name:?}; \
             const count = () => {{ if (window.going !== {name:?}) return; window.drawn++; requestAnimationFrame(count); }}; count(); \
             new PerformanceObserver(l => {{ for (const e of l.getEntries()) \
             window.longest = Math.max(window.longest, e.duration); }}).observe({{ type: 'longtask' }});"
        ));
        s.cdp("Performance.enable", json!({}));
        std::thread::sleep(Duration::from_secs(2));
        let counters = |s: &mut Session| {
            let all = s.cdp("Performance.getMetrics", json!({}));
            let metric = |name: &str| {
                let found = all["metrics"].as_array().into_iter().flatten();
                let one = { found }.find(|m| m["name"] == name);
                one.and_then(|m| m["value"].as_f64()).unwrap_or(f64::NAN)
            };
            let drawn = s.eval("window.drawn").as_f64().unwrap_or(f64::NAN);
            [metric("TaskDuration"), metric("ThreadTime"), drawn]
        };
        let (mut task, mut thread) = (Vec::new(), Vec::new());
        let mut before = counters(&mut s);
        for _ in 0..40 {
            std::thread::sleep(Duration::from_millis(250));
            let now = counters(&mut s);
            let frames = (now[2] - before[2]).max(1.0);
            task.push((now[0] - before[0]) * 1000.0 / frames);
            thread.push((now[1] - before[1]) * 1000.0 / frames);
            before = now;
        }
        task.sort_by(f64::total_cmp);
        thread.sort_by(f64::total_cmp);
        println!(
            "{name}: task {:.2} ms a frame (95%: {:.2}), processor {:.2} ms (95%: {:.2}), longest task {} ms, at {}",
            task[20],
            task[37],
            thread[20],
            thread[37],
            s.eval("Math.round(window.longest)"),
            s.eval("document.querySelector('#clock')?.textContent")
        );
    }
}
