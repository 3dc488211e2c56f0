//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "C’s clock is behind, so l stands still and c counts.",
    run: Story {
        preset: "paper",
        knobs: &[("hlc.pause", 10_000_000), ("clock.offset", 0)],
        seed: 2,
        steps: &[
            StoryStep {
                say: &["M: local at A"],
                until: "A.l >= 1 & A.c = 0 & not op M open",
                ..StoryStep::SAY
            },
            StoryStep {
                say: &["clock.jump B 300ms", "N: send 2 at B"],
                until: "C.l >= 1 & not op N open",
                ..StoryStep::SAY
            },
            StoryStep { say: &["M: local at C"], until: "C.c >= 2", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 1,
    lead: 5_000,
    tail: 60_000,
    main: Main::Clocks,
    light: &[2],
    next: &[Next {
        label: "Another event at C",
        note: "l still stands, and c counts on.",
        does: Does::Act(&["N: local at C"]),
        then: "C.c >= 3",
    }],
};
