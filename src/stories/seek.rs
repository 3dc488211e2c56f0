//! Where to go in a run, in words: `next leader change`, `next violation`, `node 3 applies index 5`,
//! a rule's name, a time, a step, or any [`Condition`].

use super::condition::Condition;
use super::moment::Moment;
use super::names::{Given, leader, node};
use crate::core::config::parse_time;
use crate::core::ids::NodeId;
use crate::core::session::Session;
use crate::core::view::WorldView;
use crate::protocols::Info;

/// Where to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeekGoal {
    /// To a time, in microseconds.
    Time(u64),
    /// To a step.
    Step(u64),
    /// Until somebody else leads.
    LeaderChange,
    /// Until a property is broken for the first time.
    Violation,
    /// Until a condition holds.
    Until(Condition),
}

/// How a search for a moment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// The cursor is there.
    Found,
    /// It held before the first step: the cursor has not moved.
    Already,
    /// Not within the time looked at: the cursor has not moved.
    NotSoon,
}

/// Virtual time that is looked at, in microseconds.
pub const HORIZON: u64 = 60_000_000;
/// Steps that are looked at.
const MOST_STEPS: u64 = 60_000;

const EXAMPLES: &str = "try 'next leader change', 'next violation', 'S1 crashed' or a time";

/// Reads a goal in a run of a scene with this `info`, or says in one sentence what could be said
/// instead.
pub fn read(session: &Session, info: &Info, text: &str) -> Result<SeekGoal, String> {
    let (view, landmarks) = (&session.view(), info.landmarks);
    let text = text.trim().trim_start_matches("until ").trim();
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = match words[..] {
        ["next", ..] => &words[1..],
        _ => &words[..],
    };
    let (words, rest) = numbered(view, words);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(rest.iter().copied()).collect();
    let condition = match words[..] {
        [] => return Err("say what to wait for, such as 'next leader change'".into()),
        ["leader", "change"] | ["leader"] => return Ok(SeekGoal::LeaderChange),
        ["violation"] => return Ok(SeekGoal::Violation),
        ["step", n] if n.parse::<u64>().is_ok() => {
            return Ok(SeekGoal::Step(n.parse().unwrap_or(0)));
        }
        ["loss"] | ["lost", "message"] => "lost".into(),
        [who, "crashes"] => format!("{who} crashed"),
        [who, "restarts"] => format!("{who} up"),
        [who, verb @ ("applies" | "commits"), "index", n]
        | [who, verb @ ("applies" | "commits"), n] => {
            let field = counter(view, who, verb)?;
            format!("{who}.{field} >= {n}")
        }
        ["operation", end @ ("ok" | "fail" | "unknown")] => format!("op {end}"),
        [rule] if landmarks.contains(&rule) => format!("rule {rule}"),
        [rule, "of", who] | [who, rule] if landmarks.contains(&rule) => {
            format!("rule {rule} {who}")
        }
        [time] if time.starts_with(|c: char| c.is_ascii_digit()) && parse_time(time).is_some() => {
            return Ok(SeekGoal::Time(parse_time(time).unwrap_or(0).unsigned_abs()));
        }
        _ => words.join(" "),
    };
    // What cannot come says so at once, not after a minute.
    let condition = Condition::read(&condition).map_err(|why| format!("{why}; {EXAMPLES}"))?;
    let properties: Vec<&str> = info.properties.iter().map(|p| p.id).collect();
    condition.check_ids(info.facts, &properties)?;
    condition.check(&Moment::of(session, &Given::new(), session.time()))?;
    Ok(SeekGoal::Until(condition))
}

/// `node 3` is the third process, by whatever name.
fn numbered<'a>(view: &WorldView, words: &'a [&'a str]) -> (Vec<String>, &'a [&'a str]) {
    if let ["node" | "server", n, rest @ ..] = words
        && let Some(node) = n.parse::<usize>().ok().and_then(|n| view.nodes.get(n.checked_sub(1)?))
    {
        return (vec![node.name.to_string()], rest);
    }
    (Vec::new(), words)
}

/// The field that counts what a node has applied or committed.
fn counter(view: &WorldView, who: &str, verb: &str) -> Result<&'static str, String> {
    let node = &view.nodes[node(view, &Given::new(), who)?.at()];
    let names: &[&str] = match verb {
        "applies" => &["lastApplied", "applied", "commitIndex"],
        _ => &["commitIndex", "committed"],
    };
    let has =
        |name: &str| node.look.durable.iter().chain(&node.look.volatile).any(|(k, _)| k == name);
    let found = names.iter().copied().find(|name| has(name));
    found.ok_or_else(|| format!("{who} does not say what it {verb}"))
}

