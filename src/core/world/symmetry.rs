//! A world under other names of its servers, for searches that count such worlds once.

use super::rules::Renamed;
use super::*;
use std::hash::Hash;

/// With more servers there are too many namings to try each.
const MOST_SERVERS: u16 = 4;

impl World {
    /// Every naming of the servers, their own first, if all of them lead to worlds that behave
    /// alike: the rules name no server, and no clock tells one from the other. Else none.
    pub fn names(&self, of: &dyn SearchRules) -> Vec<Names> {
        let Common { nodes, offset, drift, .. } = self.k.common;
        let alike = (offset, drift) == (0, 0) && nodes <= MOST_SERVERS;
        match alike && of.symmetric() && !of.causal() {
            true => Names::all(nodes),
            false => Vec::new(),
        }
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
            Payload::Reply { op, outcome: AnyOutcome::Redirect(Some(n)) } => {
                let outcome = AnyOutcome::Redirect(Some(names.of(*n)));
                Payload::Reply { op: *op, outcome }.feed(to);
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
    fn own_names_change_no_print() {
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
