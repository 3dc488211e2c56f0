//! CAP: one cut, and every request that reaches a living server asks for a choice.
//!
//! *Models*: five servers and two clients, one on each side of a cut. The presets run leaderless
//! quorums ([`super::quorum`]) or Raft ([`super::raft`]), as each system decides who may answer.
//!
//! *Leaves out*: what orders writes inside ZooKeeper (ZAB) and Spanner (Paxos, TrueTime): both run
//! on our Raft here.
//!
//! *Checks*: linearizability of what clients learn, CAP's C; the share of requests received by a
//! living server that were answered, CAP's A, is measured.
//!
//! *Papers*: Gilbert, Lynch: Brewer's Conjecture and the Feasibility of Consistent, Available,
//! Partition-Tolerant Web Services, 2002; Kleppmann: A Critique of the CAP Theorem, 2015.

use super::catalog::{self, Other, Preset, Scene};
use super::quorum::Quorum;
use super::raft::Raft;
use crate::core::view::Layout;
use crate::stories::hero::{Does, Hero, Main, Next};
use crate::stories::{Challenge, Give, Limits, Prediction, Sliders, Story, StoryStep};

/// The scene.
pub const SCENE: Scene = Scene {
    id: "cap",
    title: "CAP",
    family: "Theorems",
    line: "During a partition, a live server must refuse or risk a stale answer.",
    seed_phrases: &[
        "CAP: consistency, availability, partition tolerance",
        "CP: Zookeeper, HBase, Spanner",
        "AP: Cassandra, DynamoDB, CouchDB",
    ],
    sources: &[
        "Gilbert, Lynch: Brewer's Conjecture and the Feasibility of Consistent, Available, Partition-Tolerant Web Services, 2002",
        "Kleppmann: A Critique of the CAP Theorem, 2015",
    ],
    leaves_out: "What orders writes inside ZooKeeper (ZAB) and Spanner (Paxos, TrueTime): both run on Raft here, and only who may answer is compared. A client of ZooKeeper tells a new server what it has seen; here it stays with its server.",
    layout: Layout::Circle,
    presets: PRESETS,
    hero: HERO,
    stories: STORIES,
    challenges: CHALLENGES,
    build: |setup| match LOGS.contains(&setup.preset.as_str()) {
        true => catalog::make::<Raft>(PRESETS, setup),
        false => catalog::make::<Quorum>(PRESETS, setup),
    },
    info: catalog::info::<Quorum>,
    others: OTHERS,
};

/// Presets that run on a replicated log.
const LOGS: &[&str] =
    &["zookeeper", "zookeeper-sync", "hbase", "spanner", "etcd", "etcd-serializable"];

const OTHERS: &[Other] = &[
    ("zookeeper", catalog::info::<Raft>),
    ("zookeeper-sync", catalog::info::<Raft>),
    ("hbase", catalog::info::<Raft>),
    ("spanner", catalog::info::<Raft>),
    ("etcd", catalog::info::<Raft>),
    ("etcd-serializable", catalog::info::<Raft>),
];

