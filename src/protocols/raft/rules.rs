//! Raft's rules, one function each, named as in raft.tla.

use super::mutant::*;
use super::*;
use crate::core::protocol::Outcome;

type N = Node<Raft>;
type Cx<'a> = Context<'a, Raft>;

/// Restart: only what is durable is left.
pub(super) fn restart(cx: &mut Cx, durable: &Durable) -> State {
    reset_election_timer(cx);
    cx.note("Restart");
    let resumed = if cx.cfg.reads == Reads::Local { durable.log.len() } else { 0 };
    State { resumed, ..State::default() }
}

fn reset_election_timer(cx: &mut Cx) {
    let after = cx.between(cx.cfg.election_low, cx.cfg.election_high);
    cx.set_timer(Timer::Election, after);
}

/// More than half of the servers.
pub(super) fn quorum(nodes: u16) -> u32 {
    u32::from(nodes) / 2 + 1
}

/// Timeout: "a follower increments its current term and transitions to candidate state" (5.2).
pub(super) fn timeout(n: &mut N, cx: &mut Cx) {
    if n.state.role == Role::Leader {
        return;
    }
    cx.note("Timeout");
    n.durable.current_term += 1;
    n.durable.voted_for = Some(n.me);
    n.state.role = Role::Candidate;
    n.state.leader = None;
    n.state.votes_granted = NodeSet::one(n.me);
    n.state.votes_refused = NodeSet::EMPTY;
    cx.persist(&n.durable);
    reset_election_timer(cx);
    let request = Message::RequestVoteRequest {
        term: n.durable.current_term,
        last_log_index: n.durable.log.len(),
        last_log_term: n.durable.log.last_term(),
    };
    cx.others().for_each(|to| cx.send(to, request.clone()));
    become_leader_if_elected(n, cx);
}

/// Receive: terms first, then by kind.
pub(super) fn receive(n: &mut N, cx: &mut Cx, from: NodeId, message: Message) {
    if message.term() > n.durable.current_term {
        update_term(n, cx, message.term());
    }
    match message {
        Message::RequestVoteRequest { term, last_log_index, last_log_term } => {
            handle_request_vote_request(n, cx, from, term, (last_log_term, last_log_index));
        }
        Message::RequestVoteResponse { term, vote_granted } => {
            handle_request_vote_response(n, cx, from, term, vote_granted);
        }
        Message::AppendEntriesRequest {
            term,
            prev_log_index,
            prev_log_term,
            entries,
            leader_commit,
        } => {
            let prev = (prev_log_index, prev_log_term);
            handle_append_entries_request(n, cx, from, term, prev, entries, leader_commit);
        }
        Message::AppendEntriesResponse { term, success, match_index, hint } => {
            handle_append_entries_response(n, cx, from, term, success, match_index, hint);
        }
    }
}

/// UpdateTerm: "if RPC request or response contains term T > currentTerm: set currentTerm = T,
/// convert to follower" (figure 2).
fn update_term(n: &mut N, cx: &mut Cx, term: u64) {
    cx.note("UpdateTerm");
    n.durable.current_term = term;
    n.durable.voted_for = None;
    n.state.leader = None;
    step_down(n, cx);
    cx.persist(&n.durable);
}

fn step_down(n: &mut N, cx: &mut Cx) {
    if n.state.role == Role::Leader {
        cx.cancel_timer(Timer::Heartbeat);
        reset_election_timer(cx);
    }
    n.state.role = Role::Follower;
    n.state.waiting.clear();
    n.state.votes_granted = NodeSet::EMPTY;
    n.state.votes_refused = NodeSet::EMPTY;
    n.state.next_index.clear();
    n.state.match_index.clear();
}

