//! Stories of vector clocks, re-enactments and challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] =
    &[ARRAYS, JOIN, DELAY, DYNAMO, SIBLINGS, EXPLOSION, THREE_WAYS];

const ARRAYS: Story = Story {
    id: "arrays",
    title: "A count for everyone",
    source: None,
    preset: "mattern",
    knobs: &[("vector.pause", 10_000_000)],
    mutants: &[],
    seed: 3,
    steps: &[
        StoryStep {
            text: "Three processes. Each keeps a count for every process it has heard of; a count that is missing is zero.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Something happens at {A}. Its own count goes up: [A:1].",
            say: &["M: local at A"],
            until: "A.own >= 1 & not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{A} sends to {B}; the message carries [A:2]. {B} takes over the larger counts, and then counts the receipt.",
            say: &["M: send 1 at A"],
            until: "B.own >= 1 & not op M open",
            ask: Some(Prediction {
                question: "What will {B}'s array be?",
                options: &[("[A:2, B:1]", "B.own = 1"), ("[A:2, B:3]", "B.own = 3")],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{C} has heard of none of this: [C:1]. Neither array is the larger one in every place. That is what concurrent means.",
            say: &["N: local at C"],
            until: "C.own >= 1 & not op N open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{C} sends to {B}. The receipt is [A:2, B:2, C:2], and lies above both.",
            say: &["N: send 1 at C"],
            until: "B.own >= 2 & not op N open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "An array has a place for every process. Nothing shorter will do for every execution, as Charron-Bost proved in 1991.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: select two events and compare them place by place, or switch on causal broadcast and hold a message back.",
            unlock: &["vector.broadcast", "vector.store", "vector.members"],
            ..StoryStep::SAY
        },
    ],
};

const JOIN: Story = Story {
    id: "join",
    title: "A process joins",
    source: None,
    preset: "mattern",
    knobs: &[("vector.pause", 10_000_000), ("vector.members", 2)],
    mutants: &[],
    seed: 4,
    steps: &[
        StoryStep {
            text: "{A} and {B} know of each other. {C} is not there yet: nobody has a place for it.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{A} tells {B} something. Two places are all they need so far.",
            say: &["M: send 1 at A"],
            until: "B.own >= 1 & not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Now {A} writes to {C}, and {C} begins with this message. No meeting, no new numbering.",
            say: &["M: send 2 at A"],
            until: "rule Join C",
            ask: Some(Prediction {
                question: "What is {C}'s first array?",
                options: &[("[C:1]: it is new", "C.places = 1"), ("[A:2, C:1]", "C.places = 2")],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{B}'s array still has two places. The one that is missing counts as zero, so {B}'s and {C}'s can be compared: concurrent.",
            say: &["N: local at B"],
            until: "B.own >= 2 & not op N open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{C} writes to {B}. From here on {B} counts for three, and what it sends carries the third place along.",
            say: &["N: send 1 at C"],
            until: "B.own >= 3 & not op N open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Whoever joins costs everyone a place, and nobody can take one away without knowing that all have heard.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: add processes, leave some of them out at first, and let somebody speak to them.",
            unlock: &["vector.members", "nodes"],
            ..StoryStep::SAY
        },
    ],
};

const DELAY: Story = Story {
    id: "delay",
    title: "A message that has to wait",
    source: Some(
        "Birman, Schiper, Stephenson 1991, section 5.1: the figure in which m2 is delayed until m1 has come",
    ),
    preset: "broadcast",
    knobs: &[("vector.pause", 10_000_000)],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "{A} broadcasts m1 with the time (1,0,0). {B} has it at once; the way to {C} is slow.",
            say: &["manual on", "M: broadcast at A", "settle M A", "settle A B"],
            until: "B.waiting = 0 & not op M open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{B}, which has delivered m1, broadcasts m2 with the time (1,1,0).",
            say: &["N: broadcast at B", "settle N B"],
            until: "not op N open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "m2 comes to {C} first. Its time says that something of {A} came before.",
            say: &["deliver B > C broadcast"],
            until: "heard",
            ask: Some(Prediction {
                question: "What does {C} do with m2?",
                options: &[
                    ("Deliver it", "C.waiting = 0"),
                    ("Keep it in its buffer", "C.waiting = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "m1 arrives. {C} delivers m1, and then m2.",
            say: &["deliver A > C broadcast"],
            until: "rule Deliver & C.waiting = 0",
            ..StoryStep::SAY
        },
    ],
};

const DYNAMO: Story = Story {
    id: "dynamo",
    title: "Dynamo's five versions",
    source: Some(
        "DeCandia et al. 2007, figure 3: versions D1 to D5 at the servers Sx, Sy, Sz (here A, B, C)",
    ),
    preset: "dynamo",
    knobs: &[],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "A client writes D1 at {A}, and then D2. {A} has seen both: D2 overwrites D1.",
            say: &["manual on", "M: put x=1 at A", "settle M A", "M: put x=2 at A", "settle M A"],
            until: "A.siblings-x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "D2 spreads to {B} and {C}.",
            say: &[
                "M: gossip x=1 at A",
                "settle M A",
                "M: gossip x=2 at A",
                "settle M A",
                "settle A B",
                "settle A C",
            ],
            until: "B.siblings-x = 1 & C.siblings-x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The client reads D2 at {B} and writes D3 there. Another client reads D2 at {C} and writes D4.",
            say: &[
                "M: get x at B",
                "settle M B",
                "M: put x=3 at B",
                "settle M B",
                "N: get x at C",
                "settle N C",
                "N: put x=4 at C",
                "settle N C",
            ],
            until: "not op N open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Both come to {A}. D3 and D4 both replace D2, but neither replaces the other.",
            say: &[
                "N: gossip x=0 at B",
                "settle N B",
                "N: gossip x=0 at C",
                "settle N C",
                "settle A B C",
            ],
            until: "not op N open",
            ask: Some(Prediction {
                question: "What does {A} keep?",
                options: &[
                    ("One version: the last to come", "A.siblings-x = 1"),
                    ("Two versions, side by side", "A.siblings-x = 2"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A client reads both at {A}, reconciles them, and writes D5: it replaces both.",
            say: &["M: get x at A", "settle M A", "M: put x=5 at A", "settle M A"],
            until: "A.siblings-x = 1",
            ..StoryStep::SAY
        },
    ],
};

/// Basho's example of two clients that write through one server in turn.
const SIBLINGS: Story = Story {
    id: "siblings",
    title: "Two clients, two siblings",
    source: Some(
        "Basho: Vector Clocks Revisited, Part 2, on sibling explosion and dotted version vectors in Riak",
    ),
    preset: "riak",
    knobs: &[("client.interval", 0), ("vector.pause", 10_000_000)],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "Two clients write one key at {A}, in turn. Neither had read the other's first value.",
            say: WRITE_TWICE,
            until: "A.siblings-x = 2",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{M} writes again. It had read only its own first value, and the dot says which one that is.",
            say: WRITE_THIRD,
            until: "not op M open",
            ask: Some(Prediction {
                question: "How many siblings are there now?",
                options: &[("Two", "A.siblings-x = 2"), ("Three", "A.siblings-x = 3")],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{N} writes again: it replaces all but {M}'s last. Two writers, two siblings, however long they go on.",
            say: WRITE_FOURTH,
            until: "A.siblings-x = 2",
            ..StoryStep::SAY
        },
    ],
};

const EXPLOSION: Story = Story {
    id: "explosion",
    title: "Sibling explosion",
    mutants: &["one-vector"],
    steps: &[
        StoryStep {
            text: "The same two clients, before dots: one version vector stands for all siblings of the key.",
            say: WRITE_TWICE,
            until: "A.siblings-x = 2",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{M} writes again. Its context is older than the vector, so nothing may go: its own first value stays.",
            say: WRITE_THIRD,
            until: "A.siblings-x = 3",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{N} writes again: four siblings of two clients, two of them long read. It never ends.",
            say: WRITE_FOURTH,
            until: "A.siblings-x = 4 & violation no-false-concurrency",
            ..StoryStep::SAY
        },
    ],
    ..SIBLINGS
};

/// The same writes, kept in three ways at once.
const THREE_WAYS: Story = Story {
    id: "three-ways",
    title: "Three ways to keep siblings",
    knobs: &[("client.interval", 0), ("vector.pause", 10_000_000), ("vector.compare", 1)],
    steps: &[
        StoryStep {
            text: "{A} keeps every write in three ways: with dots, under one vector of servers, and under a vector of clients each.",
            say: WRITE_TWICE,
            until: "A.siblings-x = 2 & A.one-vector-x = 2 & A.by-client-x = 2",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{M} writes again, having read only its own first value.",
            say: WRITE_THIRD,
            until: "not op M open",
            ask: Some(Prediction {
                question: "Which way now keeps a value whose reader has replaced it?",
                options: &[
                    ("One vector of servers", "A.one-vector-x = 3 & A.siblings-x = 2"),
                    ("Vectors of clients", "A.by-client-x = 3"),
                    ("None of them", "A.one-vector-x = 2"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{N} too. Under one vector nothing goes; with dots two siblings stay. Vectors of clients do as well, but have a place for every client that ever wrote.",
            say: WRITE_FOURTH,
            until: "A.siblings-x = 2 & A.one-vector-x = 4 & A.by-client-x = 2",
            ..StoryStep::SAY
        },
    ],
    ..SIBLINGS
};

const WRITE_TWICE: &[&str] =
    &["manual on", "M: put x=1 at A", "settle M A", "N: put x=2 at A", "settle N A"];
const WRITE_THIRD: &[&str] = &["M: put x=3 at A", "settle M A"];
const WRITE_FOURTH: &[&str] = &["N: put x=4 at A", "settle N A"];

const NONE: Limits =
    Limits { timers: 0, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };
const STORE: &[(&str, i64)] =
    &[("nodes", 1), ("clients", 2), ("vector.store", 1), ("client.reads", 0)];

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "four-siblings",
        goal: "With one vector for all siblings, have two clients make four of them.",
        until: "A.siblings-x >= 4",
        knobs: STORE,
        mutants: &["one-vector"],
        limits: Limits { ops: 4, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "four-siblings-dotted",
        goal: "With dotted version vectors, have two clients make four siblings.",
        until: "A.siblings-x >= 4",
        knobs: STORE,
        mutants: &[],
        limits: Limits { ops: 5, ..NONE },
        impossible: true,
    },
    Challenge {
        id: "effect-first",
        goal: "Deliver broadcasts as they come, and have a process see an effect before its cause.",
        until: "violation causal-delivery",
        knobs: &[("nodes", 3), ("clients", 0), ("vector.broadcast", 1)],
        mutants: &["at-once"],
        limits: Limits { timers: 2, ..NONE },
        impossible: false,
    },
];