const PRESETS: &[Preset] = &[
    Preset {
        id: "majority",
        title: "Majorities (refuse)",
        version: "1995",
        source: "Attiya, Bar-Noy, Dolev: both phases ask a majority; a read writes back what it found",
        values: &[("nodes", 5), ("clients", 2), ("quorum.r", 3), ("quorum.w", 3)],
    },
    Preset {
        id: "anyone",
        title: "Any server alone (answer)",
        version: "2002",
        source: "Gilbert, Lynch, section 3: an algorithm that answers every request at once",
        values: &[
            ("nodes", 5),
            ("clients", 2),
            ("quorum.r", 1),
            ("quorum.w", 1),
            ("quorum.stamps", 1),
            ("quorum.gossip", 300_000),
        ],
    },
    Preset {
        id: "cassandra-one",
        title: "Cassandra, level ONE",
        version: "trunk",
        source: "cassandra.yaml: hinted handoff on, hints flushed every 10 s; CQL consistency level ONE; the last write wins by the coordinator's clock",
        values: &[
            ("nodes", 3),
            ("clients", 2),
            ("quorum.r", 1),
            ("quorum.w", 1),
            ("quorum.stamps", 1),
            ("quorum.hints", 10_000_000),
        ],
    },
    Preset {
        id: "cassandra-quorum",
        title: "Cassandra, level QUORUM",
        version: "trunk",
        source: "CQL consistency level QUORUM, read_repair BLOCKING; the last write wins by the coordinator's clock",
        values: &[
            ("nodes", 3),
            ("clients", 2),
            ("quorum.r", 2),
            ("quorum.w", 2),
            ("quorum.stamps", 1),
            ("quorum.hints", 10_000_000),
        ],
    },
    Preset {
        id: "dynamodb",
        title: "DynamoDB, default reads",
        version: "2025",
        source: "Developer Guide, DynamoDB read consistency: eventually consistent is the default for all reads; modelled as two of three copies confirm a write and one answers a read",
        values: &[
            ("nodes", 3),
            ("clients", 2),
            ("quorum.r", 1),
            ("quorum.w", 2),
            ("quorum.gossip", 500_000),
        ],
    },
    Preset {
        id: "couchdb",
        title: "CouchDB, replicating",
        version: "3.x",
        source: "Documentation, Replication and conflict model: every node takes writes, the longer revision history wins",
        values: &[
            ("nodes", 3),
            ("clients", 2),
            ("quorum.r", 1),
            ("quorum.w", 1),
            ("quorum.stamps", 2),
            ("quorum.gossip", 1_000_000),
        ],
    },
    Preset {
        id: "etcd",
        title: "etcd, linearizable reads",
        version: "3.5",
        source: "etcd embed/config.go: heartbeat 100 ms, election 1000 ms, drawn up to twice that; reads are linearizable by default",
        values: ETCD,
    },
    Preset {
        id: "etcd-serializable",
        title: "etcd, serializable reads",
        version: "3.5",
        source: "etcd embed/config.go, and the KV API's serializable reads: any member answers from its own store",
        values: &[
            ("nodes", 5),
            ("clients", 2),
            ("raft.heartbeat", 100_000),
            ("raft.election-low", 1_000_000),
            ("raft.election-high", 2_000_000),
            ("client.timeout", 5_000_000),
            ("raft.reads", 1),
        ],
    },
    Preset {
        id: "zookeeper",
        title: "ZooKeeper, default reads",
        version: "3.9",
        source: "ZooKeeper sample configuration: tickTime 2000 ms, syncLimit 5; Consistency Guarantees: any server answers reads from its own state",
        values: &[
            ("nodes", 5),
            ("clients", 2),
            ("raft.heartbeat", 1_000_000),
            ("raft.election-low", 10_000_000),
            ("raft.election-high", 12_000_000),
            ("client.timeout", 15_000_000),
            ("client.retry", 0),
            ("raft.reads", 1),
        ],
    },
    Preset {
        id: "zookeeper-sync",
        title: "ZooKeeper, write before read",
        version: "3.9",
        source: "ZooKeeper sample configuration and Consistency Guarantees: a read after a write through the leader is up to date",
        values: &[
            ("nodes", 5),
            ("clients", 2),
            ("raft.heartbeat", 1_000_000),
            ("raft.election-low", 10_000_000),
            ("raft.election-high", 12_000_000),
            ("client.timeout", 15_000_000),
        ],
    },
    Preset {
        id: "hbase",
        title: "HBase, one region",
        version: "2.x",
        source: "HBase Reference Guide, Timeline-consistent High Available Reads: each region is served by one RegionServer, and is unavailable until it is assigned anew",
        values: &[("nodes", 3), ("clients", 2), ("client.timeout", 3_000_000)],
    },
    Preset {
        id: "spanner",
        title: "Spanner, strong reads",
        version: "2012",
        source: "Corbett et al.: Spanner, 2012, section 2.1: one Paxos group a tablet, its leader serves writes; strong reads see all that was committed before",
        values: &[("nodes", 5), ("clients", 2), ("client.timeout", 3_000_000)],
    },
];

const ETCD: &[(&str, i64)] = &[
    ("nodes", 5),
    ("clients", 2),
    ("raft.heartbeat", 100_000),
    ("raft.election-low", 1_000_000),
    ("raft.election-high", 2_000_000),
    ("client.timeout", 5_000_000),
];

