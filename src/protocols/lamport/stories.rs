//! Lamport's stories, re-enactments and challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[BEFORE, RESOURCE, FIGURE_1, PHONE];

const BEFORE: Story = Story {
    id: "before",
    title: "What a number knows",
    source: None,
    preset: "paper",
    knobs: &[("lamport.pause", 10_000_000), ("clients", 2)],
    mutants: &[],
    seed: 3,
    steps: &[
        StoryStep {
            text: "Three processes, no shared clock. Each counts its own events, from zero.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Something happens in {P}, then again. Its clock says one, then two. That is rule IR1.",
            say: &["A: local at P"],
            until: "P.C >= 1 & not op A open",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{P} sends to {Q}. The message carries the time at which it left.",
            say: &["A: send 1 at P"],
            until: "Q.C >= 3 & not op A open",
            ask: Some(Prediction {
                question: "{Q} has counted nothing yet. What will its clock say on arrival?",
                options: &[
                    ("One: its first event", "Q.C = 1"),
                    ("Three: one more than the message says", "Q.C = 3"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{Q} jumps ahead of the message: an effect is always later than its cause. That is rule IR2.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Meanwhile {R} heard of none of this. Its small number says nothing about before: select an event and see what lies beside it.",
            say: &["B: local at R"],
            until: "R.C >= 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: let processes send, hold a message back, and watch which clocks jump.",
            ..StoryStep::SAY
        },
    ],
};

const RESOURCE: Story = Story {
    id: "resource",
    title: "A queue without a queue keeper",
    source: None,
    preset: "resource",
    knobs: &[("lamport.pause", 10_000_000), ("clients", 2)],
    mutants: &[],
    seed: 5,
    steps: &[
        StoryStep {
            text: "Three processes share one printer, and nobody is in charge. Each keeps its own queue of requests.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{Q} wants it: it queues its request and sends it to the others, with its time. That is rule 1.",
            say: &["A: request at Q"],
            until: "rule Request Q",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The message to {P} is slow. {P} has heard nothing when it asks too, a moment later.",
            say: &["hold Q > P request", "B: request at P"],
            until: "rule Request P",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Both requests say time 1. The order of the names breaks the tie, and everyone breaks it alike.",
            say: &["release Q > P request"],
            until: "rule Enter",
            ask: Some(Prediction {
                question: "{Q} asked first, by our watch. Who is granted the printer first?",
                options: &[
                    ("{Q}, it asked first", "Q Holder"),
                    ("{P}, its name comes first", "P Holder"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{P} had heard something later from everyone, so no earlier request could still come. It releases, and now {Q} is first in every queue.",
            until: "rule Enter Q",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{Q} is done. Now {R}, who wants nothing, crashes, and {P} asks once more.",
            say: &["crash R", "A: request at P"],
            until: "after 900ms",
            ask: Some(Prediction {
                question: "Nobody else wants the printer. Does {P} get it?",
                options: &[("Yes", "P Holder"), ("No", "P Waiting")],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "One silent process stops all: {P} must hear from everyone. {R} comes back with its disk, the links repeat what was lost, and {P} goes on.",
            say: &["restart R"],
            until: "rule Enter P",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: let everyone ask, crash the holder, or take messages as they come and see what the rules stand on.",
            unlock: &["lamport.pause", "lamport.hold", "lamport.reverse"],
            ..StoryStep::SAY
        },
    ],
};

/// A client a process, so that the clients carry nothing from one to another.
const FIGURE_1: Story = Story {
    id: "figure-1",
    title: "Figures 1 to 3: p3 and q3 are concurrent",
    source: Some(
        "Lamport 1978, section \"The Partial Ordering\" and figure 1: what the text says of p1, r4, p3, q3 and p4",
    ),
    preset: "paper",
    knobs: &[("lamport.pause", 10_000_000), ("clients", 3)],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "p1 and q1 are sendings, to each other. Their messages cross, and arrive as p2 and q2.",
            say: &[
                "manual on",
                "A: send 1 at P",
                "B: send 0 at Q",
                "settle A P",
                "settle B Q",
                "settle P Q",
            ],
            until: "P.C = 2 & Q.C = 2",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "q3 comes before p3 by our watch. {P} cannot know what {Q} did at q3.",
            say: &["B: local at Q", "settle B Q", "A: local at P", "settle A P"],
            until: "P.C = 3 & Q.C = 3",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "q4 is a sending to {R}, received as r3: through q2 and q4 there is a way from p1 to r4.",
            say: &[
                "C: local at R",
                "settle C R",
                "C: send 1 at R",
                "settle C R",
                "B: send 2 at Q",
                "settle B Q",
                "settle Q R",
                "C: local at R",
                "settle C R",
            ],
            until: "R.C = 6",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Only at p4, when a later message of {Q} comes, has {P} heard of q3.",
            say: &["B: send 0 at Q", "settle B Q", "settle P Q"],
            until: "P.C >= 6",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Choose Lamport clocks above the diagram: the dotted lines are figure 2's ticks, one between any two events of a process. Even spacing straightens them, as in figure 3.",
            ..StoryStep::SAY
        },
    ],
};

/// One client is the person: what it carries is outside of the system.
const PHONE: Story = Story {
    id: "phone",
    title: "Anomalous behavior: a telephone call",
    source: Some("Lamport 1978, section \"Anomalous Behavior\""),
    preset: "phone",
    knobs: &[],
    mutants: &[],
    seed: 4,
    steps: &[
        StoryStep {
            text: "Computer {P} has been busy: its clock says 3. Then a person issues a request on it.",
            say: &[
                "manual on",
                "A: local at P",
                "settle A P",
                "A: local at P",
                "settle A P",
                "A: local at P",
                "settle A P",
                "A: request at P",
                "settle A P",
            ],
            until: "P Waiting & P.C = 4",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The person telephones a friend, who then issues a request on computer {Q}. The network is slow.",
            say: &["A: request at Q", "settle A Q"],
            until: "Q Waiting",
            ask: Some(Prediction {
                question: "{P}'s request has time 4 and truly came first. What time does {Q}'s get?",
                options: &[("5, it came later", "Q.C = 5"), ("1", "Q.C = 1")],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The system cannot know of the call: it grants {Q}'s request first. The Clock Condition holds, for what the processes told each other.",
            say: &["settle P Q"],
            until: "Q Holder & P Waiting",
            ..StoryStep::SAY
        },
    ],
};

const TWO: &[(&str, i64)] = &[("nodes", 2), ("clients", 0), ("lamport.mutex", 1)];

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "misleading",
        goal: "In at most four events, have two that did not happen in order, though their clocks say so.",
        until: "fact ordered-though-concurrent",
        knobs: &[("nodes", 2), ("clients", 0)],
        mutants: &[],
        limits: Limits { timers: 4, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 },
        impossible: false,
    },
    Challenge {
        id: "two-holders",
        goal: "Take messages as they come, and have two processes hold the resource at once.",
        until: "violation mutual-exclusion",
        knobs: TWO,
        mutants: &["as-they-come"],
        limits: Limits { timers: 3, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 },
        impossible: false,
    },
    Challenge {
        id: "two-holders-in-order",
        goal: "With links that keep their order, have two processes hold the resource at once.",
        until: "violation mutual-exclusion",
        knobs: TWO,
        mutants: &[],
        limits: Limits { timers: 3, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 },
        impossible: true,
    },
];
