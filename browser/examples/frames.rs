//! What a frame costs: `cargo run -p browser --example frames` opens the production build, lets
//! scenes play and prints the main thread's work a frame. Words after `--` choose the scenes whose
//! names hold one of them.
//!
//! Chromium's own counters are read four times a second; a figure is the median (and the 95th
//! percentile) of those windows' means. `task` and `script` are time on the clock, so they grow
//! where other programs want the processor; `processor` is what the main thread used of it.

use browser::{Browser, Look, Server, Session, dist, session};
use serde_json::json;
use std::time::Duration;

const WINDOW: Duration = Duration::from_millis(250);
const WINDOWS: usize = 40;

/// Seconds of tasks, of script, of the main thread's processor time, and frames drawn.
fn counters(s: &mut Session) -> [f64; 4] {
    let all = s.cdp("Performance.getMetrics", json!({}));
    let metric = |name: &str| {
        let found = all["metrics"].as_array().into_iter().flatten().find(|m| m["name"] == name);
        found.and_then(|m| m["value"].as_f64()).unwrap_or(f64::NAN)
    };
    let (task, script) = (metric("TaskDuration"), metric("ScriptDuration"));
    let drawn = s.eval("window.frames_drawn").as_f64().unwrap_or(f64::NAN);
    [task, script, metric("ThreadTime"), drawn]
}

fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

fn measure(s: &mut Session, name: &str) {
    s.run(
        "window.frames_drawn = 0; window.longest = 0; \
         const count = () => { window.frames_drawn++; requestAnimationFrame(count); }; count(); \
         new PerformanceObserver(l => { for (const e of l.getEntries()) \
         window.longest = Math.max(window.longest, e.duration); }).observe({ type: 'longtask' });",
    );
    s.cdp("Performance.enable", json!({}));
    std::thread::sleep(Duration::from_secs(2));
    let mut all = [Vec::new(), Vec::new(), Vec::new()];
    let mut before = counters(s);
    let begun = std::time::Instant::now();
    let first = before[3];
    for _ in 0..WINDOWS {
        std::thread::sleep(WINDOW);
        let now = counters(s);
        let frames = (now[3] - before[3]).max(1.0);
        for (i, list) in all.iter_mut().enumerate() {
            list.push((now[i] - before[i]) * 1000.0 / frames);
        }
        before = now;
    }
    let rate = (before[3] - first) / begun.elapsed().as_secs_f64();
    let mut line = format!("{name:<34}");
    for (list, what) in all.iter_mut().zip(["task", "script", "processor"]) {
        list.sort_by(f64::total_cmp);
        line += &format!(" {what} {:.2} ms (95%: {:.2})", at(list, 0.5), at(list, 0.95));
    }
    println!("{line} {rate:.0} frames/s, longest task {} ms", s.eval("Math.round(longest)"));
}

fn main() {
    let Some(dist) = dist() else { return };
    let server = Server::for_test(&dist);
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w));
    for (name, fragment, speed) in [
        ("five servers, 1/50", "#raft", None),
        ("five servers, 1/10", "#raft", Some(-100)),
        ("five servers, true speed", "#raft", Some(0)),
        ("three processes, 1/50", "#lamport", None),
    ] {
        if !is_wanted(name) {
            continue;
        }
        let Some(mut s) = session(Browser::Chromium, Look::default()) else { return };
        s.goto(&format!("{}{fragment}", server.url()));
        s.wait_for_boot();
        s.wait_until("document.querySelector('[data-playing=true]')", Duration::from_secs(10));
        if let Some(speed) = speed {
            set_speed(&mut s, speed);
        }
        measure(&mut s, name);
    }
    if is_wanted("25 servers") {
        crowd(&server);
    }
}

fn set_speed(s: &mut Session, speed: i32) {
    s.run(&format!(
        "const e = document.querySelector('#speed'); e.value = '{speed}'; \
         e.dispatchEvent(new Event('input', {{ bubbles: true }}));"
    ));
}

/// Twenty-five servers on a slow network: about 150 messages on their way.
fn crowd(server: &Server) {
    let Some(mut s) = session(Browser::Chromium, Look::default()) else { return };
    s.goto(&format!("{}#raft", server.url()));
    s.wait_for_boot();
    s.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    for (knob, value) in [
        ("nodes", "25"),
        ("clients", "8"),
        ("net.low", "40ms"),
        ("net.high", "60ms"),
        ("raft.election-low", "500ms"),
        ("raft.election-high", "900ms"),
    ] {
        s.run(&format!(
            "const e = document.querySelector('[data-knob=\"{knob}\"]'); e.value = '{value}'; \
             e.dispatchEvent(new Event('change', {{ bubbles: true }}));"
        ));
        std::thread::sleep(Duration::from_millis(300));
    }
    s.click("#next");
    s.click("#next");
    s.click("#next");
    s.click("#play");
    std::thread::sleep(Duration::from_secs(6));
    let flying = s.eval("document.querySelectorAll('#stage .message').length");
    measure(&mut s, &format!("25 servers, {flying} in flight, 1/50"));
    s.screenshot("frames-crowd");
}
