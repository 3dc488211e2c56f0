//! Raft's story, its re-enactments and its challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[
    Story {
        id: "leader",
        title: "One leader at a time",
        source: None,
        preset: "paper",
        knobs: &[("client.interval", 0)],
        mutants: &[],
        seed: 7,
        steps: &[
            StoryStep {
                text: "Five servers, and nobody leads. Each waits a random while for a leader; the first to lose patience asks for votes.",
                until: "rule Timeout",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "A term has at most one leader: each server votes once a term. Three votes of five are enough.",
                until: "rule BecomeLeader",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Client A asks {leader} to write x=7. {leader} appends it to its log and sends it to the others.",
                say: &["A: put x=7 at leader"],
                until: "rule ClientRequest",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Once three logs hold the entry it is committed, and only then does A hear: done.",
                until: "op A ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "A cut is about to leave {old} with one follower. It still believes it leads when client B asks it to write y=9.",
                say: &["name old = leader", "partition old follower B | rest", "B: put y=9 at old"],
                until: "not op B open",
                ask: Some(Prediction {
                    question: "What will client B hear from {old}?",
                    options: &[
                        ("Success", "op B ok"),
                        ("Nothing, until its own timeout", "op B unknown"),
                        ("An error at once", "op B fail"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Two leaders, but of two terms: three servers elected {leader}. Two of five can never commit, so {old} can promise nothing.",
                until: "leaders = 2",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "The cut heals. {old} hears of the higher term and steps down. Its log still ends with y=9.",
                say: &["heal"],
                until: "rule ConflictAppendEntriesRequest old & leaders = 1 & old Follower",
                ask: Some(Prediction {
                    question: "B never heard back. Can y=9 still be committed?",
                    options: &[
                        ("No: what a majority agreed on overwrites it", "old Follower"),
                        ("Yes: it waits its turn", "old Leader"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Your turn. Cut the links, crash the leader, hold back a vote: whatever you do, the claims below are checked after every step.",
                unlock: &["net.loss", "raft.election-low", "raft.election-high"],
                ..StoryStep::SAY
            },
        ],
    },
    FIGURE_8,
    Story {
        id: "figure-8-broken",
        title: "Figure 8 with the rule left out",
        mutants: &["commit-old-term"],
        steps: FIGURE_8_BROKEN,
        ..FIGURE_8
    },
    Story {
        id: "split-vote",
        title: "A split vote",
        source: Some(
            "Raft (extended), section 5.2: \"if many followers become candidates at the same time, votes could be split so that no candidate obtains a majority\"",
        ),
        preset: "paper",
        knobs: &[("nodes", 4), ("client.interval", 0), ("raft.noop", 0)],
        mutants: &[],
        seed: 2,
        steps: &[
            StoryStep {
                text: "Four servers. {S1} and {S2} lose patience at the same moment; each votes for itself.",
                say: &["manual on", "fire S1 election timeout", "fire S2 election timeout"],
                until: "S1 Candidate & S2 Candidate",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "{S3} hears {S1} first, {S4} hears {S2} first. Two votes each; three are needed.",
                say: &["settle S1 S3", "settle S2 S4", "settle S1 S2 S3 S4"],
                until: "leaders = 0 & epoch = 1",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Term 1 ends without a leader. Timeouts are random, so the next try is unlikely to split again.",
                say: &["manual off"],
                until: "leaders = 1 & epoch >= 2",
                ..StoryStep::SAY
            },
        ],
    },
];

const FIGURE_8: Story = Story {
    id: "figure-8",
    title: "Figure 8: a majority is not enough",
    source: Some("Raft (extended), figure 8 and section 5.4.2"),
    preset: "paper",
    knobs: &[("client.interval", 0), ("raft.noop", 0), ("client.timeout", 60_000_000)],
    mutants: &[],
    seed: 8,
    steps: &[A0, A1, B1, C1, D1],
};

const FIGURE_8_BROKEN: &[StoryStep] = &[
    A0,
    A1,
    B1,
    StoryStep {
        text: "{S1} is back, leads term 4 and replicates its old entry to {S3}. Without the rule it calls it committed.",
        until: "S1 Leader & committed >= 2",
        ask: None,
        ..C1
    },
    StoryStep {
        text: "{S1} crashes again. {S5} wins term 5 without the committed entry, and overwrites it.",
        until: "violation leader-completeness",
        ..D1
    },
];

const A0: StoryStep = StoryStep {
    text: "The world stands still: only what we deliver arrives. {S2} is elected, and entry 1 goes to all five.",
    say: &[
        "manual on",
        "fire S2 election timeout",
        "settle S1 S2 S3 S4 S5",
        "A: put x=1 at S2",
        "settle S1 S2 S3 S4 S5 A",
    ],
    until: "committed = 1 & S5.log >= 1",
    ..StoryStep::SAY
};

const A1: StoryStep = StoryStep {
    text: "(a) {S1} leads term 2 and gets entry 2 as far as {S2}.",
    say: &[
        "fire S1 election timeout",
        "settle S1 S2 S3 S4 S5",
        "A: put x=2 at S1",
        "deliver A > S1",
        "settle S1 S2",
        "drop all",
    ],
    until: "S1 Leader & S2.log >= 2 & S3.log = 1",
    ..StoryStep::SAY
};

const B1: StoryStep = StoryStep {
    text: "(b) {S1} crashes. {S5} wins term 3 with the votes of {S3} and {S4}, and takes another entry 2.",
    say: &[
        "crash S1",
        "fire S5 election timeout",
        "settle S3 S4 S5",
        "B: put y=3 at S5",
        "deliver B > S5",
        "drop all",
    ],
    until: "S5 Leader & S5.log >= 2 & S3.log = 1",
    ..StoryStep::SAY
};

const C1: StoryStep = StoryStep {
    text: "(c) {S5} crashes, {S1} is back and wins term 4. It replicates its old entry 2 to {S3}: three of five hold it now.",
    say: &[
        "crash S5",
        "restart S1",
        "fire S1 election timeout",
        "settle S1 S2 S3",
        "fire S1 election timeout",
        "settle S1 S2 S3",
    ],
    until: "S1 Leader & S3.log >= 2",
    ask: Some(Prediction {
        question: "Entry 2 is on a majority. Is it committed?",
        options: &[("Yes, three of five hold it", "committed >= 2"), ("No", "committed = 1")],
    }),
    ..StoryStep::SAY
};

const D1: StoryStep = StoryStep {
    text: "(d) {S1} crashes again, and {S5} wins term 5: its last entry is of term 3, theirs of term 2. It overwrites what a majority held.",
    say: &[
        "drop all",
        "crash S1",
        "restart S5",
        "fire S5 election timeout",
        "settle S2 S3 S4 S5",
        "fire S5 election timeout",
        "settle S2 S3 S4 S5",
    ],
    until: "S5 Leader & epoch = 5",
    ..StoryStep::SAY
};

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "two-leaders",
        goal: "Have two servers lead at once, each in a term of its own.",
        until: "leaders = 2",
        knobs: &[("nodes", 3), ("clients", 0), ("raft.noop", 0)],
        mutants: &[],
        limits: Limits { timers: 2, ops: 0, drops: 0, dups: 0, crashes: 0, partitions: 1, lies: 0 },
        impossible: false,
    },
    Challenge {
        id: "two-leaders-one-term",
        goal: "Have two servers elected in the same term.",
        until: "violation election-safety",
        knobs: &[("nodes", 3), ("clients", 0), ("raft.noop", 0)],
        mutants: &[],
        limits: Limits { timers: 2, ops: 0, drops: 0, dups: 0, crashes: 1, partitions: 0, lies: 0 },
        impossible: true,
    },
    Challenge {
        id: "forgotten-vote",
        goal: "With votes that a crash forgets, have two servers elected in the same term.",
        until: "violation election-safety",
        knobs: &[("nodes", 3), ("clients", 0), ("raft.noop", 0)],
        mutants: &["volatile-vote"],
        limits: Limits { timers: 2, ops: 0, drops: 0, dups: 0, crashes: 1, partitions: 0, lies: 0 },
        impossible: false,
    },
];
