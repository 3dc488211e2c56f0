//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "S1 holds its answer until x=1’s timestamp is certainly past.",
    run: Story {
        preset: "paper",
        knobs: &[("client.interval", 0), ("clock.offset", 0), ("clock.epsilon", 4_000)],
        seed: 1,
        steps: &[
            StoryStep {
                say: &["clock.jump S2 -3ms", "A: write x=1 at S1"],
                until: "rule Decide S1",
                ..StoryStep::SAY
            },
            StoryStep { until: "op A ok", ..StoryStep::SAY },
            StoryStep { say: &["B: write y=1 at S2"], until: "rule Decide S2", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 0,
    lead: 1_000,
    tail: 9_500,
    main: Main::Clocks,
    light: &[0],
    next: &[Next {
        label: "Skip the wait",
        note: "B comes later, and gets the earlier timestamp.",
        does: Does::Under(&[], &["no-commit-wait"]),
        then: "violation external-consistency",
    }],
};
