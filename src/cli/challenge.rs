//! `hb challenge`: what a person is asked to bring about, brought about by search, or proved
//! impossible within the same limits.

use super::check::drive;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN, VIOLATED};
use crate::check::explore::Bounds;
use crate::check::worlds::{Found, Quest, Tally, limits_text};
use crate::core::action::{Action, Entry};
use crate::core::config::Setup;
use crate::core::ids::NodeId;
use crate::core::session::Session;
use crate::core::view::WorldView;
use crate::protocols::{Scene, scene};
use crate::share::export::tell::{Teller, tell};
use crate::share::link::{Link, ViewState};
use crate::stories::{Challenge, player};
use serde_json::{Value, json};
use std::fmt::Write;

const MAX_STATES: u64 = 20_000_000;
const MEMORY_BYTES: u64 = 1 << 30;

/// `hb challenge SCENE [ID] [--budget-ms N] [--json]`.
pub fn challenge(args: &mut Args, host: &dyn Host) -> Answer {
    let as_json = args.flag("--json");
    let budget_ms = args.number("--budget-ms")?;
    let id = args.need("the scene")?;
    let only = args.positional();
    args.done()?;
    let scene = scene(&id)?;
    let named = |c: &&Challenge| only.as_ref().is_none_or(|o| o == c.id);
    let chosen: Vec<&Challenge> = scene.challenges.iter().filter(named).collect();
    if let (Some(only), true) = (&only, chosen.is_empty()) {
        let all: Vec<&str> = scene.challenges.iter().map(|c| c.id).collect();
        return Err(format!("{id} has no challenge '{only}', only {}", all.join(", ")).into());
    }
    let (mut code, mut text, mut documents) = (HOLDS, String::new(), Vec::new());
    for challenge in chosen {
        let solved = Solved::of(scene, challenge, host, budget_ms)?;
        code = match (code, solved.code()) {
            (VIOLATED, _) | (_, VIOLATED) => VIOLATED,
            (a, b) => a.max(b),
        };
        text += &solved.summary(scene)?;
        documents.push(solved.document());
    }
    let document = || json!({"scene": id, "challenges": documents}).to_string() + "\n";
    Ok((code, if as_json { document() } else { text }))
}

struct Solved<'a> {
    challenge: &'a Challenge,
    tally: Tally,
    elapsed_ms: u64,
    witness: Option<(Found, Link)>,
    hints: Vec<String>,
}

/// The run a challenge is played in.
pub(super) fn setup(scene: &Scene, challenge: &Challenge) -> Setup {
    Setup {
        scene: scene.id.into(),
        knobs: challenge.knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect(),
        mutants: challenge.mutants.iter().map(|m| (*m).to_string()).collect(),
        ..Setup::default()
    }
}

impl<'a> Solved<'a> {
    fn of(
        scene: &Scene,
        challenge: &'a Challenge,
        host: &dyn Host,
        budget_ms: Option<u64>,
    ) -> Result<Self, Bad> {
        let setup = setup(scene, challenge);
        let bounds =
            Bounds { max_states: MAX_STATES, max_depth: u32::MAX, memory_bytes: MEMORY_BYTES };
        let goal = Some(challenge.until);
        let mut quest = Quest::new(scene, &setup, challenge.limits, bounds, goal, true)
            .map_err(|why| format!("{} {}: {why}", scene.id, challenge.id))?;
        let start = host.clock_ms();
        let tally = drive(&mut quest, host, budget_ms.map(|ms| start.saturating_add(ms)));
        let elapsed_ms = host.clock_ms().saturating_sub(start);
        let found = quest.found().into_iter().next();
        let witness = found.map(|f| witness(scene, &setup, challenge, f)).transpose()?;
        let hints = match &witness {
            Some((found, _)) => hints(scene, &setup, found)?,
            None => Vec::new(),
        };
        Ok(Solved { challenge, tally, elapsed_ms, witness, hints })
    }

    fn code(&self) -> u8 {
        match (&self.witness, self.challenge.impossible, self.tally.complete) {
            (Some(_), false, _) | (None, true, true) => HOLDS,
            (None, _, false) => UNKNOWN,
            _ => VIOLATED,
        }
    }

