//! `hb breaker`: scripts of calls through a circuit breaker, one JSON case a line.
//!
//! A case is `{"steps": [...]}`. A step `[what, n]` acts; an object asks, and is answered with
//! the values of the fields it names (all of them if it names none).

use super::cases::{brief, each_case, field, list, object, text};
use super::{Answer, Args, Host};
use crate::algo::breaker::{
    BreakerState, GoBreaker, GoConfig, Metrics, Polly, PollyConfig, R4j, R4jConfig, RateVerdict,
    RateWindow, SECOND, Trip,
};
use crate::core::quote::quoted;
use serde_json::{Map, Value, json};

/// Most calls one step may make.
const MAX_CALLS: u64 = 1_000_000;

/// Answers each case in its own shape, with what was asked filled in.
pub fn breaker(args: &mut Args, host: &dyn Host) -> Answer {
    let preset = args.value("--preset")?;
    let preset = preset.ok_or("--preset is missing: gobreaker, resilience4j or polly")?;
    match preset.as_str() {
        "gobreaker" => each_case(args, host, |case| play(case, Go::new)),
        "resilience4j" => each_case(args, host, |case| play(case, R4jScript::new)),
        "polly" => each_case(args, host, |case| play(case, PollyScript::new)),
        other => {
            let other = quoted(other);
            Err(format!("there is no preset {other}: gobreaker, resilience4j or polly").into())
        }
    }
}

/// A breaker that a script can drive.
trait Script {
    /// Does a step and returns what its second part turned out to be, if it is an outcome.
    fn act(&mut self, now: u64, what: &str, argument: &Value) -> Result<Option<Value>, String>;
    /// All that can be asked.
    fn observe(&mut self, now: u64) -> Map<String, Value>;
}

fn play<S: Script>(
    case: &Value,
    new: impl Fn(&Map<String, Value>) -> Result<S, String>,
) -> Result<String, String> {
    let case = object(case)?;
    let mut script = new(case)?;
    let mut now = 0u64;
    let mut steps = Vec::new();
    for (i, step) in list(field(case, "steps")?, "steps")?.iter().enumerate() {
        let done = do_step(&mut script, &mut now, step).map_err(|e| format!("step {i}: {e}"))?;
        steps.push(done);
    }
    let mut out = case.clone();
    out.insert("steps".into(), Value::Array(steps));
    Ok(Value::Object(out).to_string())
}

fn do_step(script: &mut impl Script, now: &mut u64, step: &Value) -> Result<Value, String> {
    if let Value::Object(asked) = step {
        let mut seen = script.observe(*now);
        if asked.keys().any(|k| seen.contains_key(k)) {
            seen.retain(|k, _| asked.contains_key(k));
        }
        return Ok(Value::Object(seen));
    }
    let [what, argument] = list(step, "a step")?.as_slice() else {
        return Err(format!("a step is [what, n] or an object, not {}", brief(step)));
    };
    let what = text(what, "what a step does")?;
    if matches!(what, "sleep" | "wait" | "advance") {
        *now = now.saturating_add(seconds(argument)?);
        return Ok(step.clone());
    }
    let outcome = script.act(*now, what, argument)?;
    Ok(json!([what, outcome.unwrap_or_else(|| argument.clone())]))
}

/// Decimal seconds as microseconds.
fn seconds(value: &Value) -> Result<u64, String> {
    let bad = || format!("expected seconds, such as 1 or 0.5, not {}", brief(value));
    let text = value.as_number().ok_or_else(bad)?.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{part:0<6}");
    let micros = digits.get(..6).ok_or_else(bad)?.parse::<u64>().map_err(|_| bad())?;
    let whole = whole.parse::<u64>().ok().and_then(|s| s.checked_mul(SECOND)).ok_or_else(bad)?;
    whole.checked_add(micros).ok_or_else(bad)
}

fn times(argument: &Value) -> Result<u64, String> {
    let n = argument.as_u64().filter(|n| *n <= MAX_CALLS);
    n.ok_or_else(|| format!("expected a number of calls to {MAX_CALLS}, not {}", brief(argument)))
}

fn unknown(what: &str, known: &str) -> String {
    format!("there is no step {}: it is {known} or sleep", quoted(what))
}

/// `part / whole` of a hundred as JSON, with at most six decimals.
fn percent(part: u32, whole: u32) -> Value {
    let millionths = u64::from(part) * 100 * SECOND / u64::from(whole.max(1));
    if millionths.is_multiple_of(SECOND) {
        return json!(millionths / SECOND);
    }
    let text = format!("{}.{:06}", millionths / SECOND, millionths % SECOND);
    serde_json::from_str(text.trim_end_matches('0')).unwrap_or(Value::Null)
}

// --- gobreaker ---

struct Go {
    breaker: GoBreaker,
    /// Calls under way: their generations, oldest first.
    slow: Vec<u64>,
}

