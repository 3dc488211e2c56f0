//! What only an observer sees: true time, and what was committed when.

use super::*;
use crate::check::history::watch::Watch;
use crate::core::config::show_time;
use crate::core::protocol::{Outcome, Show, key_name};
use crate::core::sorted::SortedSet;
use crate::core::view::{Fact, OpStep};

/// What is known of a server's clock from one use of TrueTime to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ClockSample {
    look: TrueTimeUse,
    now: u64,
    /// It has moved faster than the settings let clocks drift: somebody set it.
    moved: bool,
}

/// What the observer knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observer {
    watch: Watch,
    /// An answer came that no order explains, when clocks had been moved out of their intervals.
    watch_excused: bool,
    clocks: Vec<ClockSample>,
    /// The server whose clock was set so that its interval misses true time.
    excuse: Option<NodeId>,
    /// The highest timestamp that has been committed.
    committed: Option<(i64, u32)>,
    /// The same when each open write began.
    began: SortedMap<OpId, Option<(i64, u32)>>,
    /// The latest snapshot that a client has from a server, a row each.
    read_at: SortedMap<(NodeId, u32), i64>,
    /// Committed by the coordinator, and still to be seen at the other tablet.
    halves: SortedMap<OpId, (u32, i64)>,
    /// Versions each server had after the last step.
    versions: Vec<SortedSet<OpId>>,
    pub(super) accused: Accusations,
}

// Clocks and versions are the servers', which a search's fingerprint has already.
impl Hash for Observer {
    fn hash<H: Hasher>(&self, h: &mut H) {
        (&self.watch, self.excuse, self.committed, &self.began, &self.read_at, &self.halves)
            .hash(h);
        self.accused.hash(h);
    }
}

claims! {
    pub(super) PROPERTIES of Spanner:
    "external-consistency" "External Consistency",
        "If a transaction starts after another has committed, its timestamp is higher.",
        "Corbett et al. 2012, section 4.1.2";
    "linearizable" "Linearizable",
        "Every operation seems to take effect at one instant between its call and its answer.",
        "Herlihy, Wing: Linearizability, 1990; of Spanner's reads Corbett et al. 2012, section 4.1"
        => |_, observer| observer.watch.broken.clone().filter(|_| !observer.watch_excused);
    "true-time" "TrueTime Contains True Time",
        "TT.now() is an interval that contains the moment of its call.",
        "Corbett et al. 2012, section 3, table 1";
    "commit-wait" "Commit Wait",
        "Nobody is told of a transaction before its timestamp has passed.",
        "Corbett et al. 2012, section 4.1.2: Commit Wait";
    "atomic-commit" "Atomic Commit",
        "A transaction commits on both of its tablets at one timestamp, or on none.",
        "Corbett et al. 2012, section 4.2.1; Gray: Notes on Data Base Operating Systems, 1978";
    "repeatable-snapshot" "Repeatable Snapshot",
        "What was read at a timestamp stays so: nothing commits at or below it any more.",
        "Corbett et al. 2012, section 4.1.3: safe time";
}

fn name(n: NodeId) -> String {
    Spanner::name(n.0)
}

impl Observer {
    /// Looks at a step.
    pub(super) fn see(&mut self, seen: &Seen<Spanner>) {
        self.see_clock(seen);
        let excused = self.is_excused(seen);
        let sound = self.watch.broken.is_none();
        self.watch.see(Spanner::CALLS, seen.request, seen.ops);
        self.watch_excused |= sound && self.watch.broken.is_some() && excused;
        self.see_answers(seen, excused);
        for step in seen.ops {
            if let OpStep::Invoke { op, call, .. } = step
                && matches!(Spanner::op(call), Some(Op::Write { .. }))
            {
                self.began.insert(*op, self.committed);
            }
        }
        let Some(me) = seen.touched else { return };
        let node = seen.nodes[me.at()];
        self.see_decisions(node, excused);
        self.see_versions(seen, node);
        self.see_halves(seen);
    }

    /// Settings that promise nothing excuse nothing.
    fn is_excused(&self, seen: &Seen<Spanner>) -> bool {
        self.excuse.is_some() && knobs::outside(seen.common, seen.cfg).is_none()
    }

    /// True time lies in the interval that was given in this step, if one was.
    fn see_clock(&mut self, seen: &Seen<Spanner>) {
        self.clocks.resize(seen.nodes.len(), ClockSample::default());
        let Some(node) = seen.touched.map(|me| seen.nodes[me.at()]) else { return };
        let (look, last) = (node.state.look, self.clocks[node.me.at()]);
        if look.nth == 0 || (look.nth, look.clock) == (last.look.nth, last.look.clock) {
            return;
        }
        let drift = i64::from(seen.common.drift);
        let passed = (seen.now - last.now) as i64;
        let gained = (look.clock - last.look.clock) - passed;
        let moved = match last.look.nth {
            0 => {
                let most = seen.common.offset as i64 + passed * drift / 1_000_000 + 2;
                gained.abs() > most
            }
            _ => gained.abs() > passed * drift / 1_000_000 + 2,
        };
        let moved = last.moved || moved;
        self.clocks[node.me.at()] = ClockSample { look, now: seen.now, moved };
        let (now, Interval { earliest, latest }) = (seen.now as i64, look.interval);
        if earliest <= now && now <= latest {
            return;
        }
        let promised = knobs::outside(seen.common, seen.cfg).is_none();
        if moved && promised {
            self.excuse.get_or_insert(node.me);
        }
        let (from, to) = (show_time(earliest), show_time(latest));
        let why = format!("{}: TT.now() is [{from}, {to}] at {}.", name(node.me), show_time(now));
        self.accused.accuse_unless(moved && promised, "true-time", why, vec![node.me]);
    }

