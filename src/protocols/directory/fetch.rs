//! Asking the directory: one request at a time, given up after a while and made again.

use super::{Directory, Message, ServerPlan, Timer};
use crate::core::declare::data;
use crate::core::ids::NodeId;
use crate::core::protocol::Context;

data! {
    /// What is asked for.
    #[derive(Copy, Default)]
    pub enum Want {
        /// The whole table.
        #[default]
        All,
        /// One shard's entry.
        Shard(u32),
        /// The entries of those who ask.
        Mine,
    }
}

/// A refresh under way, at a router or at a shard server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fetcher {
    /// Requests made so far; an answer to any but the last comes too late.
    pub sent: u32,
    /// It waits for an answer to the last.
    pub waiting: bool,
    /// What that asked for.
    pub want: Want,
    /// Failures in a row.
    pub failures: u32,
    /// Whom it asks.
    pub directory: NodeId,
}

/// Pauses are not doubled more often than this.
const MOST_DOUBLINGS: u32 = 6;

impl Fetcher {
    /// Asks, unless it waits for an answer.
    pub(super) fn ask(&mut self, cx: &mut Context<Directory>, want: Want) {
        if !self.waiting {
            self.sent += 1;
            (self.waiting, self.want) = (true, want);
            cx.cancel_timer(Timer::Fetch);
            cx.note("Fetch");
            self.post(cx);
        }
    }

    fn post(&self, cx: &mut Context<Directory>) {
        cx.send(self.directory, Message::Fetch { nth: self.sent, want: self.want });
        let patience = cx.cfg.timeout;
        cx.set_timer(Timer::Patience, patience);
    }

    /// Nobody has answered: the next server of the directory may, at once or after a pause.
    pub(super) fn timed_out(&mut self, cx: &mut Context<Directory>) {
        if !self.waiting {
            return;
        }
        cx.note("FetchTimeout");
        self.waiting = false;
        self.failures = self.failures.saturating_add(1);
        let servers = ServerPlan::of(cx.cfg, cx.nodes).directory;
        self.directory = NodeId((self.directory.0 + 1) % servers.max(1));
        if cx.cfg.backoff == 0 {
            return self.ask(cx, self.want);
        }
        let most = cx.cfg.backoff << (self.failures - 1).min(MOST_DOUBLINGS);
        let pause = cx.between(most / 2, most);
        cx.set_timer(Timer::Fetch, pause);
    }

    /// Somebody else leads the directory.
    pub(super) fn redirected(
        &mut self,
        cx: &mut Context<Directory>,
        nth: u32,
        leader: Option<NodeId>,
    ) {
        if let (true, Some(leader)) = (self.waiting && nth == self.sent, leader) {
            self.directory = leader;
            self.post(cx);
        }
    }

    /// An answer has come: is it to what is asked now? What was given up is over, like a connection
    /// that was closed.
    pub(super) fn answered(&mut self, cx: &mut Context<Directory>, from: NodeId, nth: u32) -> bool {
        if !self.waiting || nth != self.sent {
            cx.note("TooLate");
            return false;
        }
        (self.waiting, self.failures, self.directory) = (false, 0, from);
        cx.cancel_timer(Timer::Patience);
        cx.note("Refresh");
        true
    }
}

/// What was said now is valid for `span`; half-way it is asked for again if `renew`.
pub(super) fn valid_for(cx: &mut Context<Directory>, span: u64, renew: bool) {
    if span > 0 {
        cx.set_timer(Timer::Expire, span);
        if renew {
            cx.set_timer(Timer::Fetch, span / 2);
        }
    }
}

/// As [`valid_for`] at the very first start: not everybody was told at the same time.
pub(super) fn valid_at_first(cx: &mut Context<Directory>, span: u64, renew: bool) {
    if span > 0 {
        let left = cx.between(0, span / 2);
        cx.set_timer(Timer::Expire, span / 2 + left);
        if renew {
            cx.set_timer(Timer::Fetch, left);
        }
    }
}
