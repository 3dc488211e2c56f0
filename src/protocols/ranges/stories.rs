//! Its presets, its stories, its re-enactments and its challenges.

use crate::core::declare::presets;
use crate::stories::{Challenge, Limits, Prediction, Story, StoryStep};

/// No limit.
const NEVER: i64 = 1_000_000_000;

presets! {
    pub(super) PRESETS:
    "cockroachdb" "CockroachDB", "v26",
        "Configure Replication Zones: range_max_bytes 512 MiB, range_min_bytes 128 MiB, num_replicas 3; Load-Based Splitting: kv.range_split.load_qps_threshold 2500. Scaled: a key stands for 16 MiB, a request for 250":
        "range.max" = 512, "range.min" = 128, "range.split-qps" = 2_500;
    "cockroachdb-hash" "CockroachDB, hash-sharded", "v26",
        "Hash-sharded Indexes; sql.defaults.default_hash_sharded_index_bucket_count 16. Scaled as above; a range a bucket from the start":
        "range.max" = 512, "range.min" = 128, "range.split-qps" = 2_500, "range.buckets" = 16, "range.first" = 16;
    "tikv" "TiKV", "v8.4",
        "Tune Region Performance: region-split-size 256 MiB since v8.4.0; Load Base Split: split.qps-threshold 3000 (there of reads only); three replicas. Scaled: a key stands for 8 MiB, a request for 250. Chosen: below 64 MiB together two are merged (TiKV looks at one alone)":
        "range.item" = 8, "range.max" = 256, "range.min" = 64, "range.split-qps" = 3_000;
    "tikv-96" "TiKV, 96 MiB", "until v8.3",
        "Tune Region Performance: region-split-size 96 MiB until v8.3; split.qps-threshold 3000. Scaled: a key stands for 4 MiB, a request for 250. Chosen: below 24 MiB together two are merged (TiKV looks at one alone: max-merge-region-size 20 MiB)":
        "range.item" = 4, "range.max" = 96, "range.min" = 24, "range.split-qps" = 3_000;
    "hbase" "HBase", "2.x",
        "hbase-default.xml: hbase.hregion.max.filesize 10737418240 (10 GiB); one RegionServer serves a region, its copies are left to HDFS; no split by load. Scaled: a key stands for 320 MiB; merging is left out":
        "range.item" = 320, "range.max" = 10_240, "range.min" = 0, "range.split-qps" = NEVER, "range.copies" = 1;
    "bigtable" "Bigtable", "2006",
        "Chang et al. 2006, section 5: tablets of approximately 100-200 MB by default (200 here), each assigned to one tablet server; no split by load. Scaled: a key stands for 6 MiB; merging is left out":
        "range.item" = 6, "range.max" = 200, "range.min" = 0, "range.split-qps" = NEVER, "range.copies" = 1;
}

/// Keys in order, as from one sequence, inserts and a few scans.
pub(super) const IN_ORDER: &[(&str, i64)] = &[
    ("clients", 1),
    ("range.weight", 400),
    ("client.pattern", 1),
    ("client.interval", 10_000),
    ("client.reads", 50_000),
    ("client.scans", 1_000_000),
    ("client.keys", 480),
    ("range.keys", 480),
    ("range.first", 1),
    ("range.balance", 0),
];