/// HandleRequestVoteRequest: at most one vote a term, "first-come-first-served", and only for a log
/// that is at least as up-to-date (5.2, 5.4.1).
fn handle_request_vote_request(
    n: &mut N,
    cx: &mut Cx,
    from: NodeId,
    term: u64,
    theirs: (u64, u64),
) {
    cx.note("HandleRequestVoteRequest");
    let mine = (n.durable.log.last_term(), n.durable.log.len());
    let up_to_date = theirs >= mine || cx.mutant(VOTE_WITHOUT_LOG_CHECK);
    let free = n.durable.voted_for.is_none_or(|v| v == from);
    let vote_granted = term == n.durable.current_term && up_to_date && free;
    if vote_granted {
        n.durable.voted_for = Some(from);
        if !cx.mutant(VOLATILE_VOTE) {
            cx.persist(&n.durable);
        }
        reset_election_timer(cx);
    }
    cx.send(from, Message::RequestVoteResponse { term: n.durable.current_term, vote_granted });
}

/// HandleRequestVoteResponse.
fn handle_request_vote_response(n: &mut N, cx: &mut Cx, from: NodeId, term: u64, granted: bool) {
    if term < n.durable.current_term || n.state.role != Role::Candidate {
        cx.note("DropStaleResponse");
        return;
    }
    cx.note("HandleRequestVoteResponse");
    let tally = if granted { &mut n.state.votes_granted } else { &mut n.state.votes_refused };
    tally.insert(from);
    become_leader_if_elected(n, cx);
}

/// BecomeLeader: "a candidate wins an election if it receives votes from a majority" (5.2).
fn become_leader_if_elected(n: &mut N, cx: &mut Cx) {
    if n.state.votes_granted.len() < quorum(cx.nodes) {
        return;
    }
    cx.note("BecomeLeader");
    n.state.role = Role::Leader;
    n.state.leader = Some(n.me);
    if cx.mutant(LEADER_REWRITES) {
        n.durable.log.truncate(n.state.commit_index);
    }
    n.state.next_index = PerNode(vec![n.durable.log.len() + 1; cx.nodes.into()]);
    n.state.match_index = PerNode(vec![0; cx.nodes.into()]);
    cx.cancel_timer(Timer::Election);
    if cx.cfg.noop {
        n.durable.log.push(LogEntry { term: n.durable.current_term, command: LogCommand::Noop });
    }
    if cx.cfg.noop || cx.mutant(LEADER_REWRITES) {
        cx.persist(&n.durable);
    }
    replicate(n, cx);
}

/// Sends AppendEntries to everyone and starts the heartbeat anew.
fn replicate(n: &mut N, cx: &mut Cx) {
    n.state.match_index[n.me.at()] = n.durable.log.len();
    cx.others().for_each(|to| append_entries(n, cx, to));
    cx.set_timer(Timer::Heartbeat, cx.cfg.heartbeat);
    advance_commit_index(n, cx);
}

/// AppendEntries: what the follower lacks, as far as is known.
fn append_entries(n: &N, cx: &mut Cx, to: NodeId) {
    let next = n.state.next_index[to.at()];
    let request = Message::AppendEntriesRequest {
        term: n.durable.current_term,
        prev_log_index: next - 1,
        prev_log_term: n.durable.log.term(next - 1),
        entries: n.durable.log.from(next, cx.cfg.batch),
        leader_commit: n.state.commit_index,
    };
    cx.send(to, request);
}

/// The leader's heartbeat.
pub(super) fn heartbeat(n: &mut N, cx: &mut Cx) {
    if n.state.role == Role::Leader {
        cx.note("AppendEntries");
        replicate(n, cx);
    }
}

