//! Blows that follow a landmark of the scene: mistakes are made where power changes hands.

use super::{Nemesis, Plot};
use crate::core::action::{Action, Entry};
use crate::core::ids::{NodeId, NodeSet};
use crate::core::world::World;

/// What it does right after a landmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ambush {
    /// Crashes the server.
    Crash,
    /// Crashes and restarts others.
    BounceOthers,
    /// Cuts the server off, with some others and some clients.
    Isolate,
    /// Pauses the server.
    Pause,
    /// Crashes the server in its next handler.
    MidHandler,
    /// Ends timers of others.
    Timers,
}

/// Each with its weight, by repetition.
pub(super) const AMBUSHES: [Ambush; 12] = [
    Ambush::BounceOthers,
    Ambush::Isolate,
    Ambush::Isolate,
    Ambush::Isolate,
    Ambush::Isolate,
    Ambush::BounceOthers,
    Ambush::BounceOthers,
    Ambush::Timers,
    Ambush::Timers,
    Ambush::Crash,
    Ambush::Pause,
    Ambush::MidHandler,
];

impl Nemesis {
    /// What it does right after landmarks at a server, if anything.
    pub fn ambush(&mut self, world: &World, node: NodeId, seen: &[&str]) -> Vec<Entry> {
        let awaited = self.landmark.is_none_or(|l| seen.contains(&l));
        if !awaited || node.0 >= self.field.servers || !self.likely(self.ambush) {
            return Vec::new();
        }
        let mut entries = Vec::new();
        let any = AMBUSHES[self.roll(AMBUSHES.len() as u64) as usize];
        let style = self.style.unwrap_or(any);
        self.spring(style, node, world, &mut entries);
        if !self.hunting && self.roll(3) == 0 {
            self.spring(any, node, world, &mut entries);
        }
        entries
    }

    fn spring(&mut self, style: Ambush, node: NodeId, world: &World, entries: &mut Vec<Entry>) {
        // Whom it cuts off may first do something with its power.
        let tempo = if style == Ambush::Isolate { 8 } else { self.tempo };
        let soon = tempo * self.field.latency;
        let wait = if self.hunting { self.roll(soon) } else { self.span().min(soon) };
        let mut plot = Plot { now: world.now() + 1 + wait, entries: Vec::new() };
        match style {
            Ambush::Crash => {
                let mode = self.mode();
                plot.now(Action::Crash { node, mode });
                plot.later(self.span(), Action::Restart(node));
            }
            Ambush::BounceOthers => {
                for other in self.servers().filter(|n| *n != node) {
                    if self.roll(2) == 0 {
                        self.bounce(other, &mut plot);
                    }
                }
            }
            Ambush::Isolate => self.isolate(node, &mut plot),
            Ambush::Pause => {
                plot.now(Action::Pause(node));
                plot.later(self.span(), Action::Resume(node));
            }
            Ambush::MidHandler => {
                let (effects, mode) = (self.roll(4) as u8, self.mode());
                plot.now(Action::CrashAfter { node, effects, mode });
                plot.later(self.span(), Action::Restart(node));
            }
            Ambush::Timers => {
                let all = self.shuffled();
                let most = self.roll(all.len() as u64) as usize + 1;
                self.timers(&all[..most], world, &mut plot);
            }
        }
        entries.extend(plot.entries);
    }

    /// Cuts a server off, with less than half of the others, and with the clients or without.
    fn isolate(&mut self, node: NodeId, plot: &mut Plot) {
        let all = self.everyone();
        let mut mine = NodeSet::one(node);
        let friends = self.roll(u64::from(self.field.servers).div_ceil(2));
        (0..friends).for_each(|_| mine.insert(self.server()));
        let mut rest = NodeSet(all.0 & !mine.0);
        let clients = all.0 & !NodeSet::first(self.field.servers).0;
        // Clients on both sides see both.
        match self.roll(3) {
            0 => {}
            1 => mine.0 |= clients,
            _ => {
                mine.0 |= clients;
                rest.0 &= !clients;
            }
        }
        plot.now(Action::Partition(vec![mine, rest]));
        // The next one cut off sets this one free.
        if !self.hunting && self.roll(2) == 0 {
            plot.later(self.span(), Action::HealAll);
        }
    }
}
