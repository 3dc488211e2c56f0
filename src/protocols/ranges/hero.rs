//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "New keys all land at the end: one range takes every write.",
    run: Story {
        preset: "cockroachdb",
        knobs: super::stories::IN_ORDER,
        seed: 1,
        steps: &[
            StoryStep { until: "ranges >= 2", ..StoryStep::SAY },
            StoryStep { until: "after 300ms", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 1,
    lead: 300_000,
    tail: 300_000,
    main: Main::Keys,
    light: &[],
    next: &[Next {
        label: "Hash the keys instead",
        note: "",
        does: Does::Story("sixteen-buckets"),
        then: "",
    }],
};
