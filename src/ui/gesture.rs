//! What a finished stroke on the stage asks for.

use super::desk::{Desk, Slot};
use super::frame::Ask;
use super::model::Pick;
use happened_before::scene::Target;
use happened_before::scene::stroke::{Meaning, Stroke};

/// The wish behind a stroke.
pub fn end(stroke: &Stroke, desk: &Desk, one_way: bool) -> Ask {
    let scene = desk.scene(Slot::Stage);
    match stroke.end(&scene, &desk.model.borrow().view, one_way) {
        Meaning::Click(target) => Ask::Pick(target.and_then(pick)),
        Meaning::Cut(actions) => Ask::Do(actions),
        Meaning::Nothing => {
            let why = "The stroke crosses no link; draw it between the nodes.";
            Ask::Say(Some(why.into()))
        }
    }
}

fn pick(target: Target) -> Option<Pick> {
    Some(match target {
        Target::Node(n) => Pick::Node(n),
        Target::Message(m) => Pick::Message(m),
        Target::Timer { node, code } => Pick::Timer { node, code },
        Target::Event(step) => Pick::Event(step),
        Target::Link { a, b } => Pick::Link { a, b },
        _ => return None,
    })
}
