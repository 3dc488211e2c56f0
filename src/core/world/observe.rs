//! The observer: sees everything, tells nobody, and checks every claim after every step.

use super::*;
use crate::core::ids::OpId;
use crate::core::protocol::{PropertyKind, Seen, Witness};
use crate::core::view::Violation;

/// The state of a claim.
#[derive(Clone, Debug, Default)]
pub(super) struct Check {
    pub(super) checked: u64,
    pub(super) first: Option<Violation>,
}

impl<P: Show> World<P> {
    /// Remembers what a client was told, for the observer of this step.
    pub(super) fn answers(&mut self, from: NodeId, op: OpId, asked: P::Op, outcome: Outcome<P>) {
        self.told.push((from, op, asked, outcome));
    }

    pub(super) fn observe(&mut self, ev: &mut Event) {
        let told = std::mem::take(&mut self.told);
        if matches!(ev.what, What::Dock | What::Lost { .. } | What::Ignored { .. }) {
            return;
        }
        let settings = self.settings.clone();
        let seen = Seen {
            cfg: &settings.cfg,
            common: &settings.common,
            nodes: self.slots.iter().map(|s| &s.node).collect(),
            up: self.k.procs[..self.slots.len()].iter().map(|p| p.up).collect(),
            touched: ev.node.filter(|n| self.is_server(*n)),
            notes: &ev.notes,
            stamp: &ev.stamp,
            heard: self.heard.take(),
            request: self.request.take(),
            ops: &ev.ops,
            cut: self.k.links.values().any(|l| l.cut),
            now: self.k.now,
            answers: &told,
        };
        P::observe(Arc::make_mut(&mut self.observer), &seen);
        let all = P::properties().iter().zip(&mut self.checks);
        for (property, check) in
            all.filter(|(p, c)| c.first.is_none() && p.kind == PropertyKind::Safety)
        {
            check.checked += 1;
            if let Some(Witness { why, nodes }) = (property.check)(&seen, &self.observer) {
                check.first = Some(Violation { step: ev.step, at: ev.at, why, nodes });
                ev.broken.push(property.id);
            }
        }
    }
}