pub(super) const STORIES: &[Story] = &[
    Story {
        id: "the-hot-edge",
        title: "The hot edge",
        source: None,
        preset: "cockroachdb",
        knobs: IN_ORDER,
        mutants: &[],
        seed: 1,
        steps: &[
            StoryStep {
                text: "480 keys lie in order on one axis: one range, three replicas, one of which leads. A client inserts key after key, as numbers from a sequence come.",
                until: "rule Write",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "A client may ask any server. It knows who leads the range, and passes the request on.",
                until: "op ok",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "One server does all the work: more than 2,500 requests a second for one range. The range must be split where that divides the load.",
                until: "rule NoSplitKey",
                ask: Some(Prediction {
                    question: "Where is that?",
                    options: &[
                        ("In the middle of the load", "not fact no-key-divides"),
                        (
                            "Nowhere: all that comes lies to the right of all that came",
                            "fact no-key-divides",
                        ),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Past 512 MiB it is split in the middle of what is written. Nothing is copied: an entry of its log tells each replica to cut itself in two.",
                until: "ranges >= 2",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Two ranges now, each with its own log and its own leaseholder to be.",
                until: "rule NoSplitKey",
                ask: Some(Prediction {
                    question: "How do they share the load?",
                    options: &[
                        ("Half each", "not hottest >= 85"),
                        ("They do not: the right one takes it all", "hottest >= 85"),
                    ],
                }),
                ..StoryStep::SAY
            },
            StoryStep {
                text: "A server that has not heard of a split asks the old range, and is told who is in charge now: a detour, never a wrong answer.",
                until: "rule Bounce",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "It goes on like this. Every split leaves a cold range behind, and the hot edge moves along.",
                until: "ranges >= 6 & hottest >= 85",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "What the order is good for: a scan of neighbouring keys reads one range, two at a boundary. On a hash ring it would ask every server.",
                until: "fanout >= 1 & not fanout >= 3",
                ..StoryStep::SAY
            },
            StoryStep {
                text: "Your turn. Shard the keys by a hash, let clients ask for other keys, split ahead of the edge, move a range and crash somebody half-way.",
                unlock: &["client.pattern", "range.buckets", "range.balance", "range.split-qps"],
                ..StoryStep::SAY
            },
        ],
    },
    SIXTEEN,
    ONE_KEY,
    LOCK_STEP,
];

/// The same inserts, with sixteen buckets before the key.
const SIXTEEN: Story = Story {
    id: "sixteen-buckets",
    title: "Sixteen buckets",
    source: Some(
        "CockroachDB documentation, Hash-sharded Indexes: sequential traffic is spread over ranges, at a cost to reading what is sequential",
    ),
    preset: "cockroachdb-hash",
    knobs: &[
        ("client.pattern", 1),
        ("client.interval", 60_000),
        ("client.reads", 100_000),
        ("client.scans", 1_000_000),
        ("range.balance", 0),
    ],
    mutants: &[],
    seed: 3,
    steps: &[
        StoryStep {
            text: "The same inserts in the same order. But before each key stands a bucket, one of sixteen, drawn from a hash of the key.",
            until: "rule Write",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Neighbours in time are no neighbours on the axis any more.",
            until: "S1.keys >= 25",
            ask: Some(Prediction {
                question: "What does the hottest range take now?",
                options: &[
                    ("All, or nearly so", "hottest >= 85"),
                    ("A share that one server can bear", "not hottest >= 50"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "The hot edge is gone. And what do eight neighbouring keys cost to read?",
            until: "fanout >= 16",
            ask: Some(Prediction {
                question: "How many ranges does the scan ask?",
                options: &[
                    ("One or two", "not fanout >= 3"),
                    ("Sixteen: one a bucket", "fanout >= 16"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "Both cannot be had: what lies together is read together, and written together.",
            until: "rule Write",
            ..StoryStep::SAY
        },
    ],
};

/// The documentation's own limit of splitting by load.
const ONE_KEY: Story = Story {
    id: "one-key",
    title: "Ninety-nine in a hundred",
    source: Some(
        "CockroachDB documentation, Load-Based Splitting: where 99 % of the requests are for one key, no split divides them",
    ),
    preset: "cockroachdb",
    knobs: &[
        ("client.pattern", 3),
        ("client.interval", 60_000),
        ("client.scans", 0),
        ("range.first", 1),
        ("range.balance", 0),
    ],
    mutants: &[],
    seed: 2,
    steps: &[
        StoryStep {
            text: "Ninety-nine of a hundred requests ask for one key. The range is far above 2,500 requests a second.",
            until: "rule NoSplitKey",
            ask: Some(Prediction {
                question: "Can it be split so that both sides have something to do?",
                options: &[
                    ("Yes, at the key itself", "rule SplitByLoad"),
                    ("No: wherever it is cut, the key lies on one side", "fact no-key-divides"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "At every other key that was asked for, nearly all requests lie on one side.",
            until: "rule Write",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "It looks again, and again. One range is left, and it stays hot: a range is no smaller than a key.",
            until: "rule NoSplitKey & ranges = 1",
            ..StoryStep::SAY
        },
    ],
};

/// What HBase's guide warns of.
const LOCK_STEP: Story = Story {
    id: "lock-step",
    title: "In lock-step",
    source: Some(
        "Apache HBase Reference Guide, Monotonically Increasing Row Keys/Timeseries Data: an import goes in lock-step, all clients at one region and so at one node, then at the next",
    ),
    preset: "hbase",
    knobs: &[
        ("client.pattern", 1),
        ("client.interval", 40_000),
        ("client.reads", 0),
        ("client.keys", 400),
        ("range.keys", 400),
        ("range.first", 4),
    ],
    mutants: &[],
    seed: 1,
    steps: &[
        StoryStep {
            text: "Four regions, each on one server, {S1} to {S4}. All clients import in the order of the keys, as with times: all of them ask {S1}.",
            until: "S1.keys >= 40 & hottest >= 95",
            ..StoryStep::SAY
        },
        StoryStep {
            text: "A hundred keys on, the next region begins, on {S2}.",
            until: "S2.keys >= 60",
            ask: Some(Prediction {
                question: "What do the clients do then?",
                options: &[
                    ("They spread over both", "S1.asked >= 1 & S2.asked >= 1"),
                    ("They move on together", "S1.asked = 0 & S2.asked >= 1 & hottest >= 95"),
                ],
            }),
            ..StoryStep::SAY
        },
        StoryStep {
            text: "But for the moment of crossing, one server works at a time. In lock-step, from one node to the next.",
            until: "S2.keys >= 75",
            ..StoryStep::SAY
        },
    ],
};

const FEW: Limits =
    Limits { ops: 2, timers: 0, drops: 0, dups: 0, crashes: 0, partitions: 0, lies: 0 };
/// Small enough to be searched whole: one copy, no timers, a client that writes and one that splits.
const SMALL: &[(&str, i64)] = &[
    ("nodes", 2),
    ("clients", 2),
    ("client.admin", 1),
    ("client.reads", 0),
    ("client.keys", 6),
    ("range.keys", 6),
    ("range.first", 1),
    ("range.copies", 1),
    ("range.period", 0),
];
/// Keys in order, and splits in the middle of what is written, all on one server.
const EDGE: &[(&str, i64)] = &[
    ("nodes", 1),
    ("clients", 2),
    ("client.admin", 1),
    ("client.reads", 0),
    ("client.pattern", 1),
    ("client.keys", 6),
    ("range.keys", 6),
    ("range.first", 1),
    ("range.copies", 1),
    ("range.period", 0),
];
const BUCKETS: &[(&str, i64)] = &[
    ("nodes", 1),
    ("clients", 2),
    ("client.admin", 1),
    ("client.reads", 0),
    ("client.pattern", 1),
    ("client.keys", 6),
    ("range.keys", 6),
    ("range.first", 1),
    ("range.copies", 1),
    ("range.period", 0),
    ("range.buckets", 3),
];

pub(super) const CHALLENGES: &[Challenge] = &[
    Challenge {
        id: "stale-cache",
        goal: "Have a server route by an old descriptor, so that the request bounces.",
        until: "rule Bounce",
        knobs: SMALL,
        mutants: &[],
        limits: FEW,
        impossible: false,
    },
    Challenge {
        id: "wrong-owner",
        goal: "Ranges do not look at their bounds: make a stale cache reach a wrong owner, who keeps the key.",
        until: "violation right-owner",
        knobs: SMALL,
        mutants: &["serve-astray"],
        limits: FEW,
        impossible: false,
    },
    Challenge {
        id: "right-owner",
        goal: "By the true rules: make a wrong owner serve a key. A doubled message and a crash are yours.",
        until: "violation",
        knobs: SMALL,
        mutants: &[],
        limits: Limits { dups: 1, crashes: 1, ..FEW },
        impossible: true,
    },
    Challenge {
        id: "two-edges",
        goal: "Keys come in order, in three buckets. Split so that a new highest key meets another range than the last.",
        until: "fact inserts-apart",
        knobs: BUCKETS,
        mutants: &[],
        limits: Limits { ops: 6, ..FEW },
        impossible: false,
    },
    Challenge {
        id: "one-edge",
        goal: "Keys come in order, 5,000 a second, say; halve ranges whenever you like. Hold every range below 2,500: for that, one new highest key at least has to meet another range than the last.",
        until: "fact inserts-apart",
        knobs: EDGE,
        mutants: &[],
        limits: Limits { ops: 5, ..FEW },
        impossible: true,
    },
];
