//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "S1 said done at once. The others hear of it later.",
    run: Story {
        preset: "rumours",
        knobs: &[("client.interval", 0), ("gossip.exchange-every", 3_000_000)],
        seed: 1,
        steps: &[
            StoryStep { say: &["A: put x=1 at S1"], until: "op A ok", ..StoryStep::SAY },
            StoryStep { until: "rule Hear", ..StoryStep::SAY },
            StoryStep { say: &["B: get x at S6"], until: "op B ok", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 0,
    lead: 1_000,
    tail: 600_000,
    main: Main::Stage,
    light: &[1],
    next: &[Next {
        label: "Wait until all agree",
        note: "Nobody can say beforehand how long.",
        does: Does::Wait,
        then: "fact all-agree",
    }],
};
