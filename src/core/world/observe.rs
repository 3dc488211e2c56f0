//! The observer: sees everything, tells nobody, and checks every claim after every step.

use super::rules::StepView;
use super::*;
use crate::core::kernel::Mode;
use crate::core::protocol::{PropertyKind, Witness};
use crate::core::view::Violation;

/// The state of a claim.
#[derive(Clone, Debug, Default)]
pub(super) struct Check {
    pub(super) checked: u64,
    pub(super) first: Option<Violation>,
}

impl World {
    pub(super) fn observe(&mut self, step: &mut Step) {
        let ev = &mut step.ev;
        if matches!(ev.what, What::Dock | What::Lost { .. } | What::Ignored { .. }) {
            return;
        }
        let mut open = 0;
        for (i, (claim, check)) in self.fixed.claims.iter().zip(&mut self.checks).enumerate() {
            if check.first.is_none() && claim.kind == PropertyKind::Safety {
                check.checked += 1;
                open |= 1 << i;
            }
        }
        let sending = || self.k.sending();
        let view = StepView {
            settings: &self.fixed.settings,
            replicas: &self.replicas,
            up: self.k.procs[..self.replicas.len()].iter().map(|p| p.up).collect(),
            touched: ev.node.filter(|n| n.0 < self.k.common.nodes),
            notes: &ev.notes,
            stamp: &ev.stamp,
            heard: step.heard,
            request: step.request,
            ops: &ev.ops,
            cut: self.k.links.values().any(|l| l.cut),
            now: self.k.now,
            sending: (self.k.mode != Mode::Search).then_some(&sending),
            answers: &step.answers,
        };
        let broken = self.fixed.rules.observe(&mut self.observer, view, open);
        for (i, Witness { why, nodes }) in broken {
            self.checks[i].first = Some(Violation { step: ev.step, at: ev.at, why, nodes });
            ev.broken.push(self.fixed.claims[i].id);
        }
    }
}
