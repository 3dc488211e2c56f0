//! Its stories, its re-enactment and its challenges.

use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

pub(super) const STORIES: &[Story] = &[
    Story {
        id: "one-bounce",
        title: "A stale router costs a bounce",
        source: None,
        preset: "mongodb",
        knobs: &[("client.interval", 0)],
        mutants: &[],
        seed: 3,
        steps: &[
            StoryStep {
                text: "Three servers keep one table. Routers {S4} and {S5} have copies of it; {S6}, {S7} and {S8} have the shards. Key x lies in shard 0, at {S6}.",
                until: "leaders = 1 & committed >= 5",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "A writes x=1 through {S4}. The router looks into its own copy; the directory hears nothing of it.",
                say: &["A: put x=1 at S4"],
                until: "op A ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "{leader} is told to move the shard to {S8}. The log says so first; then {S6} stops serving it and sends it, in parcels.",
                say: &["C: move x=8 at leader"],
                until: "rule Take S8",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "{S8} owns it, under version 2; the directory's entry follows. {S4} has not heard: its copy says {S6}, version 1. A writes x=2 through it.",
                say: &["A: put x=2 at S4"],
                until: "not op A open",
                ask: Some(Prediction {
                    question: "What becomes of the write?",
                    options: &[
                        ("{S6} turns it away, and it reaches {S8}", "op A ok & S4.fetches >= 1"),
                        ("{S6} carries it out", "violation"),
                        ("It fails", "op A fail"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "StaleConfig: version 1 received, another one wanted. {S4} asked the directory once, and tried again. The next request goes straight to {S8}.",
                say: &["A: get x at S4"],
                until: "op A ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Two of the directory's three servers crash: no majority, no table. B reads z through {S5}.",
                say: &["crash S1", "crash S2", "B: get z at S5"],
                until: "not op B open",
                ask: Some(Prediction {
                    question: "Does B get an answer?",
                    options: &[
                        ("Yes: nobody needs the directory for that", "op B ok"),
                        ("No: without a directory nothing works", "op B unknown"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "The directory is off the data path. But {S5} now restarts, without a table, and B asks again.",
                say: &["crash S5", "restart S5", "B: get z at S5"],
                until: "op B unknown",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "The two are back, and the log has kept the table: {S5} gets its copy.",
                say: &["restart S1", "restart S2"],
                until: "S5.cached >= 4",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Your turn. Switch the check off and move a shard; make answers costly, patience short, and restart every router at once.",
                unlock: &["dir.check", "dir.cost", "dir.entry", "fetch.timeout", "cache.ttl"],
                ..StoryStep::SAY
            },
        ],
    },
    Story {
        id: "no-check",
        title: "Without versions, a write is lost",
        source: None,
        preset: "mongodb",
        knobs: &[("client.interval", 0), ("dir.check", 0)],
        mutants: &[],
        seed: 3,
        steps: &[
            StoryStep {
                text: "The same servers, but requests carry no version, and nobody compares any. Key x lies at {S6}.",
                until: "leaders = 1 & committed >= 5",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Its shard moves to {S8}. {S6} no longer owns it, but has not yet cleaned up its old copy.",
                say: &["C: move x=8 at leader"],
                until: "rule Follow",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Router {S4} has not heard of it. A writes x=5 through {S4}.",
                say: &["A: put x=5 at S4"],
                until: "not op A open",
                ask: Some(Prediction {
                    question: "What does A hear?",
                    options: &[
                        ("Done", "op A ok"),
                        ("That it failed", "op A fail"),
                        ("Nothing", "op A unknown"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Done: {S6} wrote to a copy that nobody will read again. Router {S5} restarts and fetches the table.",
                say: &["crash S5", "restart S5"],
                until: "S5.cached >= 4",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "B reads x through {S5}, at {S8}, who owns it. There is nothing: what A was told is lost.",
                say: &["B: get x at S5"],
                until: "op B ok & violation linearizable",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "One number in each request would have been enough. Switch the check on and do it again.",
                unlock: &["dir.check"],
                ..StoryStep::SAY
            },
        ],
    },
    EVENT,
    Story {
        id: "dynamodb-before",
        title: "The same disruption, before memberships grew",
        knobs: &BEFORE_GROWTH,
        steps: SEAMLESS,
        ..EVENT
    },
    Story {
        id: "dynamodb-after",
        title: "The same disruption, after the fix",
        knobs: &AFTER,
        steps: FIXED,
        ..EVENT
    },
];

/// Time for an entry of an answer, after many had got secondary indexes, and before.
const BIG_TABLE: (&str, i64) = ("dir.entry", 1_250);
const SMALL_TABLE: (&str, i64) = ("dir.entry", 200);

/// One metadata service, one router, fourteen storage servers. AWS has published no such numbers:
/// these are chosen so that memberships fit into the time allowed, and later do not.
const FLEET: [(&str, i64); 11] = [
    ("nodes", 16),
    ("clients", 2),
    ("dir.replicas", 1),
    ("dir.routers", 1),
    ("dir.shards", 28),
    ("dir.keys", 28),
    ("client.keys", 28),
    ("client.timeout", 500_000),
    ("dir.cost", 5_000),
    ("shard.lease", 3_000_000),
    ("fetch.timeout", 150_000),
];

type Turned = (&'static str, i64);

const fn with<const N: usize, const M: usize>(all: [Turned; N], more: &[Turned]) -> [Turned; M] {
    let mut out = [("", 0); M];
    let mut n = 0;
    while n < M {
        out[n] = if n < N { all[n] } else { more[n - N] };
        n += 1;
    }
    out
}

const fn fleet(table: Turned) -> [Turned; 12] {
    with(FLEET, &[table])
}

/// Fewer requests, more time for each, and each for less.
const AFTER: [Turned; 15] = with(
    fleet(BIG_TABLE),
    &[("shard.lease", 6_000_000), ("fetch.timeout", 600_000), ("fetch.segment", 1)],
);
const BEFORE_GROWTH: [Turned; 12] = fleet(SMALL_TABLE);
const GROWN: [Turned; 12] = fleet(BIG_TABLE);

const EVENT: Story = Story {
    id: "dynamodb-2015",
    title: "20 September 2015: everybody asks at once",
    source: Some(
        "AWS, Summary of the Amazon DynamoDB Service Disruption and Related Impacts in the US-East Region, 2015: a brief network disruption at 2:19 am PDT, error rates of about 55 % at 2:37, requests to the metadata service paused at 5:06, largely restored at 7:10. AWS gives no numbers of servers, sizes or times of answers: those of this run are chosen, so that memberships fit into the time allowed, and later do not",
    ),
    preset: "mongodb",
    knobs: &GROWN,
    mutants: &[],
    seed: 0,
    steps: &[
        CALM,
        BLIP,
        StoryStep {
            text: "The network is whole again. All ask at once, for memberships that have grown with secondary indexes.",
            say: &["heal"],
            until: "fact metastable",
            ask: RECOVERS,
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Answers take longer than the time allowed. They are thrown away, and asked for again: {S1} is busy with work that nobody waits for.",
            until: "S3 Unsure & S6 Unsure & S9 Unsure & S12 Unsure & S15 Unsure",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Servers that cannot confirm what they own have disqualified themselves. What helps is to pause all requests until the queue is empty.",
            say: &["isolate S1"],
            until: "S1.waiting = 0",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Then a few are let back.",
            say: &["partition S1 S2 S3 S4 S5 S6 A B | rest"],
            until: "S3 Shard & S4 Shard & S5 Shard & S6 Shard",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "And a few more.",
            say: &["partition S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 S11 A B | rest"],
            until: "S7 Shard & S8 Shard & S9 Shard & S10 Shard & S11 Shard",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "With the last of them it is over: at 7:10, two hours after the pause. Nothing had been broken since 2:19 but the load itself.",
            say: &["heal"],
            until: "S12 Shard & S13 Shard & S14 Shard & S15 Shard & S16 Shard",
            ..StoryStep::SAY
        },
    ],
};

const CALM: StoryStep = StoryStep {
    text: "Fourteen storage servers own shards as long as metadata service {S1} confirms it, which keeps up. AWS published no such numbers: sizes and times here are chosen to fit the account.",
    until: "after 4s",
    ..StoryStep::SAY
};

/// Nobody has been answered; then, everybody has.
const ALL_FAIL: &str = "S3.failures >= 1 & S4.failures >= 1 & S5.failures >= 1 & S6.failures >= 1 & S7.failures >= 1 & S8.failures >= 1 & S9.failures >= 1 & S10.failures >= 1 & S11.failures >= 1 & S12.failures >= 1 & S13.failures >= 1 & S14.failures >= 1 & S15.failures >= 1 & S16.failures >= 1";
const ALL_ANSWERED: &str = "S3.failures = 0 & S4.failures = 0 & S5.failures = 0 & S6.failures = 0 & S7.failures = 0 & S8.failures = 0 & S9.failures = 0 & S10.failures = 0 & S11.failures = 0 & S12.failures = 0 & S13.failures = 0 & S14.failures = 0 & S15.failures = 0 & S16.failures = 0";

const BLIP: StoryStep = StoryStep {
    text: "A brief disruption of the network: nobody reaches {S1}, and by and by all have noticed.",
    say: &["isolate S1"],
    until: ALL_FAIL,
    ..StoryStep::SAY
};

const RECOVERS: Option<Prediction> = Some(Prediction {
    question: "Does the metadata service catch up?",
    options: &[
        ("Yes, within moments", "not fact refresh-storm"),
        ("No: the load stays though nothing is broken", "fact refresh-storm"),
    ],
});

const SEAMLESS: &[StoryStep] = &[
    CALM,
    BLIP,
    StoryStep {
        text: "The network is whole again, and all ask at once, for memberships as small as they once were.",
        say: &["heal"],
        until: ALL_ANSWERED,
        ask: RECOVERS,
        ..StoryStep::SAY
    },
];

const FIXED: &[StoryStep] = &[
    CALM,
    BLIP,
    StoryStep {
        text: "Large memberships, but servers ask less often, for their own part of the table only, and have more time for the answer.",
        say: &["heal"],
        until: ALL_ANSWERED,
        ask: RECOVERS,
        ..StoryStep::SAY
    },
];

/// Small enough to be searched whole: a directory of one server, a router, two shard servers.
const SMALL: [Turned; 10] = [
    ("nodes", 4),
    ("clients", 1),
    ("client.keys", 1),
    ("client.reads", 0),
    ("dir.replicas", 1),
    ("dir.routers", 1),
    ("dir.shards", 1),
    ("dir.keys", 1),
    ("dir.cost", 0),
    ("dir.entry", 0),
];
const UNCHECKED: [Turned; 11] = with(SMALL, &[("dir.check", 0)]);
const MOVE: Limits =
    Limits { timers: 1, ops: 2, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "lost-write",
        goal: "With the version check off, lose a write that was acknowledged.",
        until: "violation nothing-lost",
        knobs: &UNCHECKED,
        mutants: &[],
        limits: MOVE,
        impossible: false,
    },
    Challenge {
        id: "storm",
        goal: "Restart the router, and have two answers in a row come too late once it is up again.",
        until: "fact refresh-storm",
        knobs: &[
            ("nodes", 3),
            ("clients", 0),
            ("dir.replicas", 1),
            ("dir.routers", 1),
            ("dir.shards", 1),
            ("dir.keys", 1),
        ],
        mutants: &[],
        limits: Limits { timers: 5, ops: 0, crashes: 1, ..MOVE },
        impossible: false,
    },
    Challenge {
        id: "checked",
        goal: "With the check on: break any claim. A move, a write and a crash are yours.",
        until: "violation",
        knobs: &SMALL,
        mutants: &[],
        limits: Limits { timers: 2, crashes: 1, ..MOVE },
        impossible: true,
    },
];
