//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "The shard has moved. S4 asks the old owner, and is sent back.",
    run: Story {
        preset: "mongodb",
        knobs: &[("client.interval", 0)],
        seed: 3,
        steps: &[
            StoryStep { until: "leaders = 1 & committed >= 5", ..StoryStep::SAY },
            StoryStep { say: &["A: put x=1 at S4"], until: "op A ok", ..StoryStep::SAY },
            StoryStep { say: &["C: move x=8 at leader"], until: "rule Take S8", ..StoryStep::SAY },
            StoryStep { say: &["A: put x=2 at S4"], until: "op A ok", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 3,
    lead: 5_000,
    tail: 20_000,
    main: Main::Stage,
    light: &[3],
    next: &[Next {
        label: "Crash the directory",
        note: "The data path does not need it.",
        does: Does::Act(&["crash S1", "crash S2", "B: get z at S5"]),
        then: "op B ok",
    }],
};
