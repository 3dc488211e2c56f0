//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "Q’s clock jumps past the message: an effect comes after its cause.",
    run: Story {
        preset: "paper",
        knobs: &[("lamport.pause", 10_000_000), ("clients", 2)],
        seed: 3,
        steps: &[
            StoryStep {
                say: &["A: local at P"],
                until: "P.C >= 1 & not op A open",
                ..StoryStep::SAY
            },
            StoryStep { say: &["A: send 1 at P"], until: "Q.C >= 3", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 0,
    lead: 5_000,
    tail: 60_000,
    main: Main::Diagram,
    light: &[1],
    next: &[Next {
        label: "Let R tick",
        note: "Its small number says nothing about before.",
        does: Does::Act(&["B: local at R"]),
        then: "R.C >= 1",
    }],
};
