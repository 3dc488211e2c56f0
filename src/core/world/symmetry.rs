//! A world under other names of its servers, for searches that count such worlds once.

use super::*;
use crate::core::ids::Names;
use crate::core::protocol::Part;

/// With more ways to name the servers it costs more to try each than it saves.
const MOST_NAMINGS: usize = 24;
/// So many servers may be of one kind: 24 ways to name them.
const MOST_ALIKE: usize = 4;

impl<P: Show> World<P> {
    /// Every naming of the servers that leads to worlds that behave alike: servers of one kind trade
    /// names, and neither clocks nor the map tell one from the other. None if there is only one.
    pub(super) fn all_names(&self) -> Vec<Names> {
        let common = &self.settings.common;
        if !common.tells_nobody_apart() || P::CAUSAL {
            return Vec::new();
        }
        let kinds = (0..common.nodes).map(|n| P::kind(&self.settings.cfg, common, NodeId(n)));
        let names = Names::alike(&kinds.collect::<Vec<_>>(), MOST_ALIKE);
        if (2..=MOST_NAMINGS).contains(&names.len()) { names } else { Vec::new() }
    }

    /// The prints of the world under each of these names.
    pub(super) fn prints_under(&self, names: &[Names]) -> Vec<Print> {
        let prints: Vec<Arc<[u64]>> = self
            .slots
            .iter()
            .zip(&self.k.procs)
            .map(|(s, p)| match p.up {
                true => s.prints(names),
                false => names.iter().map(|n| fingerprint(&durable::<P>(&s.synced, n))).collect(),
            })
            .collect();
        (0..).zip(names).map(|(i, names)| self.print_under(i, names, &prints)).collect()
    }

    fn print_under(&self, nth: usize, names: &Names, slots: &[Arc<[u64]>]) -> Print {
        let procs: Vec<u64> = self.k.procs.iter().map(options::proc_fingerprint).collect();
        let procs = names.list(&procs);
        let slots: Vec<u64> = slots.iter().map(|prints| prints[nth]).collect();
        let slots = names.list(&slots);
        let mut air: Vec<(NodeId, NodeId, u64)> = self
            .payloads
            .iter()
            .filter(|(id, _)| self.k.flight.get(id).is_some_and(|f| f.doom.is_none()))
            .map(|(id, payload)| {
                (names.of(id.from), names.of(id.to), fingerprint(&payload.renamed(names)))
            })
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
        let clients: Vec<Client<P>> = self.clients.iter().map(|c| c.renamed(names)).collect();
        let mut observer = (*self.observer).clone();
        P::rename(Part::Observer(&mut observer), names);
        let known: Option<u64> = None;
        Print {
            body: fingerprint(&(procs, slots, cuts, &clients, &observer, known)),
            flying: air.len() as u32,
            air: fingerprint(&air),
        }
    }
}

fn durable<P: Show>(durable: &P::Durable, names: &Names) -> P::Durable {
    let mut renamed = durable.clone();
    P::rename(Part::Durable(&mut renamed), names);
    renamed
}

impl<P: Show> Slot<P> {
    /// Prints under each of these names.
    fn prints(&self, names: &[Names]) -> Arc<[u64]> {
        self.renamed.get_or_init(|| names.iter().map(|n| self.print_under(n)).collect()).clone()
    }

    fn print_under(&self, names: &Names) -> u64 {
        let mut node = self.node.clone();
        node.me = names.of(node.me);
        P::rename(Part::State(&mut node.state), names);
        P::rename(Part::Durable(&mut node.durable), names);
        let synced = durable::<P>(&self.synced, names);
        let written: Vec<P::Durable> =
            self.written.iter().map(|w| durable::<P>(w, names)).collect();
        fingerprint(&(&node, &synced, &written, &self.pending))
    }
}

impl<P: Show> Payload<P> {
    fn renamed(&self, names: &Names) -> Payload<P> {
        let mut payload = self.clone();
        match &mut payload {
            Payload::Peer(message) => P::rename(Part::Message(message), names),
            Payload::Request { call, .. } => P::rename(Part::Op(call), names),
            Payload::Reply { outcome: Outcome::Redirect(Some(to)), .. } => *to = names.of(*to),
            Payload::Reply { outcome: Outcome::Ok(ret), .. } => P::rename(Part::Ret(ret), names),
            _ => {}
        }
        payload
    }
}

#[cfg(test)]
mod tests {
    use crate::core::config::Setup;
    use crate::core::world::{AnyWorld, Limits};
    use crate::protocols::raft;

    /// Under its own names a world prints as it does without any.
    #[test]
    fn own_names_change_no_print() {
        let knobs = [("nodes".to_string(), 3)].into();
        let setup = Setup { scene: "raft".into(), knobs, ..Setup::default() };
        let mut world: Box<dyn AnyWorld> = (raft::SCENE.build)(&setup).expect("a world");
        while world.steps() < 400 && world.step().is_some() {}
        world.set_search();
        let names = world.names();
        assert_eq!(names.len(), 6);
        for _ in 0..60 {
            assert_eq!(world.prints(&names)[0], world.print());
            let limits = Limits { timers: 9, ops: 9, crashes: 9, ..Limits::default() };
            let options = world.options(&limits);
            let action = options[world.steps() as usize % options.len()].clone();
            let at = world.now() + 10_000;
            world.act(&crate::core::action::Entry { at, action });
        }
    }
}
