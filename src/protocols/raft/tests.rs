//! The rules as effect lists, and the paper's sentences as tests.

use super::mutant::*;
use super::*;
use crate::core::protocol::{Dice, Effect, Outcome};

const ME: NodeId = NodeId(0);
const PEER: NodeId = NodeId(1);
const OTHER: NodeId = NodeId(2);

fn noop(term: u64) -> LogEntry {
    LogEntry { term, command: LogCommand::Noop }
}

fn put(term: u64, nth: u32, value: i64) -> LogEntry {
    let id = OpId { client: NodeId(5), nth };
    LogEntry { term, command: LogCommand::Client { id, op: Op::Put { key: 0, value } } }
}

fn terms(all: &[u64]) -> Log {
    all.iter().map(|t| noop(*t)).collect()
}

/// A server of five with this term and log.
fn server(current_term: u64, log: Log) -> Node<Raft> {
    Node {
        me: ME,
        state: State::default(),
        durable: Durable { current_term, voted_for: None, log },
    }
}

fn leader(current_term: u64, log: Log) -> Node<Raft> {
    let mut n = server(current_term, log);
    n.state.role = Role::Leader;
    n.state.leader = Some(ME);
    n.state.next_index = PerNode(vec![n.durable.log.len() + 1; 5]);
    n.state.match_index = PerNode(vec![0; 5]);
    n.state.match_index[0] = n.durable.log.len();
    n
}

/// Runs a handler and returns its effects, durations left out: they are drawn.
fn effects(run: impl FnOnce(&mut Context<Raft>), mutant: Option<u8>) -> Vec<Effect<Raft>> {
    let (cfg, mut dice) = (Config::default(), Dice::default());
    let mut cx = Context::alone(0, 5, &cfg, &mut dice);
    if let Some(number) = mutant {
        cx = cx.with_mutant(number);
    }
    run(&mut cx);
    let mut all = cx.effects;
    for effect in &mut all {
        if let Effect::SetTimer { after, .. } = effect {
            *after = 0;
        }
    }
    all
}

fn receive(n: &mut Node<Raft>, from: NodeId, message: Message) -> Vec<Effect<Raft>> {
    effects(|cx| Raft::on_message(n, cx, from, message), None)
}

