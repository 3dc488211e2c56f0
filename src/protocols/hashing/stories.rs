//! Its story, its re-enactments and its challenges.

use crate::stories::{Challenge, Give, Limits, Prediction, Sliders, Story, StoryStep};

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
            StoryStep {
                text: "48 keys and four servers stand on one ring, each server at sixteen places. A key belongs to the first of them clockwise; the bars count.",
                until: "after 5ms",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "{S5} is about to join. It will be hashed to sixteen places of its own.",
                say: &["A: join 5 at S1"],
                until: "rule Join",
                ask: Some(Prediction {
                    question: "How many of the 48 keys get another owner?",
                    options: &[
                        ("About a fifth, what {S5} ought to have", "not moved >= 17"),
                        ("About half", "moved >= 17 & not moved >= 32"),
                        ("Nearly all", "moved >= 32"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Every server gives {S5} some keys; no other keys move. The bars on the right are other rules at the same change: modulo moves nearly all.",
                until: "rule Take S5",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Keys travel in parcels over narrow links. A key on its way is served by nobody; one that still waits is served where it is.",
                until: "S5.keys >= 4",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "{S2} crashes in the middle of it, with keys that it has yet to give.",
                say: &["crash S2"],
                until: "after 120ms",
                ask: Some(Prediction {
                    question: "What becomes of them?",
                    options: &[
                        ("They wait on its disk", "moving >= 1"),
                        ("They have all arrived", "moving = 0"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "It comes back and goes on: a parcel is forgotten only when the other side has it on disk, and taken only once.",
                say: &["restart S2"],
                until: "moving = 0",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Your turn. One place a server makes the bars uneven; a bad hash, worse. Let servers leave; change the rule; cut a link half-way through a move.",
                unlock: &["hash.scheme", "hash.vnodes", "hash.function", "hash.copies"],
                ..StoryStep::SAY
            },
        ],
    },
    NINE_TENTHS,
    ONE_HEIR,
    Story {
        id: "many-heirs",
        title: "The same failures with sixteen places a server",
        preset: "cassandra",
        steps: MANY_HEIRS,
        ..ONE_HEIR
    },
    REPLACED,
    Story {
        id: "scan",
        title: "No range queries",
        source: None,
        preset: "cassandra",
        knobs: &[("client.interval", 0), ("hash.copies", 1)],
        mutants: &[],
        seed: 5,
        steps: &[
            StoryStep {
                text: "Keys next to each other by name are hashed to places all over the ring.",
                until: "after 5ms",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "A wants eight keys in a row, from x on.",
                say: &["A: scan x=8 at S1"],
                until: "op A ok",
                ask: Some(Prediction {
                    question: "Of four members, how many have to be asked?",
                    options: &[
                        ("The one that has them", "fact scan = 1"),
                        ("All four", "fact scan = 4"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Any member may hold any of them. Add servers, and the same scan asks more of them.",
                unlock: &["hash.members", "client.pattern", "hash.heavy"],
                ..StoryStep::SAY
            },
        ],
    },
];

/// Failures one after the other, as Dynamo's authors argue for virtual nodes.
const ONE_HEIR: Story = Story {
    id: "one-heir",
    title: "Failures one after the other",
    source: Some(
        "DeCandia et al. 2007, section 4.2: with virtual nodes, the load of a node that becomes unavailable is dispersed over those that remain",
    ),
    preset: "karger",
    knobs: &[
        ("client.interval", 0),
        ("clients", 1),
        ("nodes", 6),
        ("hash.members", 6),
        ("hash.copies", 2),
        ("hash.keys", 240),
        ("hash.parcel", 100),
    ],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "Six servers, each at one place of the ring. What each has to serve is the arc before it.",
            until: "after 5ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S3} fails for good, and is removed. What it had is taken from the copies; its load has to go somewhere.",
            say: &["crash S3", "A: remove 3 at S1"],
            until: "rule Remove",
            ask: HEIRS,
            ..StoryStep::SAY
        },
        StoryStep {
            text: "One neighbour has both arcs now. If that is more than it can carry, it is the next to go, with two loads to hand on.",
            until: "moving = 0",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "So it is: {S2} fails under it, and again one server takes it all.",
            say: &["crash S2", "A: remove 2 at S1"],
            until: "rule Remove",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Three loads at one server, the others as they were: that is how a cascade of failures begins.",
            until: "moving = 0 & fact heirs = 1",
            ..StoryStep::SAY
        },
    ],
};

/// A server that does not come back; and one that does after all.
const REPLACED: Story = Story {
    id: "replaced",
    title: "A server is replaced",
    source: Some(
        "Apache Cassandra documentation, Adding, replacing, moving and removing nodes: a dead node's tokens are taken over by a new one, which streams from the replicas; the dead one must not come back",
    ),
    preset: "cassandra",
    knobs: &[("client.interval", 0), ("clients", 2)],
    mutants: &[],
    seed: 5,
    steps: &[
        StoryStep {
            text: "Each key is on three of four servers: its owner, and two that keep copies. A writes to x; once all three have it, A is told.",
            say: &["A: put x=7"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S2} fails, and its disk with it: nobody serves its keys. It never comes back, the administrator says: {S5} must take its places.",
            say: &["crash S2", "A: replace 2->5 at S1"],
            until: "rule Replace",
            ask: Some(Prediction {
                question: "{S5} is hashed by the name of {S2}. How many of 48 keys get another owner?",
                options: &[
                    ("A quarter or so: those of {S2}", "not moved >= 24"),
                    ("Half and more, since {S5} is new", "moved >= 24"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "What was on the lost disk? What nobody else has. So {S5} asks everybody what they have; meanwhile keys change hands nowhere, or one could be missed.",
            until: "rule Count",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "All have answered. What nobody has is {S5}'s now, each key with the newest of its copies.",
            until: "rule Restore S5",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A reads x. Whoever owned it, the write that A was told of is there.",
            say: &["A: get x"],
            until: "op A ok & moving = 0",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "But {S2} was not dead. It was slow, and now it is back, with its keys.",
            say: &["restart S2"],
            until: "violation one-owner",
            ask: Some(Prediction {
                question: "What then?",
                options: &[
                    ("Two servers own the same keys", "violation one-owner"),
                    ("It is told before it can do harm", "not violation one-owner"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Until somebody tells it, two own what {S2} had. No message can tell a dead server from a slow one; that was the administrator's word.",
            until: "S2 Gone",
            unlock: &["hash.copies", "hash.scheme", "hash.vnodes"],
            ..StoryStep::SAY
        },
    ],
};

const HEIRS: Option<Prediction> = Some(Prediction {
    question: "Who takes it over?",
    options: &[
        ("One neighbour, all of it", "fact heirs = 1"),
        ("Several of the others", "not fact heirs = 1"),
    ],
});

const MANY_HEIRS: &[StoryStep] = &[
    StoryStep {
        text: "The same six servers, each at sixteen places.",
        until: "after 5ms",
        ..StoryStep::SAY
    },
    StoryStep {
        text: "{S3} fails for good, as before.",
        say: &["crash S3", "A: remove 3 at S1"],
        until: "rule Remove",
        ask: HEIRS,
        ..StoryStep::SAY
    },
    StoryStep {
        text: "Each of its places has a neighbour of its own, so that the load falls on many, a little on each.",
        until: "moving = 0",
        ..StoryStep::SAY
    },
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
        StoryStep {
            text: "Ten servers hold 1,100 keys; a key's owner is its hash modulo ten. The eleventh joins.",
            say: &["A: join 11 at S1"],
            until: "rule Join",
            ask: Some(Prediction {
                question: "How many keys move?",
                options: &[
                    ("About 100: what the eleventh ought to have", "not moved >= 300"),
                    ("About 1,000: all but those whose remainder happens to stay", "moved >= 950"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Ten in eleven: 1,000 of 1,100. On the ring, by rendezvous or jump, the same change moves about a hundred.",
            until: "moved >= 950 & not moved.ring >= 160 & not moved.jump >= 160 & not moved.rendezvous >= 160",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "It is traffic, not arithmetic: ten servers now send most of what they have, and what is on its way is served by nobody.",
            until: "moving = 0",
            ..StoryStep::SAY
        },
    ],
};

/// One step, to look at what is there.
const LOOK: Limits =
    Limits { timers: 1, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };
const MOVES: Limits =
    Limits { ops: 1, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };
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

/// With how many places are four servers within a fifth of the mean?
pub const SLIDERS: Sliders = Sliders {
    challenge: "even",
    sliders: &[("hash.vnodes", 1, 16), ("hash.copies", 1, 1)],
    gives: &[Give { what: "balance", until: "fact uneven", limits: LOOK }],
    measured: 0,
};

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
        id: "last-copy",
        goal: "Keys are acknowledged before they are on disk, and there is one copy: lose a key by a crash in mid-transfer.",
        until: "violation no-key-lost",
        knobs: SMALL,
        mutants: &["ack-early"],
        limits: Limits { crashes: 1, ..MOVES },
        impossible: false,
    },
    Challenge {
        id: "jump-middle",
        goal: "Under jump hash, take out any server but the last, and move no more than its share of the keys, a third.",
        until: "rule Adopt S3 & S3 Member & not moved >= 17",
        knobs: &[
            ("hash.scheme", 4),
            ("nodes", 3),
            ("clients", 1),
            ("hash.members", 3),
            ("hash.keys", 48),
            ("hash.parcel", 100),
            ("hash.copies", 1),
            ("client.keys", 1),
            ("client.reads", 0),
        ],
        mutants: &[],
        limits: MOVES,
        impossible: true,
    },
    Challenge {
        id: "even",
        goal: "By the number of places alone: bring the fullest of four servers below 1.2 times the mean.",
        until: "fact even",
        knobs: &[("nodes", 4), ("clients", 0), ("hash.members", 4), ("hash.keys", 2_000)],
        mutants: &[],
        limits: LOOK,
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
