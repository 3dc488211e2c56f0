//! What the scene opens on.

use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Story, StoryStep};

pub(super) const HERO: Hero = Hero {
    caption: "Each has counted something the other has not. So they are concurrent.",
    run: Story {
        preset: "mattern",
        knobs: &[("vector.pause", 10_000_000)],
        seed: 3,
        steps: &[
            StoryStep {
                say: &["M: send 1 at A", "N: local at C"],
                until: "B.own >= 1 & not op M open & not op N open",
                ..StoryStep::SAY
            },
            StoryStep {
                say: &["M: local at A", "N: send 1 at C"],
                until: "B.own >= 2 & not op M open & not op N open",
                ..StoryStep::SAY
            },
            StoryStep { say: &["M: local at A"], until: "rule Tick A", ..StoryStep::SAY },
            StoryStep { say: &["N: send 2 at B"], until: "rule Send B", ..StoryStep::SAY },
            StoryStep { until: "not op M open", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 0,
    lead: 5_000,
    tail: 40_000,
    main: Main::Diagram,
    light: &[2, 3],
    next: &[Next {
        label: "Let A tell B",
        note: "Will what B counts then be above both?",
        does: Does::Act(&["M: send 1 at A"]),
        then: "B.own >= 4",
    }],
};