/// HandleAppendEntriesRequest.
fn handle_append_entries_request(
    n: &mut N,
    cx: &mut Cx,
    from: NodeId,
    term: u64,
    (prev_index, prev_term): (u64, u64),
    entries: Vec<LogEntry>,
    leader_commit: u64,
) {
    let refuse = |n: &N, cx: &mut Cx, hint| {
        cx.note("RejectAppendEntriesRequest");
        let term = n.durable.current_term;
        cx.send(
            from,
            Message::AppendEntriesResponse { term, success: false, match_index: 0, hint },
        );
    };
    if term < n.durable.current_term {
        return refuse(n, cx, 0);
    }
    if n.state.role == Role::Candidate {
        cx.note("ReturnToFollowerState");
        step_down(n, cx);
    }
    n.state.leader = Some(from);
    reset_election_timer(cx);
    // "Reply false if log doesn't contain an entry at prevLogIndex whose term matches prevLogTerm."
    let log = &n.durable.log;
    let missing = log.len() < prev_index;
    let matches = !missing && log.term(prev_index) == prev_term;
    if !matches && (missing || !cx.mutant(NO_CONSISTENCY_CHECK)) {
        return refuse(n, cx, back_off(log, prev_index));
    }
    let match_index = prev_index + entries.len() as u64;
    if append(&mut n.durable.log, prev_index, entries, cx) {
        cx.persist(&n.durable);
    }
    // "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)."
    n.state.commit_index = n.state.commit_index.max(leader_commit.min(match_index));
    apply(n, cx);
    let term = n.durable.current_term;
    cx.send(from, Message::AppendEntriesResponse { term, success: true, match_index, hint: 0 });
}

/// Where the leader should go back to: the first index of the conflicting entry's term, or just
/// past the end (5.3, "the follower can include the term of the conflicting entry and the first
/// index it stores for that term").
fn back_off(log: &Log, prev_index: u64) -> u64 {
    if log.len() < prev_index {
        return log.len() + 1;
    }
    let term = log.term(prev_index);
    let same = log.iter_to(prev_index).rev().take_while(|e| e.term == term).count();
    (prev_index + 1 - same as u64).min(prev_index)
}

/// "If an existing entry conflicts with a new one, delete the existing entry and all that follow
/// it; append any new entries not already in the log." True if the log changed.
fn append(log: &mut Log, prev_index: u64, entries: Vec<LogEntry>, cx: &mut Cx) -> bool {
    let mut changed = false;
    for (index, entry) in (prev_index + 1..).zip(entries) {
        if log.len() >= index && log.term(index) != entry.term {
            cx.note("ConflictAppendEntriesRequest");
            log.truncate(index - 1);
        }
        if log.len() < index {
            log.push(entry);
            changed = true;
        }
    }
    cx.note(if changed { "NoConflictAppendEntriesRequest" } else { "AppendEntriesAlreadyDone" });
    changed
}

/// HandleAppendEntriesResponse.
fn handle_append_entries_response(
    n: &mut N,
    cx: &mut Cx,
    from: NodeId,
    term: u64,
    success: bool,
    match_index: u64,
    hint: u64,
) {
    if term < n.durable.current_term || n.state.role != Role::Leader {
        cx.note("DropStaleResponse");
        return;
    }
    cx.note("HandleAppendEntriesResponse");
    let at = from.at();
    if success {
        n.state.match_index[at] = n.state.match_index[at].max(match_index);
        n.state.next_index[at] = n.state.match_index[at] + 1;
        advance_commit_index(n, cx);
        if n.state.next_index[at] <= n.durable.log.len() && match_index > 0 {
            append_entries(n, cx, from);
        }
    } else {
        // A refusal that a later success has overtaken must not lead back below it.
        let lowest = n.state.match_index[at] + 1;
        n.state.next_index[at] = hint.clamp(lowest, n.state.next_index[at].max(lowest));
        append_entries(n, cx, from);
    }
}

/// AdvanceCommitIndex: "only log entries from the leader's current term are committed by counting
/// replicas" (5.4.2).
fn advance_commit_index(n: &mut N, cx: &mut Cx) {
    let mut sorted = n.state.match_index.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let needed = if cx.mutant(SHORT_QUORUM) { u32::from(cx.nodes) / 2 } else { quorum(cx.nodes) };
    let replicated = sorted.get(needed.max(1) as usize - 1).copied().unwrap_or(0);
    let own_term = n.durable.log.term(replicated) == n.durable.current_term;
    if replicated > n.state.commit_index && (own_term || cx.mutant(COMMIT_OLD_TERM)) {
        cx.note("AdvanceCommitIndex");
        n.state.commit_index = replicated;
        apply(n, cx);
    }
}

