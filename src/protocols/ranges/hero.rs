//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Step, Story};

pub(super) const HERO: Hero = Hero {
    caption: "New keys all land at the end: one range takes every write.",
    run: Story {
        preset: "cockroachdb",
        knobs: super::stories::IN_ORDER,
        seed: 1,
        steps: &[
            Step { until: "ranges >= 2", ..Step::SAY },
            Step { until: "after 300ms", ..Step::SAY },
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
