//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Step, Story};

pub(super) const HERO: Hero = Hero {
    caption: "The leader dies. Three votes of five make a new one.",
    run: Story {
        preset: "paper",
        knobs: &[("client.interval", 0)],
        seed: 7,
        steps: &[
            Step { until: "rule BecomeLeader", ..Step::SAY },
            Step { say: &["A: put x=7 at leader"], until: "op A ok", ..Step::SAY },
            Step { until: "after 60ms", ..Step::SAY },
            Step {
                say: &["name old = leader", "crash old"],
                until: "rule BecomeLeader",
                ..Step::SAY
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