fn sent(effects: &[Effect<Raft>]) -> Vec<(NodeId, Message)> {
    let of = |e: &Effect<Raft>| match e {
        Effect::Send { to, message } => Some((*to, message.clone())),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

fn ask(term: u64, last_log_index: u64, last_log_term: u64) -> Message {
    Message::RequestVoteRequest { term, last_log_index, last_log_term }
}

fn append(term: u64, prev: (u64, u64), entries: Vec<LogEntry>, leader_commit: u64) -> Message {
    Message::AppendEntriesRequest {
        term,
        prev_log_index: prev.0,
        prev_log_term: prev.1,
        entries,
        leader_commit,
    }
}

fn accepted(term: u64, match_index: u64) -> Message {
    Message::AppendEntriesResponse { term, success: true, match_index, hint: 0 }
}

fn refused(term: u64, hint: u64) -> Message {
    Message::AppendEntriesResponse { term, success: false, match_index: 0, hint }
}

#[test]
fn timeout_persists_before_it_asks() {
    let mut n = server(1, terms(&[1]));
    let all = effects(|cx| Raft::on_timer(&mut n, cx, Timer::Election), None);
    let durable = Durable { current_term: 2, voted_for: Some(ME), log: terms(&[1]) };
    let ask_all = (1..5).map(|to| Effect::Send { to: NodeId(to), message: ask(2, 1, 1) });
    let mut expected = vec![
        Effect::Note("Timeout"),
        Effect::Persist(durable),
        Effect::SetTimer { timer: Timer::Election, after: 0 },
    ];
    expected.extend(ask_all);
    assert_eq!(all, expected);
    assert_eq!(n.state.role, Role::Candidate);
}

#[test]
fn a_vote_is_on_disk_before_it_leaves() {
    let mut n = server(2, terms(&[1]));
    let all = receive(&mut n, PEER, ask(2, 1, 1));
    let durable = Durable { current_term: 2, voted_for: Some(PEER), log: terms(&[1]) };
    let reply = Message::RequestVoteResponse { term: 2, vote_granted: true };
    assert_eq!(
        all,
        [
            Effect::Note("HandleRequestVoteRequest"),
            Effect::Persist(durable),
            Effect::SetTimer { timer: Timer::Election, after: 0 },
            Effect::Send { to: PEER, message: reply },
        ]
    );
    let mut n = server(2, terms(&[1]));
    let forgetful =
        effects(|cx| Raft::on_message(&mut n, cx, PEER, ask(2, 1, 1)), Some(VOLATILE_VOTE));
    assert!(!forgetful.iter().any(|e| matches!(e, Effect::Persist(_))));
}

/// "Each server will vote for at most one candidate in a given term, on a first-come-first-served
/// basis" (5.2).
#[test]
fn one_vote_a_term_first_come_first_served() {
    let mut n = server(2, Log::default());
    let vote = |granted| [Message::RequestVoteResponse { term: 2, vote_granted: granted }];
    let answer = |n: &mut Node<Raft>, from| sent(&receive(n, from, ask(2, 0, 0))).remove(0).1;
    assert_eq!([answer(&mut n, PEER)], vote(true));
    assert_eq!([answer(&mut n, OTHER)], vote(false));
    assert_eq!([answer(&mut n, PEER)], vote(true), "the same candidate may ask again");
}

/// "If the logs have last entries with different terms, then the log with the later term is more
/// up-to-date. If the logs end with the same term, then whichever log is longer is more
/// up-to-date" (5.4.1).
#[test]
fn the_vote_goes_to_logs_at_least_as_up_to_date() {
    for (mine, index, term, granted) in [
        (&[1, 1][..], 2, 1, true),
        (&[1, 1], 3, 1, true),
        (&[1, 1], 1, 1, false),
        (&[1, 1], 1, 2, true),
        (&[1, 2], 5, 1, false),
        (&[], 0, 0, true),
    ] {
        let mut n = server(3, terms(mine));
        let all = sent(&receive(&mut n, PEER, ask(3, index, term)));
        assert_eq!(
            all[0].1,
            Message::RequestVoteResponse { term: 3, vote_granted: granted },
            "{mine:?} {index} {term}"
        );
    }
}

/// "If a server receives a request with a stale term number, it rejects the request" (5.1).
#[test]
fn stale_terms_are_refused() {
    let mut n = server(5, terms(&[1]));
    assert_eq!(
        sent(&receive(&mut n, PEER, ask(4, 9, 4)))[0].1,
        Message::RequestVoteResponse { term: 5, vote_granted: false }
    );
    assert_eq!(sent(&receive(&mut n, PEER, append(4, (0, 0), vec![], 0)))[0].1, refused(5, 0));
    assert_eq!((n.durable.current_term, n.durable.log.len()), (5, 1));
}

/// "If a candidate or leader discovers that its term is out of date, it immediately reverts to
/// follower state" (5.1).
#[test]
fn leaders_of_old_terms_step_down() {
    let mut n = leader(2, terms(&[2]));
    n.state.waiting.insert(1, OpId { client: NodeId(5), nth: 0 });
    let all = receive(
        &mut n,
        PEER,
        Message::AppendEntriesResponse { term: 3, success: false, match_index: 0, hint: 1 },
    );
    assert_eq!(
        (n.state.role, n.durable.current_term, n.durable.voted_for),
        (Role::Follower, 3, None)
    );
    assert!(n.state.waiting.is_empty());
    assert!(all.contains(&Effect::CancelTimer(Timer::Heartbeat)));
    assert_eq!(all.last(), Some(&Effect::Note("DropStaleResponse")));
}

/// "If the leader's term is at least as large as the candidate's current term, then the candidate
/// recognizes the leader as legitimate and returns to follower state" (5.2).
#[test]
fn a_candidate_yields_to_a_leader_of_its_term() {
    let mut n = server(2, Log::default());
    effects(|cx| Raft::on_timer(&mut n, cx, Timer::Election), None);
    receive(&mut n, PEER, append(3, (0, 0), vec![], 0));
    assert_eq!((n.state.role, n.state.leader), (Role::Follower, Some(PEER)));
}

/// "A candidate wins an election if it receives votes from a majority of the servers in the full
/// cluster for the same term" (5.2).
#[test]
fn a_majority_makes_a_leader_which_persists_its_noop_before_sending_it() {
    let mut n = server(1, terms(&[1]));
    effects(|cx| Raft::on_timer(&mut n, cx, Timer::Election), None);
    let yes = Message::RequestVoteResponse { term: 2, vote_granted: true };
    receive(&mut n, PEER, yes.clone());
    receive(&mut n, PEER, yes.clone());
    assert_eq!(n.state.role, Role::Candidate, "two votes from one voter are one");
    let all = receive(&mut n, OTHER, yes);
    assert_eq!(n.state.role, Role::Leader);
    let durable = Durable { current_term: 2, voted_for: Some(ME), log: terms(&[1, 2]) };
    let appends = (1..5)
        .map(|to| Effect::Send { to: NodeId(to), message: append(2, (1, 1), vec![noop(2)], 0) });
    let mut expected = vec![
        Effect::Note("HandleRequestVoteResponse"),
        Effect::Note("BecomeLeader"),
        Effect::CancelTimer(Timer::Election),
        Effect::Persist(durable),
    ];
    expected.extend(appends);
    expected.push(Effect::SetTimer { timer: Timer::Heartbeat, after: 0 });
    assert_eq!(all, expected);
}

/// AppendEntries receiver rules 2 to 5 of figure 2.
#[test]
fn followers_compare_delete_what_conflicts_and_append_what_is_new() {
    for (mine, prev, new, left) in [
        (&[1, 1][..], (2, 1), &[2][..], Some(&[1, 1, 2][..])),
        (&[1, 1], (3, 1), &[2], None),
        (&[1, 1], (2, 2), &[2], None),
        (&[1, 1, 1], (1, 1), &[2], Some(&[1, 2])),
        (&[1, 1, 1], (1, 1), &[1], Some(&[1, 1, 1])),
        (&[1, 1, 1], (0, 0), &[], Some(&[1, 1, 1])),
        (&[], (0, 0), &[1, 2], Some(&[1, 2])),
    ] {
        let mut n = server(3, terms(mine));
        let entries: Vec<LogEntry> = new.iter().map(|t| noop(*t)).collect();
        let reply = sent(&receive(&mut n, PEER, append(3, prev, entries, 0))).remove(0).1;
        match left {
            Some(left) => {
                assert_eq!(reply, accepted(3, prev.0 + new.len() as u64));
                assert_eq!(n.durable.log, terms(left), "{mine:?} {prev:?} {new:?}");
            }
            None => {
                assert!(matches!(reply, Message::AppendEntriesResponse { success: false, .. }));
                assert_eq!(n.durable.log, terms(mine));
            }
        }
    }
}

/// "The follower can include the term of the conflicting entry and the first index it stores for
/// that term" (5.3): here, the index itself.
#[test]
fn refusals_hint_at_the_start_of_the_conflicting_term() {
    for (mine, prev, hint) in
        [(&[1, 2, 2, 2][..], (4, 3), 2), (&[1, 1], (5, 3), 3), (&[], (1, 1), 1)]
    {
        let mut n = server(4, terms(mine));
        let all = sent(&receive(&mut n, PEER, append(4, prev, vec![], 0)));
        assert_eq!(all[0].1, refused(4, hint), "{mine:?}");
    }
}

#[test]
fn entries_are_on_disk_before_they_are_acknowledged() {
    let mut n = server(2, Log::default());
    n.durable.voted_for = Some(PEER);
    let all = receive(&mut n, PEER, append(2, (0, 0), vec![noop(2)], 0));
    let durable = Durable { current_term: 2, voted_for: Some(PEER), log: terms(&[2]) };
    assert_eq!(
        all,
        [
            Effect::SetTimer { timer: Timer::Election, after: 0 },
            Effect::Note("NoConflictAppendEntriesRequest"),
            Effect::Persist(durable),
            Effect::Send { to: PEER, message: accepted(2, 1) },
        ]
    );
}

/// "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)".
#[test]
fn a_follower_commits_no_further_than_what_it_was_just_shown() {
    let mut n = server(2, terms(&[1, 1, 1]));
    receive(&mut n, PEER, append(2, (1, 1), vec![noop(1)], 9));
    assert_eq!(
        (n.state.commit_index, n.state.last_applied),
        (2, 2),
        "the third entry may differ from the leader's"
    );
}

/// "Only log entries from the leader's current term are committed by counting replicas" (5.4.2).
#[test]
fn earlier_terms_commit_only_along_with_the_leaders_own() {
    let mut n = leader(4, terms(&[1, 2]));
    receive(&mut n, PEER, accepted(4, 2));
    receive(&mut n, OTHER, accepted(4, 2));
    assert_eq!(n.state.commit_index, 0, "on a majority, but of term 2 (figure 8)");
    n.durable.log.push(noop(4));
    n.state.match_index[0] = 3;
    receive(&mut n, PEER, accepted(4, 3));
    receive(&mut n, OTHER, accepted(4, 3));
    assert_eq!(n.state.commit_index, 3);
}

/// "If AppendEntries fails because of log inconsistency: decrement nextIndex and retry" (5.3).
#[test]
fn a_refused_leader_goes_back_but_never_below_what_it_knows_matched() {
    let mut n = leader(3, terms(&[1, 1, 3, 3]));
    let retry = sent(&receive(&mut n, PEER, refused(3, 2)));
    assert_eq!(retry, [(PEER, append(3, (1, 1), vec![noop(1), noop(3), noop(3)], 0))]);
    receive(&mut n, PEER, accepted(3, 4));
    receive(&mut n, PEER, refused(3, 1));
    assert_eq!(n.state.next_index[1], 5, "a refusal that was overtaken changes nothing");
}

#[test]
fn the_client_is_answered_once_its_entry_is_applied() {
    let mut n = leader(2, terms(&[2]));
    let id = OpId { client: NodeId(5), nth: 0 };
    let all = effects(|cx| Raft::on_op(&mut n, cx, id, Op::Put { key: 0, value: 7 }), None);
    assert_eq!(all[0], Effect::Note("ClientRequest"));
    assert_eq!(all[1], Effect::Persist(n.durable.clone()));
    assert_eq!(sent(&all).len(), 4);
    receive(&mut n, PEER, accepted(2, 2));
    let answered = receive(&mut n, OTHER, accepted(2, 2));
    assert!(answered.contains(&Effect::Reply { to: id, outcome: Outcome::Ok(Ret::Done) }));
    assert_eq!(n.state.store.values.get(&0), Some(&7));
}

/// "If it receives a command whose serial number has already been executed, it responds
/// immediately without re-executing the request" (8).
#[test]
fn a_repeated_request_is_answered_without_another_entry() {
    let mut n = leader(2, [put(2, 0, 7)].into_iter().collect());
    n.state.commit_index = 1;
    n.state.last_applied = 1;
    let id = OpId { client: NodeId(5), nth: 0 };
    n.state.store.apply(id, &Op::Put { key: 0, value: 7 }, false);
    let again = effects(|cx| Raft::on_op(&mut n, cx, id, Op::Put { key: 0, value: 7 }), None);
    assert_eq!(again, [Effect::Reply { to: id, outcome: Outcome::Ok(Ret::Done) }]);
    assert_eq!(n.durable.log.len(), 1);
}

#[test]
fn others_point_to_the_leader() {
    let mut n = server(2, Log::default());
    n.state.leader = Some(PEER);
    let id = OpId { client: NodeId(5), nth: 0 };
    let all = effects(|cx| Raft::on_op(&mut n, cx, id, Op::Get { key: 0 }), None);
    assert_eq!(all, [Effect::Reply { to: id, outcome: Outcome::Redirect(Some(PEER)) }]);
}

#[test]
fn a_torn_write_keeps_some_entries_and_the_old_vote() {
    let before = Durable { current_term: 1, voted_for: None, log: terms(&[1]) };
    let after = Durable { current_term: 2, voted_for: Some(ME), log: terms(&[1, 2, 2]) };
    let torn = Raft::torn(&before, &after);
    assert_eq!(torn, Durable { current_term: 1, voted_for: None, log: terms(&[1, 2]) });
}