/// Phrases that make sense here, the most useful first.
pub fn phrases(view: &WorldView, landmarks: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    if leader(view).is_some() || landmarks.iter().any(|l| l.contains("Leader")) {
        all.push("next leader change".to_string());
    }
    all.push("next violation".into());
    all.extend(landmarks.iter().map(|rule| format!("next {rule}")));
    all.push("next loss".into());
    all.extend(["operation ok", "operation unknown"].map(String::from));
    for node in &view.nodes {
        for verb in ["applies", "commits"] {
            if let Ok(field) = counter(view, &node.name, verb) {
                let known = node.look.durable.iter().chain(&node.look.volatile);
                let now = known
                    .clone()
                    .find(|(k, _)| k == field)
                    .and_then(|(_, v)| v.parse::<u64>().ok());
                all.push(format!("{} {verb} index {}", node.name, now.unwrap_or(0) + 1));
            }
        }
    }
    all.extend(view.nodes.iter().map(|n| format!("{} crashes", n.name)));
    all
}

/// A search for a moment, to be gone on with in slices.
pub struct MomentSearch {
    goal: SeekGoal,
    given: Given,
    /// Who led when it began, and when that was.
    leader: Option<NodeId>,
    time: u64,
    /// Steps that it may still take.
    left: u64,
    looked: bool,
}

impl MomentSearch {
    /// A search from the cursor on.
    pub fn new(session: &Session, goal: SeekGoal) -> MomentSearch {
        let (given, leader) = (Given::new(), leader(&session.view()));
        MomentSearch { goal, given, leader, time: session.time(), left: MOST_STEPS, looked: false }
    }

    /// Goes on by so many steps at most; what has come of it once it has ended. Where it ends in
    /// vain the cursor stays where the search has got to.
    ///
    /// # Errors
    /// One sentence where a condition speaks of what is not there.
    pub fn slice(&mut self, session: &mut Session, most: u64) -> Result<Option<Sought>, String> {
        let condition = match &self.goal {
            SeekGoal::Time(at) => {
                session.seek_time((*at).min(self.time + 10 * HORIZON));
                return Ok(Some(Sought::Found));
            }
            SeekGoal::Step(to) => {
                session.seek((*to).min(session.cursor() + MOST_STEPS));
                let there = session.cursor() == *to;
                return Ok(Some(if there { Sought::Found } else { Sought::NotSoon }));
            }
            SeekGoal::LeaderChange | SeekGoal::Violation => None,
            SeekGoal::Until(condition) => Some(condition),
        };
        let first = !std::mem::replace(&mut self.looked, true);
        if let Some(condition) = condition.filter(|c| first && c.is_lasting())
            && condition.holds(&Moment::of(session, &self.given, self.time))?
        {
            return Ok(Some(Sought::Already));
        }
        for _ in 0..most {
            if self.left == 0 || session.next_at().is_none_or(|at| at > self.time + HORIZON) {
                return Ok(Some(Sought::NotSoon));
            }
            self.left -= 1;
            let Some(event) = session.forward() else { return Ok(Some(Sought::NotSoon)) };
            let here = match condition {
                Some(condition) => condition.holds(&Moment::of(session, &self.given, self.time))?,
                None if self.goal == SeekGoal::Violation => !event.broken.is_empty(),
                None => is_new_leader(self.leader, leader(&session.view())),
            };
            if here {
                return Ok(Some(Sought::Found));
            }
        }
        Ok(None)
    }
}

/// Runs to the goal; the cursor stays where it was if that is not soon.
///
/// # Errors
/// One sentence where a condition speaks of what is not there.
pub fn seek(session: &mut Session, goal: &SeekGoal) -> Result<Sought, String> {
    let (step, time) = (session.cursor(), session.time());
    let mut search = MomentSearch::new(session, goal.clone());
    let sought = loop {
        if let Some(sought) = search.slice(session, u64::MAX)? {
            break sought;
        }
    };
    if sought != Sought::NotSoon || matches!(goal, SeekGoal::Time(_) | SeekGoal::Step(_)) {
        return Ok(sought);
    }
    session.seek(step);
    // What was looked through for nothing is no part of the run that is shown.
    session.forget_ahead();
    if session.next_at().is_none_or(|next| next > time) {
        session.advance_to(time, 1);
    }
    Ok(Sought::NotSoon)
}

