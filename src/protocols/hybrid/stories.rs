//! Stories of hybrid clocks, re-enactments and challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[DRAG, RESTART, BEYOND];

const DRAG: Story = Story {
    id: "drag",
    title: "One fast clock drags all",
    source: None,
    preset: "paper",
    knobs: &[("hlc.pause", 10_000_000), ("clock.offset", 0)],
    mutants: &[],
    seed: 2,
    steps: &[
        StoryStep {
            text: "Three nodes with clocks of their own, none exact. An event's time is (l, c): l near the wall clock, and c for ties.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "An event at {A}: l is what its clock shows, and c is 0.",
            say: &["M: local at A"],
            until: "A.l >= 1 & A.c = 0 & not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{B}'s clock jumps ahead by 300 ms, and {B} sends to {C}.",
            say: &["clock.jump B 300ms", "N: send 2 at B"],
            until: "C.l >= 1 & not op N open",
            ask: Some(Prediction {
                question: "What will {C}'s l be?",
                options: &[
                    ("{B}'s, the latest that it knows of", "C.ahead >= 100000"),
                    ("What its own clock shows", "C.ahead = 0"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{C} is dragged along. While its own clock is behind, l stands still and c counts.",
            say: &["M: local at C"],
            until: "C.c >= 2 & not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{C}'s own clock catches up with l.",
            until: "after 400ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Its next event has its own time again, and c is back at 0: c stays small as long as clocks are close.",
            say: &["M: local at C"],
            until: "C.c = 0 & C.ahead = 0 & not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "So (l, c) respects what happened before, like Lamport's number, and stays as near to real time as the clocks are to each other.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: step a clock back, let one drift, and take the CockroachDB preset to see reads meet values of the future.",
            unlock: &["clock.offset", "clock.drift", "hlc.max-offset"],
            ..StoryStep::SAY
        },
    ],
};

/// By hand, and with clocks that are only wrong where the story says so.
const EXACT: &[(&str, i64)] =
    &[("client.interval", 0), ("clock.offset", 0), ("hlc.pause", 10_000_000)];

const RESTART: Story = Story {
    id: "uncertain",
    title: "A value from the near future",
    source: Some(
        "CockroachDB documentation, Transaction layer: a read that meets a value in its uncertainty window is restarted above it; the node it met is certain from then on",
    ),
    preset: "cockroachdb",
    knobs: EXACT,
    mutants: &[],
    seed: 3,
    steps: &[
        StoryStep {
            text: "{A}'s clock is 300 ms ahead: allowed, the maximum offset is 500 ms. A client writes x=1 there.",
            say: &["manual on", "clock.jump A 300ms", "M: put x=1 at A", "settle M A"],
            until: "A.ahead = 0 & not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Then another client reads x through {B}. To {B}'s clock that write lies in the future, within its uncertainty interval.",
            say: &["N: get x at B", "settle N B", "settle N A B"],
            until: "not op N open",
            ask: Some(Prediction {
                question: "What does the read do?",
                options: &[
                    ("It answers that there is no x", "B.restarts = 0"),
                    ("It restarts above the write", "B.restarts = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The restart reads x=1. {A} has been visited, so nothing there is uncertain any more: one restart is enough.",
            until: "B.restarts = 1 & op N ok",
            ..StoryStep::SAY
        },
    ],
};

const BEYOND: Story = Story {
    id: "beyond",
    title: "Beyond the maximum offset",
    source: Some(
        "CockroachDB documentation, cockroach start: if clock skew exceeds the maximum offset, single-key linearizability may be violated",
    ),
    preset: "cockroachdb",
    knobs: EXACT,
    mutants: &[],
    seed: 3,
    steps: &[
        StoryStep {
            text: "Now {A}'s clock is 900 ms ahead, and nobody has compared clocks yet. A client writes x=1 at {A}, and is told: done.",
            say: &["manual on", "clock.jump A 900ms", "M: put x=1 at A", "settle M A"],
            until: "not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The client tells another one, who reads x through {B}. The write lies beyond the end of the interval.",
            say: &["N: get x at B", "settle N B", "settle N A B"],
            until: "not op N open",
            ask: Some(Prediction {
                question: "What does the read answer?",
                options: &[
                    ("There is no x: a stale read", "B.restarts = 0"),
                    ("x=1, after a restart", "B.restarts = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Clocks are compared now and then. A node that finds itself more than 80 % of the maximum offset from half of the others stops itself.",
            say: &["manual off"],
            until: "rule Stop",
            ..StoryStep::SAY
        },
    ],
};

const NONE: Limits =
    Limits { timers: 0, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "stale",
        goal: "With clocks up to two seconds off, have a read miss a write that was acknowledged before it began.",
        until: "fact stale-read",
        knobs: &[
            ("nodes", 2),
            ("clients", 1),
            ("clock.offset", 2_000_000),
            ("client.reads", 500_000),
        ],
        mutants: &[],
        limits: Limits { ops: 2, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "stale-within",
        goal: "With clocks within the maximum offset, have a read miss an acknowledged write.",
        until: "fact stale-read",
        knobs: &[
            ("nodes", 2),
            ("clients", 1),
            ("clock.offset", 250_000),
            ("client.reads", 500_000),
        ],
        mutants: &[],
        limits: Limits { ops: 3, ..NONE },
        impossible: true,
    },
    Challenge {
        id: "drive-c",
        goal: "Drive c above 10, in a moment too short for the physical clock to move.",
        until: "A.c >= 11",
        knobs: &[("nodes", 1), ("clients", 0), ("hlc.ping", 0)],
        mutants: &[],
        limits: Limits { timers: 12, ..NONE },
        impossible: false,
    },
];