/// What the scene opens on.
const HERO: Hero = Hero {
    caption: "S5 cannot tell whether x=1 is still true. It must choose.",
    run: Story {
        preset: "majority",
        knobs: &[("client.interval", 0)],
        seed: 5,
        steps: &[
            StoryStep { say: &["A: put x=1 at S1"], until: "op A ok", ..StoryStep::SAY },
            StoryStep {
                say: &["partition S1 S2 S3 A | rest"],
                until: "after 5ms",
                ..StoryStep::SAY
            },
            StoryStep { say: &["A: put x=2 at S1"], until: "op A ok", ..StoryStep::SAY },
            StoryStep { say: &["B: get x at S5"], until: "after 35ms & heard", ..StoryStep::SAY },
        ],
        ..Hero::RUN
    },
    opens: 1,
    lead: 5_000,
    tail: 60_000,
    main: Main::Stage,
    light: &[3],
    next: &[
        Next {
            label: "Answer x=1",
            note: "Not linearizable: the read misses a finished write.",
            does: Does::Under(&[("quorum.r", 1)], &[]),
            then: "violation linearizable",
        },
        Next {
            label: "Refuse",
            note: "Not available: no answer while the cut lasts.",
            does: Does::Wait,
            then: "op B fail",
        },
    ],
};

