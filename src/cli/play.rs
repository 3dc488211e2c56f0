//! What `run`, `replay` and `export` share: a run played up to a moment, and its forms.

use super::limit::{Scales, Stop};
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::core::action::Call;
use crate::core::config::{Setup, parse_time, show_time};
use crate::core::protocol::{PropertyKind, key_name};
use crate::core::quote::quoted;
use crate::core::session::Session;
use crate::core::sorted::SortedMap;
use crate::core::trace::{OpEnd, OpLife};
use crate::core::view::{Status, What};
use crate::protocols::{Info, scene};
use crate::scene::poster::Poster;
use crate::scene::style::Theme;
use crate::scene::svg_text::standalone;
use crate::share::export::tell::tell_while;
use crate::share::link::{Link, MAX_STEP, MAX_TIME, ViewState};
use crate::stories::names::Given;
use crate::stories::verbs::{Scope, print_entry};
use serde_json::{Map, Value, json};

/// Played unless something else is asked for, in microseconds.
const DEFAULT_UNTIL: u64 = 10_000_000;
/// How much of the past a picture shows, in microseconds.
const SPAN: u64 = 1_000_000;
/// How long a run that was stopped may be told, in milliseconds.
const TELL_MS: u64 = 1_000;
/// Steps between two looks at whether the user wants to stop.
const SLICE: u64 = 1_024;

/// A file's text, or where it stops being text.
pub fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Bad> {
    std::str::from_utf8(bytes).map_err(|e| {
        let good = &bytes[..e.valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        let column = good.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        Bad(format!("{file}:{line}:{column}: this byte is not UTF-8 text"))
    })
}

/// Takes `SCENE [--preset P] [--set k=v ...] [--mutant M] [--seed N]`.
pub fn take_setup(args: &mut Args) -> Result<Setup, Bad> {
    let turned = args.settings()?;
    let preset = args.value("--preset")?.unwrap_or_default();
    let mutants = args.values("--mutant")?.into_iter().collect();
    let seed = args.number("--seed")?.unwrap_or(0);
    let id = args.need("the scene")?;
    let scene = scene(&id)?;
    let mut knobs = SortedMap::new();
    for (name, value) in turned {
        let value = scene.parse_knob(&name, &value)?;
        knobs.insert(name, value);
    }
    let setup = Setup { scene: id, preset, knobs, mutants, seed };
    (scene.build)(&setup)?;
    Ok(setup)
}

/// Where to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunGoal {
    /// At this moment, in microseconds.
    Until(u64),
    /// After this many steps.
    Steps(u64),
}

impl RunGoal {
    /// Takes `--until 5s` or `--steps N`.
    pub fn take(args: &mut Args) -> Result<Option<RunGoal>, Bad> {
        let steps = args.number("--steps")?.map(RunGoal::Steps);
        let Some(text) = args.value("--until")? else { return Ok(steps) };
        if steps.is_some() {
            return Err("--until and --steps exclude each other".into());
        }
        let time = parse_time(&text).and_then(|t| u64::try_from(t).ok());
        let time = time.filter(|t| *t <= MAX_TIME);
        let wrong = || format!("--until takes a time such as 5s or 150ms, not {}", quoted(&text));
        Ok(Some(RunGoal::Until(time.ok_or_else(wrong)?)))
    }

    /// What a link asks for: its own moment, if it has one.
    pub fn of(link: &Link) -> RunGoal {
        match (link.time, link.cursor) {
            (0, 0) => RunGoal::Until(DEFAULT_UNTIL.max(link.journal.last().map_or(0, |e| e.at))),
            (0, step) => RunGoal::Steps(step),
            (time, _) => RunGoal::Until(time),
        }
    }
}

impl Default for RunGoal {
    fn default() -> Self {
        RunGoal::Until(DEFAULT_UNTIL)
    }
}

/// A run that has been played.
pub struct Played {
    /// The run, at its goal.
    pub session: Session,
    /// Why it stopped before the goal, if it did.
    pub stopped: Option<Stop>,
    goal: RunGoal,
}

