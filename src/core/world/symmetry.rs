//! A world under other names of its servers, for searches that count such worlds once.

use super::rules::Renamed;
use super::*;
use std::hash::Hash;

/// With more ways to name the servers it costs more to try each than it saves.
const MOST_NAMINGS: usize = 24;
/// So many servers may be of one kind: 24 ways to name them.
const MOST_ALIKE: usize = 4;

impl World {
    /// Every naming of the servers that leads to worlds that behave alike, their own first: servers of
    /// one kind trade names, and neither clocks nor the map tell one from the other. None if there is
    /// only one.
    pub fn names(&self, of: &dyn SearchRules) -> Vec<Names> {
        let settings = &self.fixed.settings;
        let common = &settings.common;
        if !common.tells_nobody_apart() || of.causal() {
            return Vec::new();
        }
        let kinds = (0..common.nodes).map(|n| of.kind(settings, NodeId(n)));
        let names = Names::alike(&kinds.collect::<Vec<_>>(), MOST_ALIKE);
        if (2..=MOST_NAMINGS).contains(&names.len()) { names } else { Vec::new() }
    }

    /// The prints of the world under each of these names, always the same ones in a run.
    pub fn prints(&self, of: &dyn SearchRules, names: &[Names]) -> Vec<Print> {
        let durable =
            |r: &Replica, n: &Names| fed(|to| of.feed(Renamed::Durable(&*r.synced), n, to));
        let prints: Vec<Arc<[u64]>> = self
            .replicas
            .iter()
            .zip(&self.k.procs)
            .map(|(r, p)| match p.up {
                true => r.prints(of, names),
                false => names.iter().map(|n| durable(r, n)).collect(),
            })
            .collect();
        (0..).zip(names).map(|(i, names)| self.print_under(of, i, names, &prints)).collect()
    }

    fn print_under(
        &self,
        of: &dyn SearchRules,
        nth: usize,
        names: &Names,
        replicas: &[Arc<[u64]>],
    ) -> Print {
        let procs: Vec<u64> = self.k.procs.iter().map(options::proc_fingerprint).collect();
        let procs = names.list(&procs);
        let replicas: Vec<u64> = replicas.iter().map(|prints| prints[nth]).collect();
        let replicas = names.list(&replicas);
        let said = |p: &Payload| fed(|to| p.feed_renamed(of, names, to));
        let mut air: Vec<(NodeId, NodeId, u64)> = self
            .air()
            .map(|(id, f)| (names.of(id.from), names.of(id.to), said(&f.payload)))
            .collect();
        // On a link that keeps its order the order of the map is that of the link.
        if self.k.common.net.fifo {
            air.sort_by_key(|(from, to, _)| (*from, *to));
        } else {
            air.sort_unstable();
        }
        let cut = self.k.links.iter().filter(|(_, l)| l.cut);
        let mut cuts: Vec<_> = cut.map(|((a, b), _)| (names.of(*a), names.of(*b))).collect();
        cuts.sort_unstable();
        let known: Option<u64> = None;
        let body = fed(|to| {
            (procs, replicas, cuts).hash(to);
            self.feed_rest(of, Some(names), to);
            known.hash(to);
        });
        Print { body, flying: air.len() as u32, air: fingerprint(&air) }
    }
}

impl Replica {
    /// Prints under each of these names.
    fn prints(&self, of: &dyn SearchRules, names: &[Names]) -> Arc<[u64]> {
        let all = || names.iter().map(|n| fed(|to| self.feed_renamed(of, n, to))).collect();
        self.renamed.get_or_init(all).clone()
    }

    fn feed_renamed(&self, of: &dyn SearchRules, names: &Names, to: &mut StableHasher) {
        of.feed(Renamed::Node(&*self.node), names, to);
        of.feed(Renamed::Durable(&*self.synced), names, to);
        self.written.len().hash(to);
        self.written.iter().for_each(|w| of.feed(Renamed::Durable(&**w), names, to));
        self.feed_pending(to);
    }
}

impl Payload {
    fn feed_renamed(&self, of: &dyn SearchRules, names: &Names, to: &mut StableHasher) {
        match self {
            Payload::Peer(message) => {
                0isize.hash(to);
                of.feed(Renamed::Message(&**message), names, to);
            }
            Payload::Request { op, call } => {
                (1isize, op).hash(to);
                of.feed(Renamed::Op(&**call), names, to);
            }
            Payload::Reply { op, outcome: AnyOutcome::Redirect(Some(n)) } => {
                let outcome = AnyOutcome::Redirect(Some(names.of(*n)));
                Payload::Reply { op: *op, outcome }.feed(to);
            }
            Payload::Reply { op, outcome: AnyOutcome::Ok(ret) } => {
                (2isize, op, 0isize).hash(to);
                of.feed(Renamed::Ret(&**ret), names, to);
            }
            _ => self.feed(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::core::config::Setup;
    use crate::core::world::Limits;
    use crate::protocols::{raft, search_rules};

    /// Under its own names a world prints as it does without any.
    #[test]
    fn a_renaming_to_itself_keeps_the_fingerprint() {
        let knobs = [("nodes".to_string(), 3)].into();
        let setup = Setup { scene: "raft".into(), knobs, ..Setup::default() };
        let mut world = (raft::SCENE.build)(&setup).expect("a world");
        while world.steps() < 400 && world.step().is_some() {}
        world.set_search();
        let of = search_rules(&world).expect("Raft is in the list");
        let names = world.names(of);
        assert_eq!(names.len(), 6);
        for _ in 0..60 {
            assert_eq!(world.prints(of, &names)[0], world.print(of));
            let limits = Limits { timers: 9, ops: 9, crashes: 9, ..Limits::default() };
            let options = world.options(&limits);
            let action = options[world.steps() as usize % options.len()].clone();
            let at = world.now() + 10_000;
            world.act(&crate::core::action::Entry { at, action });
        }
    }
}
