//! What each frame costs the main thread, by Chromium's own record of its tasks.

use crate::Session;
use serde_json::Value;
use std::fmt;
use std::time::{Duration, Instant};

/// Callbacks of one frame follow each other at once; those of the next come later than this, in
/// microseconds.
const APART: f64 = 5_000.0;

/// How often the record is fetched.
const ROUND: Duration = Duration::from_secs(2);

fn number(event: &Value, key: &str) -> f64 {
    event[key].as_f64().unwrap_or(0.0)
}

/// The main thread's work in each frame: all tasks from one frame's first callback to the next's,
/// in milliseconds, ascending.
pub struct Frames {
    sorted: Vec<f64>,
    longest: f64,
}

impl Frames {
    /// Watches a page for a while; the session has to be a traced one.
    pub fn watch(s: &mut Session, time: Duration) -> Frames {
        s.run("const ask = () => requestAnimationFrame(ask); window.asking ??= (ask(), true);");
        let mut events = Vec::new();
        s.run("performance.mark('watch')");
        let begun = Instant::now();
        // The record has room for so much, and hands out what was there when it was last asked.
        while begun.elapsed() < time {
            std::thread::sleep(ROUND);
            events.extend(s.trace());
        }
        s.run("performance.mark('watched')");
        for _ in 0..2 {
            std::thread::sleep(ROUND / 4);
            events.extend(s.trace());
        }
        let at = |name: &str| events.iter().rfind(|e| e["name"] == name).map(|e| number(e, "ts"));
        let (from, to) = (at("watch").unwrap_or(f64::MAX), at("watched").unwrap_or(f64::MAX));
        events.retain(|e| (from..to).contains(&number(e, "ts")));
        Frames::of(&events)
    }

    fn of(events: &[Value]) -> Frames {
        let calls: Vec<&Value> =
            events.iter().filter(|e| e["name"] == "FireAnimationFrame").collect();
        let main = calls.first().map(|e| (&e["pid"], &e["tid"]));
        let mine = |e: &&Value| main == Some((&e["pid"], &e["tid"]));
        let mut starts: Vec<f64> = Vec::new();
        let mut all: Vec<f64> = calls.into_iter().filter(mine).map(|e| number(e, "ts")).collect();
        all.sort_by(f64::total_cmp);
        for at in all {
            if starts.last().is_none_or(|last| at - last > APART) {
                starts.push(at);
            }
        }
        let mut work = vec![0.0; starts.len()];
        let mut longest = 0.0f64;
        // A task is a frame's if it ends after the frame has begun.
        for task in events.iter().filter(mine).filter(|e| e["name"] == "RunTask") {
            let took = number(task, "dur") / 1_000.0;
            let ends = number(task, "ts") + number(task, "dur");
            if let Some(frame) = starts.partition_point(|start| *start < ends).checked_sub(1) {
                work[frame] += took;
                longest = longest.max(took);
            }
        }
        work.sort_by(f64::total_cmp);
        Frames { sorted: work, longest }
    }

    /// How many frames there were.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// So many of a hundred frames took at most this, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((last * percent).div_ceil(100)).copied().unwrap_or(f64::NAN)
    }

    /// The longest task, in milliseconds.
    pub fn longest(&self) -> f64 {
        self.longest
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, most, nearly] = [50, 95, 99].map(|percent| self.percentile(percent));
        write!(
            f,
            "{} frames: median {half:.2} ms, 95% {most:.2}, 99% {nearly:.2}, longest task {:.0} ms",
            self.count(),
            self.longest
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tasks_count_where_they_end() {
        let e = |name: &str, tid: u32, ts: u32, dur: u32| json!({ "name": name, "pid": 1, "tid": tid, "ts": ts, "dur": dur });
        let events = [
            e("RunTask", 1, 900, 2_100),
            e("FireAnimationFrame", 1, 1_000, 500),
            e("FireAnimationFrame", 1, 1_600, 200),
            e("RunTask", 1, 4_000, 1_000),
            e("RunTask", 2, 5_000, 9_000),
            e("RunTask", 1, 17_000, 4_000),
            e("FireAnimationFrame", 1, 17_500, 500),
        ];
        let frames = Frames::of(&events);
        assert_eq!(frames.sorted, [3.1, 4.0]);
        assert_eq!((frames.count(), frames.longest()), (2, 4.0));
        assert_eq!((frames.percentile(0), frames.percentile(95)), (3.1, 4.0));
    }
}