/// "If commitIndex > lastApplied: increment lastApplied, apply log[lastApplied]."
fn apply(n: &mut N, cx: &mut Cx) {
    let log = n.durable.log.clone();
    let mut next = log.iter_from(n.state.last_applied + 1);
    while n.state.last_applied < n.state.commit_index {
        n.state.last_applied += 1;
        let index = n.state.last_applied;
        let Some(LogEntry { command: LogCommand::Client { id, op }, .. }) = next.next() else {
            continue;
        };
        let ret = n.state.store.apply(id, &op, cx.mutant(NO_SESSIONS));
        if n.state.waiting.remove(&index) == Some(id) {
            cx.reply(id, Outcome::Ok(ret));
        }
    }
}

impl Store {
    /// Applies an operation once: a request that was applied before is answered from its session.
    pub fn apply(&mut self, id: OpId, op: &Op, forgetful: bool) -> Ret {
        if let Some((last, ret)) = self.sessions.get(&id.client).filter(|_| !forgetful)
            && *last >= id.nth
        {
            return ret.clone();
        }
        let ret = match op {
            Op::Get { key } => Ret::Value(self.values.get(key).copied()),
            Op::Put { key, value } => {
                self.values.insert(*key, *value);
                Ret::Done
            }
            Op::Cas { key, expected, value } => {
                let swap = self.values.get(key) == Some(expected);
                if swap {
                    self.values.insert(*key, *value);
                }
                Ret::Swapped(swap)
            }
        };
        self.sessions.insert(id.client, (id.nth, ret.clone()));
        ret
    }
}

/// ClientRequest: "the leader appends the command to its log as a new entry" (5.3); others point
/// to the leader (section 8).
pub(super) fn client_request(n: &mut N, cx: &mut Cx, id: OpId, op: Op) {
    if let Op::Get { key } = op
        && reads_alone(n, cx)
    {
        if n.state.last_applied < n.state.resumed.min(n.durable.log.len()) {
            return cx.reply(id, Outcome::Fail("it has not caught up since it started"));
        }
        cx.note("LocalRead");
        let newest = || n.durable.log.iter().rev().find_map(|e| e.command.put(key));
        let value = match cx.mutant(DIRTY_READ) {
            true => newest(),
            false => n.state.store.values.get(&key).copied(),
        };
        return cx.reply(id, Outcome::Ok(Ret::Value(value)));
    }
    if n.state.role != Role::Leader {
        let hint = n.state.leader.filter(|l| *l != n.me);
        return cx.reply(id, Outcome::Redirect(hint));
    }
    if let Some((last, ret)) =
        n.state.store.sessions.get(&id.client).filter(|_| !cx.mutant(NO_SESSIONS))
        && *last == id.nth
    {
        return cx.reply(id, Outcome::Ok(ret.clone()));
    }
    if n.state.waiting.values().any(|w| *w == id) && !cx.mutant(NO_SESSIONS) {
        return;
    }
    cx.note("ClientRequest");
    let early = cx.mutant(EARLY_ANSWER) && matches!(op, Op::Put { .. });
    n.durable
        .log
        .push(LogEntry { term: n.durable.current_term, command: LogCommand::Client { id, op } });
    n.state.waiting.insert(n.durable.log.len(), id);
    cx.persist(&n.durable);
    if early {
        cx.reply(id, Outcome::Ok(Ret::Done));
    }
    replicate(n, cx);
}

/// Does this server answer a read without asking anybody?
fn reads_alone(n: &N, cx: &Cx) -> bool {
    let leads = n.state.role == Role::Leader;
    cx.cfg.reads == Reads::Local
        || cx.mutant(ANY_READ)
        || leads && (cx.mutant(LONE_READ) || cx.mutant(DIRTY_READ))
}