/// Plays a run up to its goal, or until the user stops it.
pub fn play(link: &Link, goal: RunGoal, host: &dyn Host) -> Result<Played, Bad> {
    link.check()?;
    let build = scene(&link.setup.scene)?.build;
    let mut session = Session::new(build, link.setup.clone(), link.journal.clone())?;
    let (until, steps) = match goal {
        RunGoal::Until(time) => (time, MAX_STEP),
        RunGoal::Steps(steps) => (u64::MAX, steps.min(MAX_STEP)),
    };
    let (mut scales, mut stopped, mut over) = (Scales::new(host), None, false);
    while stopped.is_none() && session.cursor() < steps {
        let slice = SLICE.min(steps - session.cursor());
        if until == u64::MAX {
            over = (0..slice).any(|_| session.forward().is_none());
        } else {
            over = session.advance_to(until, slice);
        }
        if over {
            break;
        }
        stopped = Stop::now(host, &mut scales);
    }
    let reached = match goal {
        RunGoal::Until(time) => session.time() >= time,
        RunGoal::Steps(steps) => session.cursor() >= steps || over,
    };
    let stopped = stopped.or(Some(Stop::Steps)).filter(|_| !reached);
    Ok(Played { stopped, session, goal })
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunForm {
    /// For a person.
    Summary,
    /// One document.
    Json,
    /// A line a step.
    Trace,
    /// What was done to it, as scripts and stories take it.
    Journal,
    /// 16 hex digits.
    Digest,
}

impl RunForm {
    /// Takes `--json`, `--trace`, `--journal` or `--digest`.
    pub fn take(args: &mut Args) -> Result<RunForm, Bad> {
        let all = [
            ("--json", RunForm::Json),
            ("--trace", RunForm::Trace),
            ("--journal", RunForm::Journal),
            ("--digest", RunForm::Digest),
        ];
        let asked: Vec<RunForm> =
            all.into_iter().filter(|(flag, _)| args.flag(flag)).map(|(_, form)| form).collect();
        match asked[..] {
            [] => Ok(RunForm::Summary),
            [one] => Ok(one),
            _ => Err("--json, --trace, --journal and --digest exclude each other".into()),
        }
    }
}

impl Played {
    /// A run that somebody else has brought to the moment of its link.
    pub fn of(session: Session, link: &Link) -> Played {
        Played { session, stopped: None, goal: RunGoal::of(link) }
    }

    /// 0, 1 if a property is broken, 2 if it stopped early.
    pub fn code(&self) -> u8 {
        match (self.session.world().broken().is_empty(), self.stopped.is_some()) {
            (false, _) => VIOLATED,
            (true, true) => UNKNOWN,
            (true, false) => HOLDS,
        }
    }

    /// The run with its moment.
    pub fn link(&self) -> Link {
        Link::of(&self.session, ViewState::default())
    }

    /// What the scene offers.
    pub fn info(&self) -> Result<Info, Bad> {
        let setup = &self.session.setup;
        Ok(scene(&setup.scene)?.info_of(&setup.preset))
    }

    /// Names of all processes.
    pub fn names(&self) -> Vec<String> {
        self.session.view().nodes.into_iter().map(|n| n.name.to_string()).collect()
    }

    /// Where and why it stopped before its goal, in a sentence.
    pub fn early(&self) -> Option<String> {
        let (step, time) = (self.session.cursor(), show_time(self.session.time() as i64));
        let words = self.stopped?.words();
        Some(format!("the run was stopped {words}: it has {step} steps and ends at {time}"))
    }

    /// Has it said that the run was stopped, where the text asked for has no place for that.
    pub fn tell_early(&self, form: RunForm, args: &mut Args) {
        if let (RunForm::Trace | RunForm::Journal | RunForm::Digest, Some(why)) =
            (form, self.early())
        {
            args.note(why);
        }
    }

    /// The text asked for.
    pub fn text(&mut self, form: RunForm, host: &dyn Host) -> Result<String, Bad> {
        Ok(match form {
            RunForm::Digest => format!("{:016x}\n", self.session.digest()),
            RunForm::Json => self.document()?.to_string() + "\n",
            RunForm::Trace => {
                let (step, time) = (self.session.cursor(), self.session.time());
                let calls = self.info()?.calls;
                // What has been played is told, unless that takes long.
                let end = host.clock_ms().saturating_add(TELL_MS);
                let mut again = || !host.cancelled() || host.clock_ms() < end;
                let verdicts = verdict_lines(&self.session, &self.info()?);
                let (text, whole) = tell_while(&mut self.session, calls, step, time, &mut again);
                if !whole {
                    self.stopped = self.stopped.or(Some(Stop::Asked));
                    return Ok(text);
                }
                text + &verdicts
            }
            RunForm::Journal => journal(&mut self.session)?,
            RunForm::Summary => self.summary()?,
        })
    }

    /// The picture of its last moment and of so much time before it, in microseconds.
    pub fn svg(&self, theme: Theme, span: u64) -> Result<String, Bad> {
        let scene = scene(&self.session.setup.scene)?;
        let (mut view, info) = (self.session.view(), self.info()?);
        // Between two steps time goes on.
        view.now = self.session.time();
        let poster = Poster {
            title: scene.title,
            view: &view,
            trace: self.session.trace(),
            layout: scene.layout,
            lenses: info.lenses,
            calls: info.calls,
            selected: None,
            span: span.min(view.now).max(1),
        };
        Ok(standalone(&poster.scene(), theme))
    }

    /// What was asked for, with the picture written where `svg` says.
    pub fn answer(&mut self, form: RunForm, svg: Option<String>, host: &dyn Host) -> Answer {
        if let Some(file) = svg {
            host.write(&file, self.svg(Theme::Light, SPAN)?.as_bytes())?;
        }
        let text = self.text(form, host)?;
        Ok((self.code(), text))
    }

    fn kinds(&self) -> SortedMap<&'static str, u64> {
        let mut kinds = SortedMap::new();
        for message in self.session.trace().messages.iter() {
            *kinds.entry(message.look.name).or_default() += 1;
        }
        kinds
    }

    /// The document of `--json`.
    pub fn document(&self) -> Result<Value, Bad> {
        let (session, view, info) = (&self.session, self.session.view(), self.info()?);
        let until = match self.goal {
            RunGoal::Until(time) => time,
            RunGoal::Steps(_) => session.time(),
        };
        let nodes = view.nodes.iter().map(|n| {
            json!({
                "id": n.id, "name": n.name, "up": n.status != Status::Crashed, "role": n.look.role,
                "durable": fields(&n.look.durable), "volatile": fields(&n.look.volatile),
            })
        });
        let ignored = session.trace().events.iter().filter_map(|e| match &e.what {
            What::Ignored { action, why } => {
                Some(json!({"step": e.step, "action": action, "why": why}))
            }
            _ => None,
        });
        let in_flight = view.messages.iter().map(|m| {
            json!({
                "from": m.id.from, "to": m.id.to, "name": m.look.name, "forged": m.forged,
                "says": session.world().said(m.id),
            })
        });
        let history = session.trace().ops.iter().enumerate();
        Ok(json!({
            "scene": session.setup.scene,
            "seed": session.setup.seed,
            "setup": session.setup,
            "journal": session.branch().journal,
            "until_us": until,
            "time_us": session.time(),
            "events": session.cursor(),
            "digest": format!("{:016x}", session.digest()),
            "messages": self.kinds(),
            "in_flight": Value::from_iter(in_flight),
            "nodes": Value::from_iter(nodes),
            "history": Value::from_iter(history.map(|(i, op)| operation(i, op, &info))),
            "verdicts": self.verdicts(&info),
            "ignored": Value::from_iter(ignored),
            "complete": self.stopped.is_none(),
            "stopped": self.early(),
            "url": self.link().fragment(),
        }))
    }

    fn verdicts(&self, info: &Info) -> Value {
        let view = self.session.view();
        let one = |(v, p): (&crate::core::view::Verdict, &crate::protocols::PropertyInfo)| {
            let violation = v.violation.as_ref();
            json!({
                "property": v.property,
                "verdict": verdict(v.violation.is_some(), v.undecided, p.kind),
                "step": violation.map(|x| x.step),
                "why": violation.map(|x| x.why.clone()),
                "checked": v.checked,
            })
        };
        Value::from_iter(view.verdicts.iter().zip(&info.properties).map(one))
    }

    fn summary(&self) -> Result<String, Bad> {
        let (session, view, info) = (&self.session, self.session.view(), self.info()?);
        let mut out = format!(
            "{} · seed {} · {} · {} steps · digest {:016x}\n",
            session.setup.scene,
            session.setup.seed,
            show_time(session.time() as i64),
            session.cursor(),
            session.digest()
        );
        if let Some(why) = self.early() {
            out.push_str(&format!("{why}\n"));
        }
        let kinds: Vec<String> = self.kinds().iter().map(|(k, n)| format!("{n} {k}")).collect();
        out.push_str(&format!("messages: {}\n", kinds.join(", ")));
        let done = session.trace().ops.iter().filter(|o| matches!(o.end, OpEnd::Ok(_))).count();
        out.push_str(&format!("operations: {done} of {} done\n", session.trace().ops.len()));
        for fact in &view.facts {
            out.push_str(&format!("{}\n", fact.text));
        }
        out.push_str(&verdict_lines(session, &info));
        out.push_str(&format!("link: {}\n", self.link().fragment()));
        Ok(out)
    }
}

