//! Its story, its re-enactments and its challenges.

use crate::stories::{Ask, Challenge, Limits, Step, Story};

pub(super) const STORIES: &[Story] = &[
    Story {
        id: "a-server-joins",
        title: "A server joins",
        source: None,
        preset: "cassandra",
        knobs: &[("client.interval", 0), ("net.bandwidth", 60_000)],
        mutants: &[],
        seed: 5,
        steps: &[
            Step {
                text: "48 keys and four servers stand on one ring, each server at sixteen places. A key belongs to the first of them clockwise; the bars count.",
                until: "after 5ms",
                ..Step::SAY
            },
            Step {
                text: "{S5} is about to join. It will be hashed to sixteen places of its own.",
                say: &["A: join 5 at S1"],
                until: "rule Join",
                ask: Some(Ask {
                    question: "How many of the 48 keys get another owner?",
                    options: &[
                        ("About a fifth, what {S5} ought to have", "not moved >= 17"),
                        ("About half", "moved >= 17 & not moved >= 32"),
                        ("Nearly all", "moved >= 32"),
                    ],
                }),
                ..Step::SAY
            },
            Step {
                text: "Everybody gives {S5} some; nobody else gives anything. The bars on the right are other rules at the same change: modulo moves nearly all.",
                until: "rule Take S5",
                ..Step::SAY
            },
            Step {
                text: "Keys travel in parcels over narrow links. A key on its way is served by nobody; one that still waits is served where it is.",
                until: "S5.keys >= 4",
                ..Step::SAY
            },
            Step {
                text: "{S2} crashes in the middle of it, with keys that it has yet to give.",
                say: &["crash S2"],
                until: "after 120ms",
                ask: Some(Ask {
                    question: "What becomes of them?",
                    options: &[
                        ("They wait on its disk", "moving >= 1"),
                        ("They have all arrived", "moving = 0"),
                    ],
                }),
                ..Step::SAY
            },
            Step {
                text: "It comes back and goes on: a parcel is forgotten only when the other side has it on disk, and taken only once.",
                say: &["restart S2"],
                until: "moving = 0",
                ..Step::SAY
            },
            Step {
                text: "Your turn. One place a server makes the bars uneven; a bad hash, worse. Let servers leave; change the rule; cut a link half-way through a move.",
                unlock: &["hash.scheme", "hash.vnodes", "hash.function", "hash.copies"],
                ..Step::SAY
            },
        ],
    },
    NINE_TENTHS,
];

/// Ten servers become eleven: modulo against the ring.
const NINE_TENTHS: Story = Story {
    id: "ten-become-eleven",
    title: "Ten become eleven",
    source: Some(
        "Karger et al. 1997, section 1: with a plain hash of the range, nearly every key moves when the number of buckets changes; with consistent hashing the expected share is one bucket's",
    ),
    preset: "modulo",
    knobs: &[
        ("client.interval", 0),
        ("clients", 1),
        ("nodes", 11),
        ("hash.members", 10),
        ("hash.keys", 1_100),
        ("hash.parcel", 100),
    ],
    mutants: &[],
    seed: 1,
    steps: &[
        Step {
            text: "Ten servers hold 1,100 keys; a key's owner is its hash modulo ten. The eleventh joins.",
            say: &["A: join 11 at S1"],
            until: "rule Join",
            ask: Some(Ask {
                question: "How many keys move?",
                options: &[
                    ("About 100: what the eleventh ought to have", "not moved >= 300"),
                    ("About 1,000: all but those whose remainder happens to stay", "moved >= 950"),
                ],
            }),
            ..Step::SAY
        },
        Step {
            text: "Ten in eleven: 1,000 of 1,100. On the ring, by rendezvous or jump, the same change moves about a hundred.",
            until: "moved >= 950 & not moved.ring >= 160 & not moved.jump >= 160 & not moved.rendezvous >= 160",
            ..Step::SAY
        },
        Step {
            text: "It is traffic, not arithmetic: ten servers now send most of what they have, and what is on its way is served by nobody.",
            until: "moving = 0",
            ..Step::SAY
        },
    ],
};

const MOVES: Limits = Limits { ops: 1, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0 };
/// Small enough to be searched whole.
const SMALL: &[(&str, i64)] = &[
    ("nodes", 3),
    ("clients", 1),
    ("hash.members", 2),
    ("hash.keys", 3),
    ("hash.vnodes", 4),
    ("hash.copies", 1),
    ("client.keys", 3),
];

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "needless-move",
        goal: "Under modulo, make a key move between two servers that both stay.",
        until: "violation monotone",
        knobs: &[
            ("hash.scheme", 2),
            ("nodes", 3),
            ("clients", 1),
            ("hash.members", 2),
            ("hash.keys", 6),
            ("hash.copies", 1),
        ],
        mutants: &[],
        limits: MOVES,
        impossible: false,
    },
    Challenge {
        id: "two-owners",
        goal: "The old owner serves a key until the new one has it: make two servers own one key.",
        until: "violation one-owner",
        knobs: SMALL,
        mutants: &["keep-serving"],
        limits: MOVES,
        impossible: false,
    },
    Challenge {
        id: "one-owner",
        goal: "By the true rules: make two servers own one key, or lose one. A doubled message and a crash are yours.",
        until: "violation",
        knobs: SMALL,
        mutants: &[],
        limits: Limits { dups: 1, crashes: 1, ..MOVES },
        impossible: true,
    },
];
