//! PACELC: if there is a partition, availability or consistency; else, latency or consistency.
//!
//! *Models*: servers and clients in regions that lie as far apart as those of a real cloud. The
//! presets run leaderless quorums ([`super::quorum`]), Raft ([`super::raft`]) or a primary and its
//! copies ([`super::sessions`]); what each choice of R and W costs and returns is measured from what clients saw ([`crate::check::plane`]).
//!
//! *Leaves out*: placement of keys (every server holds every key), commit wait, closed timestamps: the
//! reads of CockroachDB's followers are older than those here.
//!
//! *Checks*: linearizability of what clients learn; staleness and latency are measured.
//!
//! *Papers*: Abadi: Consistency Tradeoffs in Modern Distributed Database System Design, 2012;
//! Bailis et al.: Probabilistically Bounded Staleness for Practical Partial Quorums, VLDB 2012.

use super::catalog::{self, Info, Other, Preset, Scene};
use super::quorum::Quorum;
use super::raft::Raft;
use super::sessions::Sessions;
use crate::core::view::{Layout, Lens};
use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Challenge, Give, Limits, Prediction, Sliders, Story, StoryStep};

/// The scene.
pub const SCENE: Scene = Scene {
    id: "pacelc",
    title: "PACELC",
    family: "Theorems",
    line: "Even with nothing broken, you pay in latency or in staleness.",
    seed_phrases: &["PACELC: if partition, A or C; else, latency or consistency"],
    sources: &[
        "Abadi: Consistency Tradeoffs in Modern Distributed Database System Design, 2012",
        "Bailis et al.: Probabilistically Bounded Staleness for Practical Partial Quorums, VLDB 2012",
    ],
    leaves_out: "Placement of keys (every server holds every key), commit wait, closed timestamps (CockroachDB's followers answer from some seconds ago), the promotion of another primary.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: HERO,
    stories: STORIES,
    challenges: CHALLENGES,
    build: |setup| match setup.preset.as_str() {
        one if LOGS.contains(&one) => catalog::make::<Raft>(PRESETS, setup),
        one if COPIES.contains(&one) => catalog::make::<Sessions>(PRESETS, setup),
        _ => catalog::make::<Quorum>(PRESETS, setup),
    },
    info: quorums,
    others: OTHERS,
};

/// Presets that run on a replicated log.
pub const LOGS: &[&str] = &["log", "log-local-reads"];

/// Presets that run on a primary and its copies.
pub const COPIES: &[&str] = &[
    "mongodb-w1",
    "mongodb-majority",
    "cosmos-strong",
    "cosmos-bounded",
    "cosmos-session",
    "cosmos-eventual",
];

const OTHERS: &[Other] = &[
    ("log", logs),
    ("log-local-reads", logs),
    ("mongodb-w1", copies),
    ("mongodb-majority", copies),
    ("cosmos-strong", copies),
    ("cosmos-bounded", copies),
    ("cosmos-session", copies),
    ("cosmos-eventual", copies),
];

const LENSES: &[Lens] = &[Lens::Plane, Lens::History];

fn quorums() -> Info {
    Info { lenses: LENSES, ..catalog::info::<Quorum>() }
}

fn logs() -> Info {
    Info { lenses: LENSES, ..catalog::info::<Raft>() }
}

fn copies() -> Info {
    Info { lenses: LENSES, ..catalog::info::<Sessions>() }
}

/// A primary in the first region; each client reads at the nearest copy, unless it says otherwise.
/// Last come what its sessions ask for: reads their own writes, and never older.
macro_rules! primary {
    ($id:literal, $title:literal, $version:literal, $source:literal, $sessions:literal, $($more:expr),*) => {
        Preset {
            id: $id,
            title: $title,
            version: $version,
            source: $source,
            values: &[
                ("net.matrix", 1),
                ("net.low", 300),
                ("net.high", 1_000),
                ("nodes", 3),
                ("clients", 3),
                ("client.keys", 1),
                ("client.interval", 150_000),
                ("client.stickiness", 86_400_000_000),
                ("client.reads", 400_000),
                ("session.primary", 1),
                ("session.push", 1),
                ("session.stale", 1),
                ("session.wfr", 0),
                ("session.mw", 0),
                ("session.ryw", $sessions),
                ("session.mr", $sessions),
                $($more),*
            ],
        }
    };
}

