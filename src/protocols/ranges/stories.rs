//! Its presets, its stories, its re-enactment and its challenges.

use crate::protocols::catalog::Preset;
use crate::stories::{Challenge, Story};

pub(super) const PRESETS: &[Preset] = &[Preset {
    id: "cockroachdb",
    title: "CockroachDB",
    version: "v26",
    source: "range_max_bytes 512 MiB, range_min_bytes 128 MiB (configure replication zones); kv.range_split.load_qps_threshold 2500 (Load-Based Splitting); three replicas. Scaled: a key stands for 16 MiB, a request for 250",
    values: &[("range.max", 512), ("range.min", 128), ("range.split-qps", 2_500)],
}];
pub(super) const STORIES: &[Story] = &[];
pub(super) const CHALLENGES: &[Challenge] = &[];
