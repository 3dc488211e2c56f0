//! Its stories, its re-enactment and its challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[RUMOUR, NO_RULE, RESIDUE];

const RUMOUR: Story = Story {
    id: "rumour",
    title: "A rumour dies, and all agree",
    source: None,
    preset: "rumours",
    knobs: &[("client.interval", 0), ("gossip.exchange-every", 3_000_000)],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "Six servers. Each answers at once from what it has, and asks nobody first. A writes x=1 at {S1}, and is told: done.",
            say: &["A: put x=1 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "For {S1} it is a rumour. Every 100 ms or so it tells somebody, chosen at random, and whoever hears it tells on.",
            until: "rule Hear",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B reads at {S1}: x=1.",
            say: &["B: get x at S1"],
            until: "op B ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B reads once more, at {S6}.",
            say: &["B: get x at S6"],
            until: "op B ok",
            ask: Some(Prediction {
                question: "Can B see less than it has seen?",
                options: &[
                    ("Yes: x goes back to nil", "fact read-went-back"),
                    ("No: x=1 again", "not fact read-went-back"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Who tells a server that knew it already loses interest. After a while nobody tells it any more.",
            until: "S1.hot = 0 & S2.hot = 0 & S3.hot = 0 & S4.hot = 0 & S5.hot = 0 & S6.hot = 0",
            ask: Some(Prediction {
                question: "Has everybody heard it by then?",
                options: &[
                    ("Yes", "not fact rumour-died"),
                    ("No: it died out before", "fact rumour-died"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Now and then each compares all it has with somebody. That is slow and sure: it finds what rumours have missed.",
            until: "fact all-agree",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "All agree, and nobody had said when. Eventually is a promise about the end: no finite run breaks it, and none has kept it.",
            until: "after 500ms & fact all-agree",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: let clients write all the time, turn the rumours off, or take the rule away that says which value stays.",
            unlock: &[
                "client.interval",
                "gossip.rumours",
                "gossip.k",
                "gossip.fanout",
                "gossip.exchange",
                "gossip.merge",
            ],
            ..StoryStep::SAY
        },
    ],
};

/// Everybody has heard of everything, and nothing follows from it.
const NO_RULE: Story = Story {
    id: "no-rule",
    title: "Heard everything, agree on nothing",
    source: None,
    preset: "anti-entropy",
    knobs: &[("nodes", 2), ("client.interval", 0), ("gossip.eager", 1), ("gossip.merge", 2)],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "Two servers that tell each other every write, and no rule: what arrives replaces what is there.",
            until: "after 5ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A writes x=1 at {S1} while B writes x=2 at {S2}. Both are told: done.",
            say: &["A: put x=1 at S1", "B: put x=2 at S2"],
            until: "S1.x = 1 & S2.x = 2",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The two messages cross.",
            until: "violation strong-eventual",
            ask: Some(Prediction {
                question: "What do they hold now?",
                options: &[
                    ("Both the same", "not violation strong-eventual"),
                    ("Each what the other had", "S1.x = 2 & S2.x = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "They go on comparing. Each has heard of both writes already, so there is nothing new, ever.",
            until: "after 3s & S1.x = 2 & S2.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: choose a rule. The last writer's value stays, or both do: then whoever has heard the same holds the same.",
            unlock: &["gossip.merge"],
            ..StoryStep::SAY
        },
    ],
};

/// The share that a rumour misses.
const RESIDUE: Story = Story {
    id: "residue",
    title: "A fifth never hears",
    source: Some(
        "Demers et al. 1987, section 1.4: with feedback and a coin, the share s that never hears solves s = e^-(k+1)(1-s); 20 % for k = 1",
    ),
    preset: "rumours",
    knobs: &[
        ("nodes", 60),
        ("client.interval", 0),
        ("gossip.exchange", 0),
        ("gossip.coin", 1),
        ("gossip.k", 1),
    ],
    mutants: &[],
    seed: 8,
    steps: &[
        StoryStep {
            text: "Sixty servers, no anti-entropy. {S1} takes a write; each that has it tells one other at a time, and stops at the first that knew it.",
            say: &["A: put x=1 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The rumour spreads like an epidemic: the susceptible become infective, the infective tire and are removed.",
            until: "fact rumour-died",
            ask: Some(Prediction {
                question: "Nobody tells it any more. Who has not heard?",
                options: &[
                    ("Nobody: all have heard", "fact all-agree"),
                    ("Some: about a fifth", "fact rumour-died"),
                ],
            }),
            ..StoryStep::SAY
        },
    ],
};

const NONE: Limits =
    Limits { ops: 0, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "backwards",
        goal: "Make a value go backwards between two reads of one client.",
        until: "fact read-went-back",
        knobs: &[("nodes", 2), ("clients", 1)],
        mutants: &[],
        limits: Limits { ops: 3, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "no-rule",
        goal: "Without a merge rule, bring two servers where they have heard the same and can agree no more.",
        until: "violation strong-eventual",
        knobs: &[
            ("nodes", 2),
            ("clients", 2),
            ("gossip.rumours", 0),
            ("gossip.eager", 1),
            ("gossip.merge", 2),
        ],
        mutants: &[],
        limits: Limits { ops: 2, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "rumour-dies",
        goal: "Without anti-entropy, let a rumour die before everybody has heard it.",
        until: "fact rumour-died",
        knobs: &[("nodes", 3), ("clients", 1), ("gossip.exchange", 0)],
        mutants: &[],
        limits: Limits { ops: 1, timers: 3, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "refute-eventually",
        goal: "Refute 'eventually' in a finite run: with a merge rule, bring servers where they can agree no more.",
        until: "violation",
        knobs: &[
            ("nodes", 2),
            ("clients", 2),
            ("client.reads", 0),
            ("gossip.rumours", 0),
            ("gossip.eager", 1),
        ],
        mutants: &[],
        limits: Limits { ops: 2, timers: 2, ..NONE },
        impossible: true,
    },
];
