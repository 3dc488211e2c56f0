//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "The leader dies. Three votes of five make a new one.",
    run: Story {
        preset: "paper",
        knobs: &[("client.interval", 0)],
        seed: 7,
        steps: &[
            StoryStep { until: "rule BecomeLeader", ..StoryStep::SAY },
            StoryStep { say: &["A: put x=7 at leader"], until: "op A ok", ..StoryStep::SAY },
            StoryStep { until: "after 60ms", ..StoryStep::SAY },
            StoryStep {
                say: &["name old = leader", "crash old"],
                until: "rule BecomeLeader",
                ..StoryStep::SAY
            },
        ],
        ..Hero::RUN
    },
    opens: 3,
    lead: 12_000,
    tail: 60_000,
    main: Main::Stage,
    light: &[3],
    next: &[Next {
        label: "Restart the old leader",
        note: "",
        does: Does::Act(&["restart old"]),
        then: "old Follower",
    }],
};
