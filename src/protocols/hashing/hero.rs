//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "S5 joins. It takes keys from its neighbours; no other key moves.",
    run: Story {
        preset: "cassandra",
        knobs: &[("client.interval", 0), ("net.bandwidth", 60_000)],
        seed: 5,
        steps: &[
            StoryStep { say: &["A: join 5 at S1"], until: "rule Join", ..StoryStep::SAY },
            StoryStep { until: "S5.keys >= 4", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 0,
    lead: 5_000,
    tail: 300_000,
    main: Main::Keys,
    light: &[],
    next: &[Next {
        label: "Crash S5 now",
        note: "",
        does: Does::Act(&["crash S5"]),
        then: "S5 crashed",
    }],
};