impl Go {
    fn new(case: &Map<String, Value>) -> Result<Self, String> {
        let config = match case.get("config").and_then(Value::as_str).unwrap_or("default") {
            "default" => GoConfig::default(),
            "custom" => GoConfig {
                max_requests: 3,
                interval: 30 * SECOND,
                timeout: 90 * SECOND,
                trip: Trip::Share { requests: 3, ppm: 600_000 },
            },
            other => return Err(format!("config is \"default\" or \"custom\", not \"{other}\"")),
        };
        Ok(Go { breaker: GoBreaker::new(config, 0), slow: Vec::new() })
    }

    /// Makes one call; true if it passed.
    fn call(&mut self, now: u64, success: bool) -> bool {
        let passed = self.breaker.before(now);
        passed.map(|generation| self.breaker.after(now, generation, success)).is_ok()
    }
}

impl Script for Go {
    fn act(&mut self, now: u64, what: &str, argument: &Value) -> Result<Option<Value>, String> {
        if what == "reject" {
            let passed = self.call(now, argument == "ok");
            return Ok(passed.then(|| json!("passed")));
        }
        for _ in 0..times(argument)? {
            match what {
                "ok" => drop(self.call(now, true)),
                "fail" => drop(self.call(now, false)),
                "okfail" => drop((self.call(now, true), self.call(now, false))),
                "begin-slow-ok" | "begin-slow-fail" => {
                    let generation = self.breaker.before(now);
                    self.slow.push(generation.map_err(|_| "the breaker refuses the call")?);
                }
                "finish-slow-ok" | "finish-slow-fail" => {
                    let none = "no slow call is under way";
                    let at = (!self.slow.is_empty()).then_some(0).ok_or(none)?;
                    let generation = self.slow.remove(at);
                    self.breaker.after(now, generation, what == "finish-slow-ok");
                }
                _ => {
                    let known = "ok, fail, okfail, reject, begin-slow-ok, finish-slow-ok";
                    return Err(unknown(what, known));
                }
            }
        }
        Ok(None)
    }

    fn observe(&mut self, now: u64) -> Map<String, Value> {
        let name = |state| match state {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
        };
        let state = self.breaker.state(now);
        let c = self.breaker.counts();
        let counts = json!([
            c.requests,
            c.successes,
            c.failures,
            c.consecutive_successes,
            c.consecutive_failures
        ]);
        let transition = self.breaker.last_transition().map(|(a, b)| json!([name(a), name(b)]));
        Map::from_iter([
            ("state".to_string(), json!(name(state))),
            ("counts".to_string(), counts),
            ("transition".to_string(), transition.unwrap_or(Value::Null)),
        ])
    }
}

// --- resilience4j ---

enum R4jScript {
    /// A case with a `window`: the metrics alone.
    Window(R4jConfig, Box<Metrics>),
    Machine(Box<R4j>),
}

impl R4jScript {
    /// Without a window: 5 seconds, at least 5 calls, slow over 4 seconds from half of the calls
    /// on, 5 seconds open, 4 calls half-open, as in the library's own test of the state machine.
    fn new(case: &Map<String, Value>) -> Result<Self, String> {
        let Some(window) = case.get("window") else {
            let config = R4jConfig {
                window: RateWindow::Time(5),
                minimum_calls: 5,
                slow_ppm: 500_000,
                slow_duration: 4 * SECOND,
                wait_open: 5 * SECOND,
                permitted_half_open: 4,
                ..R4jConfig::default()
            };
            return Ok(R4jScript::Machine(Box::new(R4j::new(config))));
        };
        let bad =
            || format!("window is [\"count\" or \"time\", size, minimum], not {}", brief(window));
        let [kind, size, minimum] = list(window, "window")?.as_slice() else { return Err(bad()) };
        let small =
            |v: &Value| v.as_u64().filter(|n| (1..=MAX_CALLS).contains(n)).map(|n| n as u32);
        let (size, minimum_calls) = (small(size).ok_or_else(bad)?, small(minimum).ok_or_else(bad)?);
        let window = match kind.as_str() {
            Some("count") => RateWindow::Count(size),
            Some("time") => RateWindow::Time(size),
            _ => return Err(bad()),
        };
        let config = R4jConfig { window, minimum_calls, ..R4jConfig::default() };
        Ok(R4jScript::Window(config, Box::new(Metrics::new(&config, window))))
    }
}

