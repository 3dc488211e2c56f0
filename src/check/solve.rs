//! Challenges solved: the run that a person can watch, and hints on the way there.

use super::worlds::Found;
use crate::core::action::{Action, Entry};
use crate::core::config::Setup;
use crate::core::ids::NodeId;
use crate::core::session::Session;
use crate::core::view::WorldView;
use crate::protocols::Scene;
use crate::share::export::tell::Teller;
use crate::share::link::{Link, ViewState};
use crate::stories::condition::Condition;
use crate::stories::player;
use crate::stories::verbs::phrase;

/// Replays a solution as a person would see it: the condition must come true.
pub fn witness(scene: &Scene, setup: &Setup, until: &str, found: &Found) -> Result<Link, String> {
    let end = found.journal.last().map_or(0, |e| e.at);
    let mut session = Session::new(scene.build, setup.clone(), found.journal.clone())?;
    let player = player::Player::new(scene.info_of(&setup.preset).calls);
    session.advance_to(end, u64::MAX);
    if !player.holds(&session, &Condition::read(until)?)? {
        return Err(format!("what was found for '{until}' does not replay"));
    }
    Ok(Link::of(&session, ViewState::default()))
}

/// What a solution spends, how it begins, and how it goes on half-way.
pub fn hints(scene: &Scene, setup: &Setup, found: &Found) -> Result<Vec<String>, String> {
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
    let name = |node: &NodeId| &*view.nodes[node.at()].name;
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
        other => phrase(teller, other),
    }
}
