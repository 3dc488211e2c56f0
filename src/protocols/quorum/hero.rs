//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "Two confirmed the write, two answer the read: one did both.",
    run: Story {
        preset: "abd",
        knobs: &[("client.interval", 0)],
        seed: 3,
        steps: &[
            StoryStep {
                say: &["cut S1 > S3", "A: put x=1 at S1"],
                until: "op A ok",
                ..StoryStep::SAY
            },
            StoryStep { say: &["B: get x at S3"], until: "op B ok", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 0,
    lead: 1_000,
    tail: 20_000,
    main: Main::Stage,
    light: &[1],
    next: &[Next {
        label: "Ask only one",
        note: "R + W = N: the read may miss the write.",
        does: Does::Under(&[("quorum.r", 1)], &[]),
        then: "violation linearizable",
    }],
};
