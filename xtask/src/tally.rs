//! Counts what `cargo test` says.

use std::time::Duration;

/// The sum over test programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
    /// Names of failed tests, with the test program they are in.
    pub failures: Vec<String>,
    /// Why tests were skipped, each with its test's name.
    pub skips: Vec<String>,
    /// How long each test program ran, in order.
    pub times: Vec<Duration>,
    /// How long the tests that go through all scenes worked on each, in order of appearance.
    pub scenes: Vec<(String, Duration)>,
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
        self.times.extend(other.times);
        for (scene, time) in other.scenes {
            self.scene(&scene, time);
        }
    }

    fn scene(&mut self, id: &str, time: Duration) {
        match self.scenes.iter_mut().find(|(known, _)| known == id) {
            Some((_, sum)) => *sum += time,
            None => self.scenes.push((id.to_owned(), time)),
        }
    }
}

/// Reads the output of `cargo test -- --show-output` line by line.
///
/// Rust's test harness cannot skip a test while it runs. A test that finds that it cannot run
/// prints a line that starts with `skipped:` and returns; it is counted as skipped, not as passed.
/// A test that goes through all scenes prints how long each took: `scene raft: 1250 ms`.
#[derive(Default)]
pub struct Reader {
    pub tally: Tally,
    in_successes: bool,
    test: String,
    counted: bool,
    skipped_here: u64,
}

impl Reader {
    /// Takes one line; true if it is to be shown (what passing tests print is not).
    pub fn line(&mut self, line: &str) -> bool {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.result(result);
            return true;
        }
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ => {}
        }
        if self.in_successes {
            self.printed(line);
            return false;
        }
        if let Some(name) = line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... FAILED")) {
            self.tally.failures.push(name.to_owned());
        }
        true
    }

    fn printed(&mut self, line: &str) {
        let name = line.strip_prefix("---- ").and_then(|l| l.strip_suffix(" stdout ----"));
        if let Some((scene, time)) = scene_time(line) {
            self.tally.scene(scene, time);
        } else if let Some(name) = name {
            name.clone_into(&mut self.test);
            self.counted = false;
        } else if !self.counted && says_skipped(line) {
            self.counted = true;
            self.skipped_here += 1;
            let reason = line.split_once(':').map_or(line, |(_, reason)| reason).trim();
            self.tally.skips.push(format!("{}: {reason}", self.test));
        }
    }

    fn result(&mut self, result: &str) {
        let count = |word: &str| {
            let part = result.split(['.', ';']).find_map(|p| p.trim().strip_suffix(word));
            part.and_then(|n| n.trim().parse::<u64>().ok()).unwrap_or(0)
        };
        let skipped = self.skipped_here.min(count("passed"));
        self.tally.passed += count("passed") - skipped;
        self.tally.failed += count("failed");
        self.tally.skipped += count("ignored") + skipped;
        self.skipped_here = 0;
        self.in_successes = false;
        let seconds =
            result.rsplit_once("finished in ").and_then(|(_, time)| time.strip_suffix('s'));
        let seconds = seconds.and_then(|s| s.parse().ok()).unwrap_or(0.0);
        self.tally.times.push(Duration::from_secs_f64(seconds));
    }
}

fn scene_time(line: &str) -> Option<(&str, Duration)> {
    let (scene, time) = line.strip_prefix("scene ")?.split_once(": ")?;
    let ms = time.strip_suffix(" ms")?.parse().ok()?;
    Some((scene, Duration::from_millis(ms)))
}

fn says_skipped(line: &str) -> bool {
    line.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("skipped:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 4 tests
test a ... ok
test b ... FAILED
test c ... ok
test d ... ignored

successes:

---- a stdout ----
skipped: no browser here
skipped: said twice, counted once

---- c stdout ----
said by c
scene raft: 1250 ms
scene lamport: 7 ms
scene raft: 250 ms

successes:
    a
    c

failures:

---- b stdout ----
assertion failed

failures:
    b

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn sums_results_and_takes_skipped_tests_out_of_the_passed() {
        let mut reader = Reader::default();
        let shown: Vec<&str> = OUTPUT.lines().filter(|line| reader.line(line)).collect();
        assert_eq!(
            reader.tally,
            Tally {
                passed: 6,
                failed: 1,
                skipped: 2,
                failures: vec!["b".into()],
                skips: vec!["a: no browser here".into()],
                times: vec![Duration::ZERO, Duration::from_secs(1)],
                scenes: vec![
                    ("raft".into(), Duration::from_millis(1_500)),
                    ("lamport".into(), Duration::from_millis(7)),
                ],
            }
        );
        assert!(shown.contains(&"assertion failed"));
        assert!(!shown.iter().any(|line| line.contains("said twice")));
    }
}