const PRESETS: &[Preset] = &[
    Preset {
        id: "majority",
        title: "Majorities with write-back",
        version: "1995",
        source: "Attiya, Bar-Noy, Dolev: both phases ask a majority; a read writes back what it found",
        values: &[
            ("net.matrix", 1),
            ("net.low", 300),
            ("net.high", 1_000),
            ("nodes", 3),
            ("clients", 3),
            ("client.keys", 1),
            ("client.interval", 150_000),
            ("quorum.r", 2),
            ("quorum.w", 2),
        ],
    },
    Preset {
        id: "cassandra-one",
        title: "Cassandra, level ONE",
        version: "trunk",
        source: "CQL consistency level ONE both ways; the last write wins by the coordinator's clock; hints flushed every 10 s (cassandra.yaml)",
        values: &[
            ("net.matrix", 1),
            ("net.low", 300),
            ("net.high", 1_000),
            ("nodes", 3),
            ("clients", 3),
            ("client.keys", 1),
            ("client.interval", 150_000),
            ("quorum.r", 1),
            ("quorum.w", 1),
            ("quorum.stamps", 1),
            ("quorum.repair", 2),
            ("quorum.hints", 10_000_000),
        ],
    },
    Preset {
        id: "cassandra-quorum",
        title: "Cassandra, level QUORUM",
        version: "trunk",
        source: "CQL consistency level QUORUM both ways, read_repair BLOCKING; the last write wins by the coordinator's clock",
        values: &[
            ("net.matrix", 1),
            ("net.low", 300),
            ("net.high", 1_000),
            ("nodes", 3),
            ("clients", 3),
            ("client.keys", 1),
            ("client.interval", 150_000),
            ("quorum.r", 2),
            ("quorum.w", 2),
            ("quorum.stamps", 1),
            ("quorum.hints", 10_000_000),
        ],
    },
    Preset {
        id: "cassandra-local-quorum",
        title: "Cassandra, level LOCAL_QUORUM",
        version: "trunk",
        source: "CQL consistency level LOCAL_QUORUM: two of the three copies in the coordinator's own region; here three copies in each of three regions",
        values: &[
            ("net.matrix", 1),
            ("net.low", 300),
            ("net.high", 1_000),
            ("nodes", 9),
            ("clients", 3),
            ("client.keys", 1),
            ("client.interval", 150_000),
            ("quorum.r", 2),
            ("quorum.w", 2),
            ("quorum.count", 1),
            ("quorum.regions", 3),
            ("quorum.stamps", 1),
            ("quorum.hints", 10_000_000),
        ],
    },
    Preset {
        id: "cassandra-each-quorum",
        title: "Cassandra, EACH_QUORUM writes",
        version: "trunk",
        source: "CQL consistency level EACH_QUORUM for writes: two of the three copies in each region; LOCAL_QUORUM for reads",
        values: &[
            ("net.matrix", 1),
            ("net.low", 300),
            ("net.high", 1_000),
            ("nodes", 9),
            ("clients", 3),
            ("client.keys", 1),
            ("client.interval", 150_000),
            ("quorum.r", 2),
            ("quorum.w", 2),
            ("quorum.count", 2),
            ("quorum.regions", 3),
            ("quorum.stamps", 1),
            ("quorum.hints", 10_000_000),
        ],
    },
    Preset {
        id: "dynamodb",
        title: "DynamoDB, default reads",
        version: "2025",
        source: "Developer Guide, DynamoDB read consistency: eventually consistent is the default; within one region; modelled as two of three copies confirm a write and one answers a read",
        values: &[
            ("net.low", 300),
            ("net.high", 1_000),
            ("nodes", 3),
            ("clients", 3),
            ("client.keys", 1),
            ("client.interval", 30_000),
            ("quorum.r", 1),
            ("quorum.w", 2),
            ("quorum.repair", 2),
        ],
    },
    Preset {
        id: "dynamodb-strong",
        title: "DynamoDB, strong reads",
        version: "2025",
        source: "Developer Guide, DynamoDB read consistency: ConsistentRead is opt-in; modelled as two of three copies answer each way",
        values: &[
            ("net.low", 300),
            ("net.high", 1_000),
            ("nodes", 3),
            ("clients", 3),
            ("client.keys", 1),
            ("client.interval", 30_000),
            ("quorum.r", 2),
            ("quorum.w", 2),
        ],
    },
    Preset {
        id: "log",
        title: "A leader's log (Spanner, CockroachDB)",
        version: "2012",
        source: "Corbett et al.: Spanner, 2012, section 2.1: the leader of a group orders writes; strong reads see all that was committed before; on our Raft, election timeouts raised to the distance",
        values: LOG,
    },
    Preset {
        id: "log-local-reads",
        title: "A leader's log, reads from the nearest",
        version: "v26",
        source: "CockroachDB documentation, Follower Reads: the closest replica serves, at the cost of historical data; on our Raft any server answers from its own store",
        values: LOCAL,
    },
    primary!(
        "mongodb-w1",
        "MongoDB, w: 1",
        "before 5.0",
        "MongoDB manual, Write Concern: w: 1, the default up to 4.4, is acknowledged by the primary alone; Read Preference: reads go to the primary by default; nobody is promoted here",
        0,
        ("session.lead", 1)
    ),
    primary!(
        "mongodb-majority",
        "MongoDB, w: majority",
        "5.0",
        "MongoDB manual, Write Concern: majority is the implicit default since 5.0; Read Preference: reads go to the primary by default; nobody is promoted here",
        0,
        ("session.lead", 1),
        ("session.confirm", 1)
    ),
    primary!(
        "cosmos-strong",
        "Azure Cosmos DB, Strong",
        "2024",
        "Azure Cosmos DB documentation, Consistency levels: a write is committed in all regions before it is acknowledged, reads are local. A read here may see a write that is on its way",
        0,
        ("session.confirm", 2)
    ),
    primary!(
        "cosmos-bounded",
        "Azure Cosmos DB, Bounded Staleness",
        "2024",
        "Azure Cosmos DB documentation, Consistency levels: over several regions the least bound is 300 s (or 100,000 operations, left out); beyond it writes are held off",
        0,
        ("session.bound", 300_000_000)
    ),
    primary!(
        "cosmos-session",
        "Azure Cosmos DB, Session",
        "2024",
        "Azure Cosmos DB documentation, Consistency levels: the default; a session token, and another copy is asked where the nearest lacks what it names",
        1,
        ("session.confirm", 0)
    ),
    primary!(
        "cosmos-eventual",
        "Azure Cosmos DB, Consistent Prefix and Eventual",
        "2024",
        "Azure Cosmos DB documentation, Consistency levels: for writes of one item Consistent Prefix is Eventual; reads are local, of any age",
        0,
        ("session.confirm", 0)
    ),
];

