//! Its story, its re-enactment and its challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[
    Story {
        id: "quorums",
        title: "Two of three",
        source: None,
        preset: "abd",
        knobs: &[("client.interval", 0)],
        mutants: &[],
        seed: 3,
        steps: &[
            StoryStep {
                text: "Three servers, no leader. Client A asks {S1} to write x=1; {S1} coordinates: it asks the others for their version, to choose a higher one.",
                say: &["A: put x=1 at S1"],
                until: "rule Write",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Two of three have to confirm. Then A hears: done, whether or not the third ever gets it.",
                until: "op A ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "{S3} crashes. Nobody takes over from anybody: two of three still answer.",
                say: &["crash S3", "B: put x=2 at S2"],
                until: "op B ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "{S3} comes back, with what its disk kept. It has missed x=2, and client C asks {S3} of all servers.",
                say: &["restart S3", "C: get x at S3"],
                until: "not op C open",
                ask: Some(Prediction {
                    question: "What does C read?",
                    options: &[
                        (
                            "x=2: two answers of three meet the two that confirmed",
                            "op C ok & S3.x = 2",
                        ),
                        ("x=1, what {S3} has", "op C ok & S3.x = 1"),
                        ("Nothing", "op C unknown"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "R + W > N: any two servers that answer meet any two that confirmed. And before C was told, {S3} wrote back what it had found.",
                until: "S3.x = 2",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Your turn. Take the write-back away, set R or W to 1, let clocks stamp the versions: the judge below says what it costs.",
                unlock: &["quorum.r", "quorum.w", "quorum.repair", "quorum.stamps"],
                ..StoryStep::SAY
            },
        ],
    },
    NOT_ENOUGH,
];

/// One write, two reads; the later read answers the older value although R + W > N.
const NOT_ENOUGH: Story = Story {
    id: "quorum-not-linearizable",
    title: "R + W > N is not enough",
    source: Some(
        "Kleppmann: Designing Data-Intensive Applications, 2017, figure 9-6: a nonlinearizable execution, despite using a strict quorum",
    ),
    preset: "abd",
    knobs: &[
        ("client.interval", 0),
        ("client.timeout", 60_000_000),
        ("quorum.w", 3),
        ("quorum.repair", 2),
        ("quorum.stamps", 1),
    ],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "W = 3, R = 2, no repair. A's write of x=1 has reached {S1}; its messages to {S2} and {S3} are slow.",
            say: &["manual on", "A: put x=1 at S1", "deliver A > S1 put"],
            until: "S1.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B reads: {S1} and {S2} answer, the newer version counts. B learns x=1.",
            say: &[
                "B: get x at S1",
                "deliver B > S1 get",
                "deliver S1 > S2 Read",
                "deliver S2 > S1 Read reply",
                "deliver S1 > B ok",
            ],
            until: "op B ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "After that, C reads: {S3} and {S2} answer. Neither has heard of the write yet.",
            say: &[
                "C: get x at S3",
                "deliver C > S3 get",
                "deliver S3 > S2 Read",
                "deliver S2 > S3 Read reply",
                "deliver S3 > C ok",
            ],
            until: "op C ok",
            ask: Some(Prediction {
                question: "B has seen x=1, and C asks later. Is there an order that explains both?",
                options: &[
                    ("No: C reads nil after B read 1", "violation linearizable"),
                    ("Yes: the write is still under way", "not violation linearizable"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "All three confirm in the end, and the quorums did meet. What was missing is B's read making sure that nobody reads older: the write-back.",
            say: &["manual off"],
            until: "op A ok",
            ..StoryStep::SAY
        },
    ],
};

const NONE: Limits =
    Limits { ops: 0, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "stale-read",
        goal: "With R = W = 1, let a client read what another's finished write has replaced.",
        until: "violation linearizable",
        knobs: &[("quorum.r", 1), ("quorum.w", 1), ("quorum.stamps", 1)],
        mutants: &[],
        limits: Limits { ops: 2, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "back-in-time",
        goal: "With R = 2, W = 3 and no repair, let a read see less than an earlier one saw.",
        until: "violation linearizable",
        knobs: &[
            ("clients", 2),
            ("client.keys", 1),
            ("quorum.w", 3),
            ("quorum.repair", 2),
            ("quorum.stamps", 1),
        ],
        mutants: &[],
        limits: Limits { ops: 3, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "majorities-hold",
        goal: "With majorities and write-back, break linearizability by the order of messages and their loss.",
        until: "violation linearizable",
        knobs: &[("clients", 2), ("client.keys", 1)],
        mutants: &[],
        limits: Limits { ops: 2, ..NONE },
        impossible: true,
    },
];
