//! Its stories, its re-enactments and its challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[
    COMMENT,
    TOKEN,
    DEVICES,
    READ_AFTER_WRITE,
    BACKWARD,
    REPLY,
    LIBRARY,
    WAIT_FOR_LSN,
    REMOTE_APPLY,
];

pub(super) const BARE: &[(&str, i64)] = &[
    ("client.interval", 0),
    ("session.ryw", 0),
    ("session.mr", 0),
    ("session.wfr", 0),
    ("session.mw", 0),
    ("session.push", 1),
    ("session.gossip", 2_000_000),
];

/// The way from one server to another is cut, and the phone goes from each to the next.
const COMMENT: Story = Story {
    id: "the-comment",
    title: "Posted, gone, back, gone",
    source: None,
    preset: "bayou",
    knobs: BARE,
    mutants: &[],
    seed: 4,
    steps: &[
        StoryStep {
            text: "Three replicas, and a balancer that sends A's phone to the next one each time. The way from {S1} to {S2} is down for a while.",
            say: &["cut S1 > S2"],
            until: "after 5ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A posts a comment, x=1. {S1} keeps it, says so, and passes it on: {S3} has it soon.",
            say: &["A: put x=1"],
            until: "op A ok & S3.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A refreshes the page. It is {S2}'s turn to answer.",
            say: &["A: get x"],
            until: "not op A open",
            ask: Some(Prediction {
                question: "What does A see?",
                options: &[
                    ("Its comment", "op A ok & not violation read-your-writes"),
                    ("No comment", "op A ok & violation read-your-writes"),
                    ("An error", "op A fail"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Gone: A does not read its own write. It refreshes once more; {S3} answers, and there it is.",
            say: &["A: get x"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S1} has it as well, of course.",
            say: &["A: get x"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Once more. It is {S2}'s turn again.",
            say: &["A: get x"],
            until: "not op A open",
            ask: Some(Prediction {
                question: "A has seen the comment twice. Does it stay?",
                options: &[
                    ("It vanishes again", "violation monotonic-reads"),
                    ("It stays", "not violation monotonic-reads"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A's reads went back in time. Now the link comes up, {S2} asks for what it lacks, and all agree: nothing was ever lost but the order.",
            say: &["heal"],
            until: "S2.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: switch the four guarantees on, one at a time. The same run goes again, and one lamp after another stays lit.",
            unlock: &[
                "session.ryw",
                "session.mr",
                "session.wfr",
                "session.mw",
                "session.stale",
                "client.stickiness",
            ],
            ..StoryStep::SAY
        },
    ],
};

/// With the half of the token that says what was written.
const TOKEN: Story = Story {
    id: "half-a-token",
    title: "Half a token",
    knobs: &[
        ("client.interval", 0),
        ("client.timeout", 20_000_000),
        ("session.mr", 0),
        ("session.wfr", 0),
        ("session.mw", 0),
        ("session.push", 1),
        ("session.gossip", 2_000_000),
        ("session.wait", 10_000_000),
    ],
    steps: &[
        StoryStep {
            text: "The same phone and the same broken link. But A now carries a token that says what it has written, and every server can compare.",
            say: &["cut S1 > S2"],
            until: "after 5ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A posts x=1: the first write of {S1}. The answer brings the token [S1:1].",
            say: &["A: put x=1"],
            until: "op A ok & S3.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A refreshes and shows its token to {S2}, which has seen nothing yet.",
            say: &["A: get x"],
            until: "rule Wait S2",
            ask: Some(Prediction {
                question: "What does {S2} do?",
                options: &[
                    ("It answers: no comment", "op A ok"),
                    ("It waits until it has seen [S1:1]", "S2.waiting = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The link comes up, {S2} asks around, and A gets its comment: late, and right.",
            say: &["heal"],
            until: "op A ok & S2.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The link fails again, and A writes x=2 at {S1}.",
            say: &["cut S1 > S2", "A: put x=2 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B only reads. It has written nothing, so this half of the token says nothing for it. It reads x=2 at {S1}.",
            say: &["B: get x at S1"],
            until: "op B ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Next, B reads at {S2}.",
            say: &["B: get x at S2"],
            until: "not op B open",
            ask: Some(Prediction {
                question: "Which lamp goes out?",
                options: &[
                    (
                        "Monotonic reads alone",
                        "violation monotonic-reads & not violation read-your-writes",
                    ),
                    ("Read your writes", "violation read-your-writes"),
                    ("None", "not violation"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: switch on the other half, what was read. Two halves, asked for at reads and at writes, make four guarantees.",
            unlock: &["session.mr", "session.wfr", "session.mw", "session.stale", "session.wait"],
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

/// A guarantee belongs to a session, not to a person.
const DEVICES: Story = Story {
    id: "two-devices",
    title: "One person, two devices",
    knobs: &[
        ("client.interval", 0),
        ("client.timeout", 20_000_000),
        ("session.push", 1),
        ("session.gossip", 2_000_000),
        ("session.wait", 10_000_000),
    ],
    steps: &[
        StoryStep {
            text: "All four guarantees are on. A is somebody's phone, B the same person's laptop: each has a token of its own.",
            say: &["cut S1 > S2"],
            until: "after 5ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The phone posts x=1 at {S1}; the way to {S2} is down.",
            say: &["A: put x=1 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The person turns to the laptop and looks, at {S2}.",
            say: &["B: get x at S2"],
            until: "not op B open",
            ask: Some(Prediction {
                question: "No comment. Is a guarantee broken?",
                options: &[
                    ("No: B's session has written nothing", "op B ok & not violation"),
                    ("Yes: read your writes", "violation read-your-writes"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The phone itself looks at {S2}, and {S2} waits: this token knows.",
            say: &["A: get x at S2"],
            until: "S2.waiting = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The link comes up, and the phone is answered.",
            say: &["heal"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn. A token that is not handed over ends with its device; who wants it for a person has to keep it where both devices find it.",
            unlock: &["clients", "client.stickiness", "client.balance"],
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

const FOLLOWERS: &[(&str, i64)] = &[
    ("client.interval", 0),
    ("session.ryw", 0),
    ("session.mr", 0),
    ("session.wfr", 0),
    ("session.mw", 0),
    ("session.primary", 1),
    ("session.push", 1),
    ("session.gossip", 2_000_000),
];

const READ_AFTER_WRITE: Story = Story {
    id: "read-after-write",
    title: "A write, and then a stale replica",
    source: Some(
        "Kleppmann: Designing Data-Intensive Applications, 2017, figure 5-3: a user makes a write, followed by a read from a stale replica",
    ),
    knobs: FOLLOWERS,
    steps: &[
        StoryStep {
            text: "{S1} leads, {S2} and {S3} follow. A user inserts a comment at the leader; on its way to {S3} it is late.",
            say: &["cut S1 > S3", "A: put x=1 at S1"],
            until: "op A ok & S2.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The user looks at its comment. The query goes to {S3}: no results.",
            say: &["A: get x at S3"],
            until: "op A ok & violation read-your-writes",
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

const BACKWARD: Story = Story {
    id: "moving-backward",
    title: "Moving backward in time",
    source: Some(
        "Kleppmann: Designing Data-Intensive Applications, 2017, figure 5-4: a user first reads from a fresh replica, then from a stale replica",
    ),
    knobs: FOLLOWERS,
    steps: &[
        StoryStep {
            text: "One user inserts a comment at the leader {S1}. {S2} has it; on its way to {S3} it is late.",
            say: &["cut S1 > S3", "A: put x=1 at S1"],
            until: "op A ok & S2.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Another user, B, reads from {S2}: one result.",
            say: &["B: get x at S2"],
            until: "op B ok & not violation",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B asks again, now {S3}.",
            say: &["B: get x at S3"],
            until: "op B ok",
            ask: Some(Prediction {
                question: "B wrote nothing. Which guarantee is missing?",
                options: &[
                    (
                        "Monotonic reads",
                        "violation monotonic-reads & not violation read-your-writes",
                    ),
                    ("Read your writes", "violation read-your-writes"),
                ],
            }),
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

const REPLY: Story = Story {
    id: "reply-first",
    title: "The reply before the article",
    source: Some(
        "Terry et al. 1994, section 3.3: a bulletin board where a reply is seen without the article it replies to",
    ),
    knobs: BARE,
    steps: &[
        StoryStep {
            text: "A posts an article, x=1, at {S1}. The ways to {S2} and {S3} are slow.",
            say: &["manual on", "A: put x=1 at S1", "settle A S1"],
            until: "S1.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B reads it at {S1}, and then finds itself at {S2}, where it posts the reply, y=2.",
            say: &["B: get x at S1", "settle B S1", "B: put y=2 at S2", "settle B S2"],
            until: "S2.y = 2",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{S2} shows a reply to nothing, and so will {S3}, if it hears of the reply first.",
            say: &["deliver S2 > S3 Update", "C: get y at S3", "settle C S3"],
            until: "S3.y = 2 & violation writes-follow-reads & not violation monotonic-writes",
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

const LIBRARY: Story = Story {
    id: "library",
    title: "The program before its library",
    source: Some(
        "Terry et al. 1994, section 3.4: a new library, and then a program that needs it, written to different servers",
    ),
    knobs: BARE,
    steps: &[
        StoryStep {
            text: "A programmer writes a new library, x=1, at {S1}. The ways to the others are slow.",
            say: &["manual on", "A: put x=1 at S1", "settle A S1"],
            until: "S1.x = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The program that needs it, y=2, goes to {S2}.",
            say: &["A: put y=2 at S2", "settle A S2"],
            until: "S2.y = 2",
            ask: Some(Prediction {
                question: "Can somebody now run the new program with the old library?",
                options: &[
                    ("Yes, at {S2}", "violation monotonic-writes"),
                    ("No", "not violation monotonic-writes"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "B finds the new program at {S2}, and no library.",
            say: &["B: get y at S2", "settle B S2", "B: get x at S2", "settle B S2"],
            until: "op B ok & violation causal",
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

const WAIT_FOR_LSN: Story = Story {
    id: "wait-for-lsn",
    title: "WAIT FOR LSN",
    source: Some(
        "PostgreSQL 19 documentation, WAIT FOR: a session waits on the standby until the LSN of its last write is replayed",
    ),
    preset: "postgres-lsn",
    knobs: &[("client.interval", 0), ("session.wait", 10_000_000), ("client.timeout", 20_000_000)],
    steps: &[
        StoryStep {
            text: "{S1} is the primary, {S2} a standby. A commits x=1 and keeps the LSN. The standby is behind.",
            say: &["cut S1 > S2", "A: put x=1 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A reads on the standby, and first waits there for its LSN.",
            say: &["A: get x at S2"],
            until: "S2.waiting = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The standby replays the write, and A reads it.",
            say: &["heal"],
            until: "op A ok & S2.x = 1 & not violation",
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

const REMOTE_APPLY: Story = Story {
    id: "remote-apply",
    title: "remote_apply: the writer waits",
    source: Some(
        "PostgreSQL documentation, synchronous_commit: with remote_apply a commit is visible to queries on the standby once it is acknowledged",
    ),
    preset: "postgres-remote-apply",
    knobs: &[("client.interval", 0), ("client.timeout", 20_000_000)],
    steps: &[
        StoryStep {
            text: "The other way round: A's commit waits for the standby, and the standby is behind.",
            say: &["cut S1 > S2", "A: put x=1 at S1"],
            until: "S1.unconfirmed = 1",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The link comes up. {S2} applies the write, and only then does A hear that it is committed.",
            say: &["heal"],
            until: "op A ok",
            ask: Some(Prediction {
                question: "Does A need a token to read it at {S2}?",
                options: &[
                    ("No: it is there already", "S2.x = 1"),
                    ("Yes: {S2} may not have it", "not S2.x = 1"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A reads at {S2}, without any token: the cost was paid by the write.",
            say: &["A: get x at S2"],
            until: "op A ok & not violation",
            ..StoryStep::SAY
        },
    ],
    ..COMMENT
};

const NONE: Limits =
    Limits { ops: 0, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

const SMALL: (&str, i64) = ("nodes", 2);

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "reads-go-back",
        goal: "Break monotonic reads but not read your writes.",
        until: "violation monotonic-reads & not violation read-your-writes",
        knobs: &[SMALL, ("clients", 2), ("client.keys", 1), ("session.mr", 0)],
        mutants: &[],
        limits: Limits { ops: 3, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "own-write-missing",
        goal: "Break read your writes but not monotonic reads.",
        until: "violation read-your-writes & not violation monotonic-reads",
        knobs: &[SMALL, ("clients", 2), ("client.keys", 1), ("session.ryw", 0)],
        mutants: &[],
        limits: Limits { ops: 3, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "answer-first",
        goal: "Let a server show an answer without the question that its writer had read.",
        until: "violation writes-follow-reads & not violation monotonic-writes",
        knobs: &[SMALL, ("clients", 2), ("session.wfr", 0)],
        mutants: &[],
        limits: Limits { ops: 3, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "all-four-hold",
        goal: "With all four guarantees on, break any of them.",
        until: "violation",
        knobs: &[SMALL, ("clients", 2)],
        mutants: &[],
        limits: Limits { ops: 3, timers: 1, ..NONE },
        impossible: true,
    },
];