/// How long a call such as `err-slow5s` or `ok-100ms` took.
fn duration(suffix: &str) -> Option<u64> {
    let suffix = suffix.strip_prefix("slow").unwrap_or(suffix);
    let (digits, unit) = match suffix.strip_suffix("ms") {
        Some(digits) => (digits, 1000),
        None => (suffix.strip_suffix('s')?, SECOND),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

impl Script for R4jScript {
    fn act(&mut self, now: u64, what: &str, argument: &Value) -> Result<Option<Value>, String> {
        if let (R4jScript::Machine(breaker), "acquire") = (&mut *self, what) {
            return Ok(Some(json!(breaker.acquire(now).is_ok())));
        }
        let (kind, suffix) = what.split_once('-').unwrap_or((what, "0ms"));
        let took = duration(suffix).filter(|_| matches!(kind, "ok" | "err" | "notpermitted"));
        let took = took
            .ok_or_else(|| unknown(what, "ok, err, ok-100ms, err-slow5s, notpermitted, acquire"))?;
        for _ in 0..times(argument)? {
            match self {
                R4jScript::Machine(breaker) if kind == "notpermitted" => breaker.metrics().refuse(),
                R4jScript::Machine(breaker) => breaker.report(now, took, kind == "err"),
                R4jScript::Window(_, metrics) if kind == "notpermitted" => metrics.refuse(),
                R4jScript::Window(config, metrics) => {
                    metrics.record(now, kind == "err", took > config.slow_duration);
                }
            }
        }
        Ok(None)
    }

    fn observe(&mut self, now: u64) -> Map<String, Value> {
        let mut seen = Map::new();
        if let R4jScript::Machine(breaker) = self {
            let state = match breaker.state() {
                BreakerState::Closed => "CLOSED",
                BreakerState::Open => "OPEN",
                BreakerState::HalfOpen => "HALF_OPEN",
            };
            seen.insert("state".into(), json!(state));
        }
        let metrics = match self {
            R4jScript::Machine(breaker) => breaker.metrics(),
            R4jScript::Window(_, metrics) => metrics,
        };
        let (calls, rated) = (metrics.snapshot(now), metrics.has_rate(now));
        let rate = |part| if rated { percent(part, calls.buffered) } else { json!(-1) };
        let ok = calls.buffered - calls.failed;
        let result = match metrics.verdict(now) {
            RateVerdict::BelowMinimum => "BELOW_MINIMUM",
            RateVerdict::BelowThresholds => "BELOW_THRESHOLDS",
            RateVerdict::Exceeded => "EXCEEDED",
        };
        let refused = metrics.not_permitted();
        let m = json!([rate(calls.failed), ok, calls.buffered, calls.failed, refused]);
        seen.extend([
            ("buffered".to_string(), json!(calls.buffered)),
            ("failed".to_string(), json!(calls.failed)),
            ("ok".to_string(), json!(ok)),
            ("slow".to_string(), json!(calls.slow)),
            ("notPermitted".to_string(), json!(refused)),
            ("failureRate".to_string(), rate(calls.failed)),
            ("slowRate".to_string(), rate(calls.slow)),
            ("result".to_string(), json!(result)),
            ("m".to_string(), m),
        ]);
        seen
    }
}

// --- polly ---

struct PollyScript {
    breaker: Polly,
    refused: u64,
}

impl PollyScript {
    /// Polly's defaults, unless the case names others: `FailureRatio`, `MinimumThroughput`,
    /// `SamplingDuration_s`, `BreakDuration_s`.
    fn new(case: &Map<String, Value>) -> Result<Self, String> {
        let mut config = PollyConfig::default();
        let empty = Map::new();
        let given = case.get("config").and_then(Value::as_object).unwrap_or(&empty);
        let micros = |name: &str, default: u64| given.get(name).map_or(Ok(default), seconds);
        // A ratio has the form of a number of seconds: its millionths are wanted too.
        config.failure_ppm = u32::try_from(micros("FailureRatio", config.failure_ppm.into())?)
            .ok()
            .filter(|ppm| *ppm <= 1_000_000)
            .ok_or("FailureRatio is at most 1")?;
        config.sampling = micros("SamplingDuration_s", config.sampling)?.max(1);
        config.break_duration = micros("BreakDuration_s", config.break_duration)?;
        if let Some(throughput) = given.get("MinimumThroughput") {
            config.minimum_throughput = times(throughput)? as u32;
        }
        Ok(PollyScript { breaker: Polly::new(config), refused: 0 })
    }
}

impl Script for PollyScript {
    fn act(&mut self, now: u64, what: &str, argument: &Value) -> Result<Option<Value>, String> {
        match what {
            "reject" | "acquire" => {
                let passed = self.breaker.acquire(now).is_ok();
                let outcome = if what == "acquire" { json!(passed) } else { json!("passed") };
                return Ok((what == "acquire" || passed).then_some(outcome));
            }
            "isolate" => self.breaker.isolate(),
            "reset" => self.breaker.reset(),
            "finish-ok" | "finish-fail" => self.breaker.report(now, what == "finish-fail"),
            "ok" | "fail" | "err" => {
                for _ in 0..times(argument)? {
                    match self.breaker.acquire(now) {
                        Ok(()) => self.breaker.report(now, what != "ok"),
                        Err(_) => self.refused += 1,
                    }
                }
            }
            _ => {
                let known = "ok, fail, acquire, finish-ok, finish-fail, reject, isolate, reset";
                return Err(unknown(what, known));
            }
        }
        Ok(None)
    }

    fn observe(&mut self, now: u64) -> Map<String, Value> {
        let state = match self.breaker.state() {
            _ if self.breaker.is_isolated() => "Isolated",
            BreakerState::Closed => "Closed",
            BreakerState::Open => "Open",
            BreakerState::HalfOpen => "HalfOpen",
        };
        let (calls, failures) = self.breaker.sampled(now);
        Map::from_iter([
            ("state".to_string(), json!(state)),
            ("throughput".to_string(), json!(calls)),
            ("failures".to_string(), json!(failures)),
            ("refused".to_string(), json!(self.refused)),
        ])
    }
}