    fn verdict(&self) -> &'static str {
        match (&self.witness, self.tally.complete) {
            (Some(_), _) => "solved",
            (None, true) => "impossible",
            (None, false) => "unknown",
        }
    }

    fn document(&self) -> Value {
        let Tally { distinct, generated, depth, complete, .. } = self.tally;
        json!({
            "id": self.challenge.id,
            "goal": self.challenge.goal,
            "until": self.challenge.until,
            "impossible": self.challenge.impossible,
            "verdict": self.verdict(),
            "par": self.witness.as_ref().map(|(f, _)| f.length()),
            "actions": self.witness.as_ref().map(|(f, _)| &f.journal),
            "hints": self.hints,
            "url": self.witness.as_ref().map(|(_, l)| l.fragment()),
            "distinct": distinct,
            "generated": generated,
            "depth": depth,
            "complete": complete,
            "elapsed_ms": self.elapsed_ms,
        })
    }

    fn summary(&self, scene: &Scene) -> Result<String, Bad> {
        let Challenge { id, goal, limits, .. } = self.challenge;
        let mut out = format!("{id}: {goal}\n  within {}\n", limits_text(limits));
        let Tally { distinct, generated, depth, .. } = self.tally;
        let cost = format!(
            "{distinct} states, {generated} generated, depth {depth}, {} ms",
            self.elapsed_ms
        );
        match &self.witness {
            Some((found, link)) => {
                let _ = writeln!(out, "  par {} ({cost})", found.length());
                for hint in &self.hints {
                    let _ = writeln!(out, "  hint: {hint}");
                }
                let mut session = link.open()?;
                let calls = (scene.info)().calls;
                out += &tell(&mut session, calls, link.cursor, link.time);
                let _ = writeln!(out, "  {}", link.fragment());
            }
            None => {
                let _ = writeln!(out, "  {} ({cost})", self.verdict());
            }
        }
        Ok(out)
    }
}

/// Replays a solution as a person would see it: the condition must come true.
fn witness(
    scene: &Scene,
    setup: &Setup,
    challenge: &Challenge,
    found: Found,
) -> Result<(Found, Link), Bad> {
    let end = found.journal.last().map_or(0, |e| e.at);
    let mut session = Session::new(scene.build, setup.clone(), found.journal.clone())?;
    let player = player::Player::new(scene.info_of(&setup.preset).calls);
    session.advance_to(end, u64::MAX);
    if !player.reached(&session, challenge.until)? {
        return Err(format!("the solution of {} does not replay", challenge.id).into());
    }
    let link = Link::of(&session, ViewState::default());
    Ok((found, link))
}

/// What a solution spends, how it begins, and how it goes on half-way.
fn hints(scene: &Scene, setup: &Setup, found: &Found) -> Result<Vec<String>, Bad> {
    let mut world = (scene.build)(setup)?;
    let teller = Teller::new(scene.info_of(&setup.preset).calls, world.view());
    let mut steps = Vec::new();
    for entry in &found.journal {
        while world.next_due().is_some_and(|due| due < entry.at) && world.step().is_some() {}
        steps.push(spoken(&teller, &world.view(), &entry.action));
        world.act(entry);
    }
    let delivers = |e: &&Entry| matches!(e.action, Action::Deliver(_));
    let messages = found.journal.iter().filter(delivers).count();
    let mut hints =
        vec![format!("It can be done in {} steps, {messages} of them deliveries.", found.length())];
    // The first entry is that time stands still.
    hints.extend(steps.get(1).map(|step| format!("It may begin so: {step}.")));
    let half = found.journal.len() / 2;
    hints.extend(steps.get(half).filter(|_| half > 1).map(|step| format!("Half-way: {step}.")));
    Ok(hints)
}

/// An action as it looks before it is done.
fn spoken(teller: &Teller, view: &WorldView, action: &Action) -> String {
    let name = |node: &NodeId| view.nodes[node.at()].name.as_str();
    match action {
        Action::Deliver(id) => {
            let message = view.messages.iter().find(|m| m.id == *id);
            let what = message.map_or("a message", |m| m.look.name);
            format!("{what} from {} reaches {}", name(&id.from), name(&id.to))
        }
        Action::Fire { node, timer } => {
            let running = view.nodes[node.at()].timers.iter().find(|t| t.code == *timer);
            format!("{}'s {} ends", name(node), running.map_or("timer", |t| &t.name))
        }
        other => teller.action(other),
    }
}