fn is_new_leader(before: Option<NodeId>, now: Option<NodeId>) -> bool {
    now.is_some() && now != before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::action::{Action, CrashMode};
    use crate::core::config::Setup;
    use crate::protocols::scene;

    fn open() -> (Session, Info) {
        let scene = scene("raft").unwrap();
        let setup = Setup { scene: "raft".into(), seed: 7, ..Setup::default() };
        (Session::new(scene.build, setup, Vec::new()).unwrap(), (scene.info)())
    }

    fn go(s: &mut Session, info: &Info, text: &str) -> Sought {
        let goal = read(s, info, text).unwrap();
        seek(s, &goal).unwrap()
    }

    #[test]
    fn words_lead_to_moments() {
        let (mut s, info) = open();
        assert_eq!(go(&mut s, &info, "next leader change"), Sought::Found);
        let first = leader(&s.view()).unwrap();
        s.act(Action::Crash { node: first, mode: CrashMode::Process }).unwrap();
        assert_eq!(go(&mut s, &info, "until next leader change"), Sought::Found);
        assert_ne!(leader(&s.view()), Some(first));
        assert_eq!(go(&mut s, &info, "node 3 applies index 2"), Sought::Found);
        let applied =
            s.view().nodes[2].look.volatile.iter().find(|(k, _)| k == "lastApplied").cloned();
        assert_eq!(applied.unwrap().1, "2");
        assert_eq!(go(&mut s, &info, "S3 applies 2"), Sought::Already);
        let (step, time) = (s.cursor(), s.time());
        assert_eq!(go(&mut s, &info, "next violation"), Sought::NotSoon);
        assert_eq!((s.cursor(), s.time()), (step, time), "it has not moved");
        assert_eq!(go(&mut s, &info, "120ms"), Sought::Found);
        assert_eq!(s.time(), 120_000);
        assert_eq!(go(&mut s, &info, "step 9"), Sought::Found);
        assert_eq!(s.cursor(), 9);
    }

    #[test]
    fn a_search_in_slices_finds_what_one_at_once_does() {
        for text in ["next leader change", "node 3 applies index 2", "next violation"] {
            let ((mut at_once, info), (mut sliced, _)) = (open(), open());
            let goal = read(&at_once, &info, text).unwrap();
            let sought = seek(&mut at_once, &goal).unwrap();
            let mut search = MomentSearch::new(&sliced, goal);
            let (mut slices, mut before) = (0, 0);
            let found = loop {
                if let Some(sought) = search.slice(&mut sliced, 5).unwrap() {
                    break sought;
                }
                assert!(sliced.cursor() - before <= 5, "a slice is short");
                (slices, before) = (slices + 1, sliced.cursor());
            };
            assert!(slices > 2, "{text}: {slices} slices");
            assert_eq!(found, sought, "{text}");
            if found == Sought::Found {
                assert_eq!(sliced.digest(), at_once.digest(), "{text}");
            }
        }
    }

    #[test]
    fn every_phrase_offered_can_be_read() {
        let (mut s, info) = open();
        s.seek_time(1_000_000);
        for phrase in phrases(&s.view(), info.landmarks) {
            read(&s, &info, &phrase).unwrap();
        }
        let why = |text| read(&s, &info, text).unwrap_err();
        let moon = why("the moon rises");
        assert!(moon.starts_with("cannot read condition 'the moon rises': at letter 5"), "{moon}");
        assert!(moon.ends_with(EXAMPLES), "{moon}");
        assert!(why("").starts_with("say what to wait for"));
        assert_eq!(why("S9 applies 5"), "nobody is called 'S9'");
        assert_eq!(why("S9 crashes"), "nobody is called 'S9'");
        assert_eq!(why("S1.size >= 3"), "S1 has no field 'size'");
        assert!(why("fact won-it").starts_with("there is no fact 'won-it' here, only won, "));
        // Nobody leads yet, but somebody will.
        let (fresh, info) = open();
        assert!(read(&fresh, &info, "leader crashed").is_ok());
    }
}