const STORIES: &[Story] = &[
    Story {
        id: "the-choice",
        title: "Refuse, or answer?",
        source: None,
        preset: "majority",
        knobs: &[("client.interval", 0)],
        mutants: &[],
        seed: 5,
        steps: &[
            StoryStep {
                text: "Five servers keep a register. Client A writes x=1 at {S1}: three of five have to confirm before A hears that it is done.",
                say: &["A: put x=1 at S1"],
                until: "op A ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "The network is cut: {S1}, {S2} and A here, three servers and B there. Nobody has crashed, and nobody can tell a cut from a slow link.",
                say: &["partition S1 S2 A | rest"],
                until: "after 30ms",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "B writes x=2 over there. Three servers confirm: done.",
                say: &["B: put x=2 at S4"],
                until: "op B ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Now A reads at {S1}. {S1} lives, it has received the request, and it has a value.",
                say: &["A: get x at S1"],
                until: "not op A open",
                ask: Some(Prediction {
                    question: "What does A hear?",
                    options: &[
                        ("x=1", "op A ok"),
                        ("An error: too few servers answered", "op A fail"),
                        ("Nothing, ever", "op A unknown"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Only two of five can be asked. Refusing keeps every answer true; a request that a living server received without answering it is what CAP calls unavailable.",
                until: "op A fail",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "The cut heals, and A asks again.",
                say: &["heal", "A: get x at S1"],
                until: "op A ok & S1.x = 2",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Your turn. Choose a system above, cut the network again, and watch both claims: which one does it give up, for reads, and for writes?",
                unlock: &["quorum.r", "quorum.w", "quorum.repair"],
                ..StoryStep::SAY
            },
        ],
    },
    GILBERT_LYNCH,
    KLEPPMANN,
];

/// Theorem 1: the third execution, glued from two.
const GILBERT_LYNCH: Story = Story {
    id: "gilbert-lynch",
    title: "Theorem 1: answer, and be wrong",
    source: Some(
        "Gilbert, Lynch, 2002, theorem 1: the execution that glues a write on one side to a read on the other",
    ),
    preset: "anyone",
    knobs: &[("client.interval", 0)],
    mutants: &[],
    seed: 5,
    steps: &[
        StoryStep {
            text: "Every server answers at once, alone. All messages between the sides are lost; within a side all is well.",
            say: &["partition S1 S2 A | rest"],
            until: "after 5ms",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "First execution: B writes x=1 over there and is told: done. On this side nothing has arrived that could tell.",
            say: &["B: put x=1 at S4"],
            until: "op B ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Second execution, glued to it: A reads here. {S1} has seen exactly what it would have seen had there been no write.",
            say: &["A: get x at S1"],
            until: "not op A open",
            ask: Some(Prediction {
                question: "{S1} has to answer. Can it be right?",
                options: &[
                    (
                        "No: it answers as if nothing had been written",
                        "op A ok & violation linearizable",
                    ),
                    ("Yes: x=1", "op A ok & not violation linearizable"),
                    ("It does not answer", "op A fail"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Available, and not linearizable. Had it waited, it would have been linearizable, and not available: no algorithm does better.",
            say: &["heal"],
            until: "rule AntiEntropy S1",
            ..StoryStep::SAY
        },
    ],
};

/// A system can give up both.
const KLEPPMANN: Story = Story {
    id: "neither",
    title: "Neither C nor A",
    source: Some(
        "Kleppmann: A Critique of the CAP Theorem, 2015, section 2; ZooKeeper documentation, Consistency Guarantees",
    ),
    preset: "zookeeper",
    knobs: &[
        ("client.interval", 0),
        ("raft.election-low", 150_000),
        ("raft.election-high", 300_000),
        ("raft.heartbeat", 50_000),
        ("client.timeout", 800_000),
    ],
    mutants: &[],
    seed: 7,
    steps: &[
        StoryStep {
            text: "ZooKeeper as it comes: writes go through the leader and a majority, reads are answered by any server from its own state.",
            until: "rule BecomeLeader",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "{old} is cut off with client A; four servers and B stay together and elect a leader.",
            say: &["name old = follower", "partition old A | rest", "B: put x=1 at leader"],
            until: "op B ok",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A writes at {old}: it has no leader to go to, and refuses. That is not available.",
            say: &["A: put x=2 at old"],
            until: "not op A open",
            ask: Some(Prediction {
                question: "Does A's write succeed?",
                options: &[("No", "not op A ok"), ("Yes", "op A ok")],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A reads at {old}, and is answered at once, from a state that misses B's write. That is not linearizable.",
            say: &["A: get x at old"],
            until: "violation linearizable",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Neither C nor A, and yet useful: every client sees the writes in one order, updates in their places. CAP has no letter for that; the pill says OSC(U).",
            say: &["heal"],
            until: "after 100ms & not violation ordered-sequential & not violation sequential",
            ..StoryStep::SAY
        },
    ],
};

const NONE: Limits =
    Limits { ops: 0, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };

const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "not-consistent",
        goal: "Where any server answers alone, make an answer that no order explains.",
        until: "violation linearizable",
        knobs: &[("nodes", 3), ("quorum.r", 1), ("quorum.w", 1), ("quorum.stamps", 1)],
        mutants: &[],
        limits: Limits { ops: 2, partitions: 1, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "no-order",
        goal: "Where any server answers alone, make answers that no single order explains, however old they may be.",
        until: "violation sequential",
        knobs: &[
            ("nodes", 2),
            ("clients", 2),
            ("client.keys", 2),
            ("quorum.r", 1),
            ("quorum.w", 1),
            ("quorum.stamps", 1),
        ],
        mutants: &[],
        limits: Limits { ops: 4, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "not-available",
        goal: "Where a majority has to agree, make a living server refuse a request.",
        until: "op fail",
        knobs: &[("nodes", 3), ("quorum.r", 2), ("quorum.w", 2), ("client.keys", 1)],
        mutants: &[],
        limits: Limits { ops: 1, timers: 1, partitions: 1, ..NONE },
        impossible: false,
    },
    Challenge {
        id: "never-wrong",
        goal: "Where a majority has to agree, make an answer that no order explains. To hold messages back for ever is to cut the network.",
        until: "violation linearizable",
        // With its clients named, an attempt at it is not taken for one at the challenge above.
        knobs: &[
            ("nodes", 3),
            ("clients", 2),
            ("quorum.r", 2),
            ("quorum.w", 2),
            ("client.keys", 1),
        ],
        mutants: &[],
        limits: Limits { ops: 2, ..NONE },
        impossible: true,
    },
    Challenge {
        id: SLIDERS.challenge,
        goal: "Find a position of all sliders at which every request is answered and every answer is true, whatever the network does.",
        until: "violation linearizable",
        knobs: &[("nodes", 3), ("client.keys", 1)],
        mutants: &[],
        limits: Limits { ops: 2, timers: 1, ..NONE },
        impossible: true,
    },
];

/// Theorem 1 of Gilbert and Lynch on these very sliders: three servers, each R and W, each stamping
/// and each repair.
pub const SLIDERS: Sliders = Sliders {
    challenge: "both-green",
    sliders: &[
        ("quorum.r", 1, 3),
        ("quorum.w", 1, 3),
        ("quorum.stamps", 0, 2),
        ("quorum.repair", 0, 2),
    ],
    gives: &[
        Give {
            what: "availability",
            until: "rule GiveUp",
            limits: Limits { ops: 1, timers: 1, ..NONE },
        },
        Give {
            what: "consistency",
            until: "violation linearizable",
            limits: Limits { ops: 2, ..NONE },
        },
    ],
    measured: 0,
};