    fn see_answers(&mut self, seen: &Seen<Spanner>, excused: bool) {
        let now = seen.now as i64;
        for (from, _, op, outcome) in seen.answers {
            let Outcome::Ok(ret) = outcome else { continue };
            let (at, read) = match *ret {
                Ret::Done { at } => (Some(at), None),
                Ret::Value { at, read, .. } => (at, read),
                Ret::Rows(_) => continue,
            };
            let (Op::Read { key } | Op::Get { key } | Op::Write { key, .. }) = *op else {
                continue;
            };
            if let Some(read) = read {
                let latest = self.read_at.entry((*from, key)).or_insert(read);
                *latest = read.max(*latest);
            }
            if let Some(at) = at.filter(|at| *at >= now) {
                let (key, at, now) = (key_name(key), show_time(at), show_time(now));
                let why = format!("At {now} a client was told of {key} at {at}.");
                self.accused.accuse_unless(excused, "commit-wait", why, vec![*from]);
            }
        }
    }

    /// A write that has got its timestamp, against what was committed when it began.
    fn see_decisions(&mut self, node: &Node<Spanner>, excused: bool) {
        let kept =
            node.durable.store.iter().flat_map(|(key, all)| all.iter().map(|v| (v.by, *key, v.at)));
        let decided = node.durable.decided.iter().map(|(id, d)| (*id, d.key, d.at));
        for (id, key, at) in kept.chain(decided) {
            let Some(before) = self.began.remove(&id) else { continue };
            if let Some((earlier, row)) = before.filter(|(earlier, _)| at <= *earlier) {
                let why = format!(
                    "{} was committed at {} before the write of {} began, which got {}.",
                    key_name(row),
                    show_time(earlier),
                    key_name(key),
                    show_time(at)
                );
                self.accused.accuse_unless(excused, "external-consistency", why, vec![node.me]);
            }
        }
    }

    /// What is committed, and versions that were not there before.
    fn see_versions(&mut self, seen: &Seen<Spanner>, node: &Node<Spanner>) {
        let (me, disk) = (node.me, &node.durable);
        self.versions.resize(seen.nodes.len(), SortedSet::new());
        let known = std::mem::take(&mut self.versions[me.at()]);
        let two = seen.cfg.tablets > 1 && seen.nodes.len() > 1;
        let up = seen.up[me.at()];
        let all = disk.store.iter().flat_map(|(key, all)| all.iter().map(|v| (*key, *v)));
        for (key, v) in all {
            let leads = leader_of(seen, key) == me;
            let waits = disk.decided.get(&v.by).is_some_and(|d| !d.committed);
            if leads && !waits && seen.notes.contains(&"Commit") {
                self.committed = self.committed.max(Some((v.at, key)));
            }
            if up && !known.contains(&v.by) {
                if leads && two && !waits {
                    self.halves.insert(v.by, (key, v.at));
                }
                self.see_new(me, key, v.at);
            }
        }
        // What a crash takes from memory and recovery brings back is not new; nor what it brings
        // back to memory.
        let open =
            |id: &OpId| !up || disk.decided.contains_key(id) || disk.prepared.contains_key(id);
        let kept = disk.store.values().flatten().map(|v| v.by);
        self.versions[me.at()] = known.into_iter().filter(open).chain(kept).collect();
    }

    fn see_new(&mut self, me: NodeId, key: u32, at: i64) {
        let read = self.read_at.get(&(me, key)).copied();
        if let Some(read) = read.filter(|read| at <= *read) {
            let (who, key) = (name(me), key_name(key));
            let (at, read) = (show_time(at), show_time(read));
            let why = format!("{who} committed {key} at {at}, and had answered a read at {read}.");
            self.accused.accuse("repeatable-snapshot", why, vec![me]);
        }
    }

    /// What the coordinator has committed, the other tablet has or will have.
    fn see_halves(&mut self, seen: &Seen<Spanner>) {
        let mut broken = None;
        self.halves.retain(|id, (key, at)| {
            let there = NodeId(((leader_of(seen, *key).0) + 1) % seen.nodes.len() as u16);
            let disk = &seen.nodes[there.at()].durable;
            let found = disk.store.get(key).and_then(|all| all.iter().find(|v| v.by == *id));
            let words = match found {
                Some(v) if v.at == *at => return false,
                Some(v) => format!("at {} there", show_time(v.at)),
                None if disk.prepared.contains_key(id) => return true,
                None => "not there at all".to_string(),
            };
            let (key, at) = (key_name(*key), show_time(*at));
            let why = format!(
                "{key} is committed at {at}, but its index entry at {} is {words}.",
                name(there)
            );
            broken.get_or_insert((why, there));
            false
        });
        if let Some((why, there)) = broken {
            self.accused.accuse("atomic-commit", why, vec![there]);
        }
    }

    /// What the observer says, as sentences.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let out = self.excuse.map(|n| {
            let who = name(n);
            let text = format!("outside the theorem: {who}'s clock was moved out of its interval");
            Fact::new("outside", text)
        });
        let excused = [
            ("not-external", "not external", "external-consistency"),
            ("told-early", "told early", "commit-wait"),
        ];
        let excused = excused.into_iter().filter_map(|(id, what, claim)| {
            self.accused.excused(claim).map(|w| Fact::new(id, format!("{what}: {}", w.why)))
        });
        let availability = self.watch.sentence().map(|text| Fact::new("availability", text));
        out.into_iter().chain(excused).chain(availability).collect()
    }
}

fn leader_of(seen: &Seen<Spanner>, key: u32) -> NodeId {
    NodeId((key % seen.nodes.len().max(1) as u32) as u16)
}
