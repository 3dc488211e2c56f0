//! Its stories, its re-enactments and its challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[WAIT, LIE, TWO, REVERSE, LEGAL, ILLEGAL];

/// By hand, and with clocks that are only wrong where the story says so.
const EXACT: &[(&str, i64)] =
    &[("client.interval", 0), ("clock.offset", 0), ("clock.epsilon", 4_000)];

const WAIT: Story = Story {
    id: "commit-wait",
    title: "Waiting out the uncertainty",
    source: None,
    preset: "paper",
    knobs: EXACT,
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "Three leaders: {S1} has row x, {S2} y, {S3} z. Asked for the time, TrueTime gives an interval, here 4 ms to either side of the clock; true time lies within.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A writes x=1. {S1} locks x and takes the latest moment that now may be as the timestamp s. The write is on disk, and yet A is not told.",
            say: &["A: write x=1 at S1"],
            until: "rule Decide S1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Commit wait: the lock is held, and A waits, until even the earliest moment that now may be is past s.",
            until: "op A ok",
            ask: Some(Prediction {
                question: "How long does {S1} wait?",
                options: &[
                    ("About 8 ms, twice \u{3b5}", "S1.waited >= 8000"),
                    ("Not at all: the write is on disk", "S1.waited = 0"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Next, {S2}'s clock falls 4 ms behind; its interval still contains true time. A writes x=2 and begins to wait.",
            say: &["clock.jump S2 -4ms", "A: write x=2 at S1"],
            until: "rule Decide S1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B reads x through {S2}, which chooses the latest moment that now may be as the time of the snapshot, without a lock.",
            say: &["B: read x at S2"],
            until: "not op B open",
            ask: Some(Prediction {
                question: "The write of x=2 is under way. What does B read?",
                options: &[
                    ("1: the snapshot is from before s", "S1.told = 1"),
                    ("2: it is on disk", "S1.told = 2"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "C reads through {S3}, whose interval reaches beyond s. Operations that overlap may go either way.",
            say: &["C: read x at S3"],
            until: "not op C open",
            ask: Some(Prediction {
                question: "What does {S1} tell C?",
                options: &[
                    ("1, at once, as it told B", "S1.told = 1"),
                    ("2, once x=2 is committed", "S1.told = 2"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "C has read 2. Now B asks again, through {S2} with its slow clock.",
            say: &["B: read x at S2"],
            until: "not op B open",
            ask: Some(Prediction {
                question: "May B still read 1?",
                options: &[
                    ("No: s was past before C was told, for every clock", "S1.told = 2"),
                    ("Yes: {S2}'s clock is behind", "S1.told = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: with a smaller \u{3b5} commits are faster. With clocks further off than \u{3b5} says, they are wrong: the next story.",
            unlock: &["clock.epsilon", "clock.offset", "clock.poll", "spanner.tablets"],
            ..StoryStep::SAY
        },
    ],
};

const LIE: Story = Story {
    id: "lie",
    title: "A lie of one millisecond",
    source: None,
    preset: "paper",
    knobs: &[
        ("client.interval", 0),
        ("clock.epsilon", 4_000),
        ("clock.offset", 5_000),
        ("net.high", 600),
    ],
    mutants: &[],
    // {S1}'s clock is 4.95 ms ahead and {S2}'s 4.89 ms behind.
    seed: 7_168,
    steps: &[
        StoryStep {
            text: "TrueTime says 4 ms, and clocks are up to 5 ms off: {S1} is ahead by that much, {S2} behind.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A writes x=1 at {S1}, which waits until s must be past. It is not quite: almost a millisecond is missing.",
            say: &["A: write x=1 at S1"],
            until: "op A ok & violation true-time",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A is told, and tells B and C. B writes y=1 at {S2}; at the same time C reads x through {S2}.",
            say: &["B: write y=1 at S2", "C: read x at S2"],
            until: "not op B open & not op C open",
            ask: Some(Prediction {
                question: "B began after A was done. Which timestamp is higher?",
                options: &[
                    ("B's", "not violation external-consistency"),
                    ("A's, as if it had come later", "violation external-consistency"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "And C, who knew of A's write, read that there is no x: its snapshot was taken before s. No order explains that.",
            until: "violation linearizable",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn. An interval that always contains true time is all that Spanner needs of its clocks; they need not be exact.",
            unlock: &["clock.epsilon", "clock.offset", "clock.drift", "clock.assumed"],
            ..StoryStep::SAY
        },
    ],
};

const TWO: Story = Story {
    id: "two-tablets",
    title: "A crash in commit wait",
    source: Some(
        "Corbett et al. 2012, section 4.2.1: the coordinator's timestamp is no less than all prepare timestamps, and it waits before anybody is told; section 4.1.3: a snapshot waits for what is prepared",
    ),
    preset: "two-tablets",
    knobs: EXACT,
    mutants: &[],
    seed: 4,
    steps: &[
        StoryStep {
            text: "Row x has an index entry on {S2}'s tablet. A writes x=1: {S1} locks the row and asks {S2} to prepare.",
            say: &["A: write x=1 at S1"],
            until: "rule Prepare S2",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S2} has locked the entry and written down a prepare timestamp. {S1} chooses s, no lower than that and no lower than the latest moment that now may be.",
            until: "rule Decide S1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "In commit wait {S1} crashes. B reads the entry at {S2}, which is prepared and knows no outcome.",
            say: &["crash S1", "B: read x at S2"],
            until: "after 30ms",
            ask: Some(Prediction {
                question: "What does B hear?",
                options: &[
                    ("Nothing yet: the transaction may come below the snapshot", "op B open"),
                    ("That there is no x", "op B ok"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S1} starts again. What it had decided is on its disk: it waits until s is past, answers, and tells {S2}. B reads 1.",
            say: &["restart S1"],
            until: "op B ok & op A ok & S2.x = 1 & S2.told = 1",
            ..StoryStep::SAY
        },
    ],
};

const REVERSE: Story = Story {
    id: "causal-reverse",
    title: "Causal reverse: the second write without the first",
    source: Some(
        "Jepsen: CockroachDB beta-20160829, 2017, Comments; the workload is causal_reverse.clj of jepsen.tests",
    ),
    preset: "cockroachdb",
    knobs: &[("client.interval", 0), ("clock.offset", 0)],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "Clocks may be 500 ms apart, and writes do not wait that out: a read that meets a value it cannot place restarts above it. {S2}'s clock is 100 ms behind.",
            say: &["clock.jump S2 -100ms", "C: scan at S3"],
            until: "rule Snapshot S3",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "C reads x and y at one time, which {S3} has chosen. {S1} says: no x. The question for y is on its way, slowly.",
            say: &["hold S3 > S2 Read"],
            until: "rule ReadRow S1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A writes x=1, and is told at once.",
            say: &["A: write x=1 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A tells B, not by the database. B writes y=2; {S2} stamps it by its slow clock.",
            say: &["B: write y=2 at S2"],
            until: "op B ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Now the question for y arrives.",
            say: &["release S3 > S2 Read"],
            until: "op C ok",
            ask: Some(Prediction {
                question: "What has C's scan seen?",
                options: &[
                    (
                        "y=2 and no x: the second write without the first",
                        "S2.told = 2 & not S1.told = 1",
                    ),
                    ("Neither: it began before both", "not S2.told = 2"),
                    ("Both", "S2.told = 2 & S1.told = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Serializable: B's write, the scan, A's write is an order. Strictly serializable: no, A was done when B began. Commit wait would have kept A waiting until every clock was past its timestamp.",
            until: "violation external-consistency & not violation repeatable-snapshot & not violation linearizable",
            unlock: &["spanner.wait", "clock.epsilon"],
            ..StoryStep::SAY
        },
    ],
};

const PORCUPINE: &str = "Porcupine, README (github.com/anishathalye/porcupine)";

const LEGAL: Story = Story {
    id: "porcupine-legal",
    title: "put 100, get 100, get 0: legal",
    source: Some(PORCUPINE),
    preset: "paper",
    knobs: EXACT,
    mutants: &[],
    seed: 2,
    steps: &[
        StoryStep {
            text: "Three leaders, \u{3b5} is 4 ms. A writes x=0, and is told.",
            say: &["A: write x=0 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S2}'s clock falls 4 ms behind, as far as \u{3b5} allows. A writes x=100; its timestamp is chosen, commit wait begins.",
            say: &["clock.jump S2 -4ms", "A: write x=100 at S1"],
            until: "rule Decide S1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "C reads through {S3}, and has to wait for the write. B reads through {S2}, and learns 0.",
            say: &["C: read x at S3", "B: read x at S2"],
            until: "op B ok & S1.told = 0",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Commit wait is over. A's answer is slow, C's is not: C learns 100.",
            until: "rule Commit S1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "All three overlap, so the read of 0 may come first, then the write, then the read of 100.",
            say: &["hold S1 > A ok"],
            until: "op C ok & S1.told = 100",
            ask: Some(Prediction {
                question: "0 and 100 while one write was under way. Is there an order that explains it?",
                options: &[
                    ("Yes: 0, the write, 100", "not violation linearizable"),
                    ("No", "violation linearizable"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A is told at last.",
            say: &["release S1 > A ok"],
            until: "op A ok & not violation",
            ..StoryStep::SAY
        },
    ],
};

const ILLEGAL: Story = Story {
    id: "porcupine-illegal",
    title: "put 200, get 200, then get 0: illegal",
    source: Some(PORCUPINE),
    preset: "paper",
    knobs: EXACT,
    mutants: &["early-release"],
    seed: 2,
    steps: &[
        StoryStep {
            text: "The same, but {S1} releases its locks before commit wait. x is 0.",
            say: &["A: write x=0 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S2}'s clock is 4 ms behind. A writes x=200; the lock is free again at once.",
            say: &["clock.jump S2 -4ms", "A: write x=200 at S1"],
            until: "rule Decide S1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "C reads under the lock, and learns 200 before its timestamp has passed.",
            say: &["C: get x at S1"],
            until: "op C ok & S1.told = 200",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "After that B reads through {S2}, whose snapshot is from before that timestamp.",
            say: &["B: read x at S2"],
            until: "op B ok & S1.told = 0",
            ask: Some(Prediction {
                question: "200, and then 0, while the write is under way. Is there an order?",
                options: &[
                    ("No: who read 200 saw it done", "violation linearizable"),
                    ("Yes: the write is not over", "not violation linearizable"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "That is why Spanner holds its locks while it waits.",
            until: "op A ok",
            ..StoryStep::SAY
        },
    ],
};

const NONE: Limits =
    Limits { timers: 0, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

/// Four leaders, of whom the last has the fastest clock and the first the slowest.
macro_rules! two_writes {
    ($offset:literal) => {
        &[
            ("nodes", 4),
            ("clients", 2),
            ("client.keys", 4),
            ("client.reads", 0),
            ("net.low", 250),
            ("clock.poll", 0),
            ("clock.epsilon", 500),
            ("clock.offset", $offset),
        ]
    };
}

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "smallest-illegal",
        goal: "Without commit wait, make a history that no order explains, as small as can be.",
        until: "violation linearizable",
        knobs: &[
            ("nodes", 2),
            ("clients", 1),
            ("client.reads", 500_000),
            ("net.low", 250),
            ("clock.poll", 0),
        ],
        mutants: &["no-commit-wait"],
        limits: Limits { ops: 2, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "lie",
        goal: "With clocks up to 1 ms further off than \u{3b5} says, break external consistency.",
        until: "violation external-consistency",
        knobs: two_writes!(1_500),
        mutants: &[],
        limits: Limits { ops: 2, timers: 5, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "true-intervals",
        goal: "With clocks no further off than \u{3b5} says, break external consistency.",
        until: "violation external-consistency",
        knobs: two_writes!(500),
        mutants: &[],
        limits: Limits { ops: 2, timers: 5, ..NONE },
        impossible: true,
    },
];