/// A line for each property: whether it holds, and where and why it does not.
pub fn verdict_lines(session: &Session, info: &Info) -> String {
    let view = session.view();
    let line = |(v, p): (&crate::core::view::Verdict, &crate::protocols::PropertyInfo)| {
        let word = verdict(v.violation.is_some(), v.undecided, p.kind);
        let why = match &v.violation {
            Some(x) => format!("step {}: {}", x.step, x.why),
            None => format!("{} states checked", v.checked),
        };
        format!("{word:<9} {}: {why}\n", v.title)
    };
    view.verdicts.iter().zip(&info.properties).map(line).collect()
}

/// What was done to a run, a line each, under the command that plays it again from a script of these
/// lines.
pub fn journal(session: &mut Session) -> Result<String, Bad> {
    let setup = session.setup.clone();
    let calls = scene(&setup.scene)?.info_of(&setup.preset).calls;
    let (end, entries) = (session.cursor(), session.branch().journal.clone());
    let mut out = format!("# hb run {} --steps {end} --script FILE\n", setup_words(&setup)?);
    let given = Given::new();
    for (nth, entry) in entries.iter().enumerate() {
        if let Some(step) = session.step_of_entry(nth) {
            session.seek(step - 1);
        }
        let view = session.view();
        let scope = Scope { view: &view, given: &given, calls };
        out.push_str(&print_entry(&scope, entry));
        out.push('\n');
    }
    session.seek(end);
    Ok(out)
}

