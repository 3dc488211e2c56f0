//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "A posted a comment, reloads the page, and it is gone.",
    run: Story {
        preset: "bayou",
        knobs: super::stories::BARE,
        seed: 4,
        steps: &[
            StoryStep {
                say: &["cut S1 > S2", "A: put x=1"],
                until: "op A ok & S3.x = 1",
                ..StoryStep::SAY
            },
            StoryStep { say: &["A: get x"], until: "violation read-your-writes", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 0,
    lead: 1_000,
    tail: 30_000,
    main: Main::Stage,
    light: &[1],
    next: &[Next {
        label: "Carry a token",
        note: "S2 then waits until it has the write.",
        does: Does::Under(&[("session.ryw", 1)], &[]),
        then: "S2.waiting = 1",
    }],
};