const LOG: &[(&str, i64)] = &[
    ("net.matrix", 1),
    ("net.low", 300),
    ("net.high", 1_000),
    ("nodes", 3),
    ("clients", 3),
    ("client.keys", 1),
    ("client.interval", 150_000),
    ("raft.heartbeat", 300_000),
    ("raft.election-low", 1_000_000),
    ("raft.election-high", 2_000_000),
    ("client.timeout", 3_000_000),
    ("client.retry", 1_000_000),
];

const LOCAL: &[(&str, i64)] = &[
    ("net.matrix", 1),
    ("net.low", 300),
    ("net.high", 1_000),
    ("nodes", 3),
    ("clients", 3),
    ("client.keys", 1),
    ("client.interval", 150_000),
    ("raft.heartbeat", 300_000),
    ("raft.election-low", 1_000_000),
    ("raft.election-high", 2_000_000),
    ("client.timeout", 3_000_000),
    ("client.retry", 1_000_000),
    ("raft.reads", 1),
];

/// What the scene opens on.
const HERO: Hero = Hero {
    caption: "Nothing is broken. Near copies answer fast, and sometimes with old values.",
    run: Story {
        preset: "cassandra-one",
        knobs: &[("client.interval", 400_000)],
        seed: 3,
        steps: &[
            StoryStep { until: "judged >= 34", ..StoryStep::SAY },
            StoryStep { until: "judged >= 40", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 1,
    lead: 400_000,
    tail: 800_000,
    main: Main::Chart,
    light: &[],
    next: &[Next {
        label: "Ask two of three",
        note: "Fresh, and slower.",
        does: Does::Under(&[("quorum.r", 2), ("quorum.w", 2)], &[]),
        then: "p99 >= 60000",
    }],
};

const STORIES: &[Story] = &[DISTANCE, OFTEN_FRESH];

const DISTANCE: Story = Story {
    id: "distance",
    title: "The price of asking the others",
    source: Some(
        "Abadi 2012: consistency and latency are traded also while nothing fails; the two halves of PACELC",
    ),
    preset: "cassandra-quorum",
    knobs: &[("client.interval", 0)],
    mutants: &[],
    seed: 11,
    steps: &[
        StoryStep {
            text: "Copies in Virginia, Oregon and Ireland. Nothing has failed. Two of three have to confirm a write, two of three answer a read.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A, in Virginia, writes x=1 at {S1} next door. From Virginia a round trip takes 81 ms to Ireland, and 87 ms to Oregon.",
            say: &["A: put x=1 at S1"],
            until: "op A ok",
            ask: Some(Prediction {
                question: "How long does A wait?",
                options: &[
                    ("About 2 ms: the copy next door", "not took >= 20000"),
                    ("About 80 ms: the nearest other region", "took >= 20000 & not took >= 100000"),
                    ("About 170 ms: until both are asked", "took >= 100000"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The nearest majority decides. C, in Ireland, reads at {S3}: two answers again, one of them from Virginia, and it is the new value.",
            say: &["C: get x at S3"],
            until: "op C ok & took >= 60000 & not violation linearizable",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "That was E: else, while nothing fails, consistency costs latency. Now P: Ireland is cut off.",
            say: &["partition S3 C | rest", "A: put x=2 at S1"],
            until: "op A ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "C reads at {S3}, which can ask nobody.",
            say: &["C: get x at S3"],
            until: "not op C open",
            ask: Some(Prediction {
                question: "What does C hear?",
                options: &[
                    ("x=1, at once", "op C ok"),
                    ("Nothing good: it is refused", "not op C ok"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Consistent in both halves, and paid for in both: PC/EC. With R = W = 1 the same run would be fast, always answered, and sometimes wrong: PA/EL.",
            say: &["heal"],
            until: "after 50ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Your turn: choose another preset, let clients work, and watch the point move over the plane. \"Measure all\" runs every R and W.",
            unlock: &["quorum.r", "quorum.w", "net.matrix"],
            ..StoryStep::SAY
        },
    ],
};

const OFTEN_FRESH: Story = Story {
    id: "often-fresh",
    title: "Eventual is not always stale",
    source: Some(
        "Bailis et al., VLDB 2012, abstract: partial quorums frequently return consistent data within tens of milliseconds",
    ),
    preset: "cassandra-one",
    knobs: &[("client.interval", 400_000)],
    mutants: &[],
    seed: 3,
    steps: &[
        StoryStep {
            text: "R = W = 1 across three regions: each client is served by the copy next door, and a write reaches the others about 40 to 70 ms later.",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Clients read and write the same register about twice a second each. No promise covers any read.",
            until: "judged >= 40",
            ask: Some(Prediction {
                question: "How many of these reads are stale?",
                options: &[
                    ("None", "stale = 0"),
                    ("Some, but less than a quarter", "stale >= 1 & not stale >= 250000"),
                    ("Most", "stale >= 250000"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A read is stale only if it comes within the tens of milliseconds in which a write is on its way. The closed form says how often.",
            until: "judged >= 80 & stale >= 1 & not stale >= 250000",
            ..StoryStep::SAY
        },
    ],
};

const NONE: Limits =
    Limits { ops: 0, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "stale-in-peace",
        goal: "Nothing fails, nothing is lost: with R = W = 1, make a read that a finished write has overtaken.",
        until: "violation linearizable",
        knobs: &[
            ("client.interval", 0),
            ("clients", 2),
            ("quorum.r", 1),
            ("quorum.w", 1),
            ("quorum.stamps", 1),
        ],
        mutants: &[],
        limits: Limits { ops: 2, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "refused-in-a-cut",
        goal: "With R = W = 2, have a living server refuse a read.",
        until: "op fail",
        knobs: &[("client.interval", 0), ("clients", 1)],
        mutants: &[],
        limits: Limits { ops: 1, timers: 1, partitions: 1, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "stale-past-a-quorum",
        goal: "One write, one read after it, R + W > N, no failure: make the read miss the write.",
        until: "violation linearizable",
        knobs: &[("client.interval", 0), ("clients", 2)],
        mutants: &[],
        limits: Limits { ops: 2, ..NONE },
        impossible: true,
    },
    Challenge {
        id: SLIDERS.challenge,
        goal: "On these three regions, have 99 of 100 operations take less than 20 ms, and less than 0.1 % of reads miss what was confirmed 50 ms before.",
        until: "not p99 >= 20000 & not stale@50ms >= 1000 & judged >= 300",
        knobs: &[("clients", 3), ("client.interval", 150_000)],
        mutants: &[],
        limits: NONE,
        impossible: true,
    },
];

/// Measured, not searched: a minute of clients' work at each position. A write that is confirmed next
/// door needs up to 69 ms to the other side of the map, so what is fast enough is too young there; and
/// what waits for an answer from there is too slow.
pub const SLIDERS: Sliders = Sliders {
    challenge: "fast-and-fresh",
    sliders: &[
        ("quorum.r", 1, 3),
        ("quorum.w", 1, 3),
        ("quorum.stamps", 0, 2),
        ("quorum.repair", 0, 2),
    ],
    gives: &[
        Give { what: "latency", until: "p99 >= 20000", limits: NONE },
        Give { what: "freshness", until: "stale@50ms >= 1000", limits: NONE },
    ],
    measured: 60_000_000,
};