/// A setup as a command line has it.
fn setup_words(setup: &Setup) -> Result<String, Bad> {
    let scene = scene(&setup.scene)?;
    let mut words = setup.scene.clone();
    if !setup.preset.is_empty() {
        words.push_str(&format!(" --preset {}", setup.preset));
    }
    for (nth, (id, value)) in setup.knobs.iter().enumerate() {
        let before = if nth == 0 { " --set " } else { " " };
        words.push_str(&format!("{before}{id}={}", scene.show_knob(id, *value)));
    }
    for mutant in &setup.mutants {
        words.push_str(&format!(" --mutant {mutant}"));
    }
    Ok(words + &format!(" --seed {}", setup.seed))
}

fn verdict(broken: bool, undecided: bool, kind: PropertyKind) -> &'static str {
    match (broken, kind) {
        (true, _) => "violated",
        (false, PropertyKind::Safety) if !undecided => "holds",
        (false, _) => "open",
    }
}

fn fields(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect()
}

/// An operation as histories have it; its id is its place among the invocations.
fn operation(id: usize, op: &OpLife, info: &Info) -> Value {
    let call = info.calls.get(usize::from(op.call.f));
    let Call { key, value, arg, .. } = op.call;
    let answer = match &op.end {
        OpEnd::Ok(Some(text)) => scalar(text),
        _ => Value::Null,
    };
    let value = match call.map(|c| (c.value, c.arg)) {
        Some((true, true)) => json!([arg, value]),
        Some((true, false)) => json!(value),
        _ => answer.clone(),
    };
    let outcome = match &op.end {
        OpEnd::Ok(_) => "ok",
        OpEnd::Fail(_) => "fail",
        OpEnd::Unknown | OpEnd::Open => "unknown",
    };
    json!({
        "id": id,
        "process": op.process,
        "f": call.map_or("?", |c| c.name),
        "key": call.filter(|c| c.key).map(|_| key_name(key)),
        "value": value,
        "result": answer,
        "invoke_us": op.invoked,
        // Unknown outcomes never return: they may yet take effect.
        "return_us": op.ended.filter(|_| outcome != "unknown").map(|(_, at)| at),
        "outcome": outcome,
    })
}

/// A number where it is one, `null` for nil, else the text.
fn scalar(text: &str) -> Value {
    match text {
        "nil" => Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        _ => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
    }
}
