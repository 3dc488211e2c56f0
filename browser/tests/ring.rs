//! The largest ring: a hundred servers at 256 places each, ten thousand keys.

use browser::{Browser, Look, Server, Session, dist, session};
use serde_json::json;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(60);
const MEASURED: Duration = Duration::from_secs(15);

/// Chooses the preset in the page; the milliseconds until the ring is drawn.
fn large() -> Option<(Server, Session, f64)> {
    let dist = dist()?;
    let mut s = session(Browser::Chromium, Look::default())?;
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
    let Some((_server, mut s, _)) = large() else { return };
    s.wait_until("document.querySelectorAll('.lenses .arc').length === 99", LATER);
    s.screenshot("ring-large");
    assert!(s.is("document.querySelectorAll('.lenses *').length < 1500"));
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

/// Main-thread work a frame while it plays and servers join and leave.
/// Run alone: `cargo test -p browser --test ring -- --ignored --nocapture --test-threads=1`.
#[test]
#[ignore = "a measurement"]
fn frames_of_the_largest_ring() {
    let Some((_server, mut s, opened)) = large() else { return };
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
        // Read as often as it answers, which is about once a frame: a reading that saw several of
        // them counts as often, one that saw none is added to the next.
        let (mut task, mut thread) = (Vec::new(), Vec::new());
        let mut before = counters(&mut s);
        let begun = Instant::now();
        while begun.elapsed() < MEASURED {
            let now = counters(&mut s);
            let frames = now[2] - before[2];
            for _ in 0..frames as usize {
                task.push((now[0] - before[0]) * 1000.0 / frames);
                thread.push((now[1] - before[1]) * 1000.0 / frames);
            }
            if frames > 0.0 {
                before = now;
            }
        }
        task.sort_by(f64::total_cmp);
        thread.sort_by(f64::total_cmp);
        let at = |all: &[f64], percent: usize| all[all.len() * percent / 100];
        println!(
            "{name}, {} frames: task {:.2} ms a frame (95%: {:.2}, 99%: {:.2}), processor {:.2} ms (95%: {:.2}), longest task {} ms, at {}",
            task.len(),
            at(&task, 50),
            at(&task, 95),
            at(&task, 99),
            at(&thread, 50),
            at(&thread, 95),
            s.eval("Math.round(window.longest)"),
            s.eval("document.querySelector('#clock')?.textContent")
        );
    }
}
