//! Random runs through export and import, and recordings that cannot be.

use super::etcd;
use super::execution::{Execution, ImportError, RecordedEvent, count};
use super::shiviz::{self, DEFAULT_PARSER};
use crate::core::sorted::SortedSet;
use proptest::prelude::*;

/// A log of a random run: who acts in each step, from which earlier step it receives, if any, and
/// a key by which the lines are shuffled.
fn logs() -> impl Strategy<Value = String> {
    let step = (0usize..5, prop::option::of(any::<prop::sample::Index>()), 0u8..4);
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let mut clocks = [[0u64; 5]; 5];
        let mut sent: Vec<[u64; 5]> = Vec::new();
        let mut lines = Vec::new();
        for (i, (who, from, key)) in steps.iter().enumerate() {
            if let Some(from) = from.filter(|_| i > 0) {
                let message = sent[from.index(i)];
                clocks[*who].iter_mut().zip(message).for_each(|(c, m)| *c = (*c).max(m));
            }
            clocks[*who][*who] += 1;
            sent.push(clocks[*who]);
            let counts = (0..5).filter(|p| clocks[*who][*p] > 0);
            let counts: Vec<String> =
                counts.map(|p| format!("\"p{p}\":{}", clocks[*who][p])).collect();
            lines.push((*key, format!("p{who} {{{}}}\nstep {i}\n", counts.join(","))));
        }
        lines.sort_by_key(|l| l.0);
        lines.into_iter().map(|l| l.1).collect()
    })
}

fn read(log: &str) -> Execution {
    let mut all = shiviz::import(log, DEFAULT_PARSER, None).expect("a possible log");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Everything reachable along parents, by graph search.
fn past(execution: &Execution, of: u32) -> SortedSet<u32> {
    let mut seen = SortedSet::new();
    let mut next = execution.events[of as usize].parents.clone();
    while let Some(event) = next.pop() {
        if seen.insert(event) {
            next.extend(&execution.events[event as usize].parents);
        }
    }
    seen
}

fn impossible(log: &str) -> (u32, String) {
    match shiviz::import(log, DEFAULT_PARSER, None) {
        Err(ImportError::Impossible(found)) => (found.line, found.reason),
        other => panic!("expected an impossible log, got {other:?}"),
    }
}

/// What the linking has to come to, by comparing every pair: the parents of each event, or the first
/// line that cannot be.
fn by_pairs(execution: &Execution) -> Result<Vec<Vec<u32>>, u32> {
    let events = &execution.events;
    let find = |host, number| events.iter().rposition(|e| (e.host, e.number) == (host, number));
    let mut first = u32::MAX;
    let mut all = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let again = events[..at].iter().any(|e| (e.host, e.number) == (event.host, event.number));
        let mut wrong = event.number == 0 || again;
        let mut candidates = Vec::new();
        let mut known: &[(u32, u64)] = &[];
        if event.number > 1 {
            let previous = find(event.host, event.number - 1);
            known = previous.map_or(&[], |p| &events[p].clock);
            candidates.push(previous);
        }
        let new = event.clock.iter().filter(|(h, n)| *h != event.host && *n > count(known, *h));
        candidates.extend(new.map(|(h, n)| find(*h, *n)));
        wrong |= candidates.contains(&None);
        let candidates: Vec<usize> = candidates.into_iter().flatten().collect();
        wrong |= candidates.iter().any(|c| {
            let theirs = &events[*c].clock;
            theirs.iter().any(|(h, n)| count(&event.clock, *h) < *n)
                || events[*c].host != event.host && count(theirs, event.host) >= event.number
        });
        if wrong {
            first = first.min(event.line);
        }
        let covered = |c: &usize| {
            let (host, number) = (events[*c].host, events[*c].number);
            candidates.iter().any(|d| d != c && count(&events[*d].clock, host) >= number)
        };
        let mut parents: Vec<u32> =
            candidates.iter().filter(|c| !covered(c)).map(|c| *c as u32).collect();
        parents.sort_unstable();
        all.push(parents);
    }
    if first == u32::MAX { Ok(all) } else { Err(first) }
}

/// Events that hear of several others at once, in any order, and a count that was changed.
fn gossip() -> impl Strategy<Value = String> {
    let step = (0usize..5, prop::collection::vec(any::<prop::sample::Index>(), 0..5), any::<u16>());
    let change = prop::option::weighted(0.6, (any::<prop::sample::Index>(), 0usize..5, 0u64..4));
    (prop::collection::vec(step, 1..30), change).prop_map(|(steps, change)| {
        let mut clocks = [[0u64; 5]; 5];
        let mut sent: Vec<(usize, [u64; 5], u16)> = Vec::new();
        for (who, heard, key) in &steps {
            for from in heard.iter().filter(|_| !sent.is_empty()) {
                let message = sent[from.index(sent.len())].1;
                clocks[*who].iter_mut().zip(message).for_each(|(c, m)| *c = (*c).max(m));
            }
            clocks[*who][*who] += 1;
            sent.push((*who, clocks[*who], *key));
        }
        if let Some((at, host, count)) = change {
            let at = at.index(sent.len());
            sent[at].1[host] = count;
        }
        sent.sort_by_key(|s| s.2);
        let line = |(who, clock, _): &(usize, [u64; 5], u16)| {
            let counts: Vec<String> = (0..5).map(|p| format!("\"p{p}\":{}", clock[p])).collect();
            format!("p{who} {{{}}}\nstep\n", counts.join(","))
        };
        sent.iter().map(line).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn linking_comes_to_what_all_pairs_say(log in gossip()) {
        let unlinked = unlinked(&log);
        let right = by_pairs(&unlinked);
        match shiviz::import(&log, DEFAULT_PARSER, None) {
            Ok(all) => {
                let parents = all[0].events.iter().map(|e| e.parents.clone()).collect();
                prop_assert_eq!(Ok(parents), right, "{}", log);
            }
            Err(ImportError::Impossible(at)) => prop_assert_eq!(Err(at.line), right, "{}", log),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}

/// Events and their clocks, without parents.
fn unlinked(log: &str) -> Execution {
    let mut all = Execution::default();
    let mut host = |name: &str| match all.hosts.iter().position(|h| h == name) {
        Some(at) => at as u32,
        None => {
            all.hosts.push(name.into());
            all.hosts.len() as u32 - 1
        }
    };
    let lines: Vec<&str> = log.lines().collect();
    let mut events = Vec::new();
    for (nth, pair) in lines.chunks(2).enumerate() {
        let (name, clock) = pair[0].split_once(' ').unwrap();
        let id = host(name);
        let counts: std::collections::BTreeMap<String, u64> = serde_json::from_str(clock).unwrap();
        let counts = counts.iter().filter(|(_, n)| **n > 0);
        let mut clock: Vec<(u32, u64)> = counts.map(|(h, n)| (host(h), *n)).collect();
        clock.sort_unstable();
        let (number, line) = (count(&clock, id), 2 * nth as u32 + 1);
        events.push(RecordedEvent {
            host: id,
            number,
            clock,
            text: pair[1].into(),
            parents: Vec::new(),
            line,
        });
    }
    all.events = events;
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The order of the clocks is reachability along the parents, and no parent is reachable
    /// through another.
    #[test]
    fn parents_are_the_reduction_of_the_clock_order(log in logs()) {
        let execution = read(&log);
        for (b, event) in (0..).zip(&execution.events) {
            let reached = past(&execution, b);
            for (a, other) in (0..).zip(&execution.events) {
                let before = a != b && count(&event.clock, other.host) >= other.number;
                prop_assert_eq!(reached.contains(&a), before);
            }
            for parent in &event.parents {
                let through_another = event.parents.iter().any(|p| past(&execution, *p).contains(parent));
                prop_assert!(!through_another);
            }
        }
    }

    /// Export, then import, is the identity, lines apart.
    #[test]
    fn what_is_exported_comes_back(logs in prop::collection::vec(logs(), 1..4), text in "[=a \\\\\"{}é]{0,12}", host in "[a\" =]{0,4}") {
        let mut executions: Vec<Execution> = logs.iter().map(|l| read(l)).collect();
        if executions.len() > 1 {
            executions[1].label = text.clone();
        }
        executions[0].events[0].text = text;
        executions[0].hosts[0] = format!("x{host}");
        let written = shiviz::export(&executions);
        let back = shiviz::import(&written.text, written.parser, written.delimiter.as_deref());
        let mut back = back.expect("an export can be read");
        let all = executions.iter_mut().chain(&mut back);
        all.flat_map(|e| &mut e.events).for_each(|e| e.line = 0);
        prop_assert_eq!(back, executions);
    }

    #[test]
    fn no_text_makes_the_importers_panic(text in "(p[01] \\{(\"p[01]\":[0-9]{1,20},?)*\\}\n[a-z]*\n|.|\n)*") {
        let _ = shiviz::import(&text, DEFAULT_PARSER, Some("^=== (?<trace>.*) ===$"));
        let _ = etcd::import(&text);
    }
}

#[test]
fn the_first_impossible_line_is_named() {
    let cases = [
        ("a {\"a\":1}\nx\na {\"a\":3}\ny\n", 3, "a:3 comes after a:2, which is missing"),
        ("a {\"a\":1}\nx\na {\"a\":1}\ny\n", 3, "a:1 already happened at line 1"),
        ("a {\"a\":1}\nx\nb {\"a\":2,\"b\":1}\ny\n", 3, "b:1 comes after a:2, which is missing"),
        ("a {\"a\":1}\nx\nb {\"a\":1}\ny\n", 3, "the clock does not count its own host 'b'"),
        ("a {\"a\":1,\"c\":1}\nx\n", 1, "a:1 comes after c:1, which is missing"),
        (
            "a {\"a\":1,\"b\":1}\nx\nb {\"a\":1,\"b\":1}\ny\n",
            1,
            "a:1 and b:1 each come after the other",
        ),
        (
            "a {\"a\":1}\nx\nb {\"a\":1,\"b\":1}\ny\nb {\"b\":2}\nz\n",
            5,
            "b:2 comes after b:1, which knew 1 events of 'a', but it knows 0",
        ),
        (
            "a {\"a\":1}\nx\nb {\"a\":1,\"b\":1}\ny\nc {\"b\":1,\"c\":1}\nz\n",
            5,
            "c:1 comes after b:1, which knew 1 events of 'a', but it knows 0",
        ),
    ];
    for (log, line, reason) in cases {
        assert_eq!(impossible(log), (line, reason.to_string()), "{log}");
    }
}

#[test]
fn an_own_predecessor_that_a_message_covers_is_no_parent() {
    let log = "a {\"a\":1}\nsend\nb {\"a\":1,\"b\":1}\nanswer\na {\"a\":2,\"b\":1}\nreceive\n";
    let execution = read(log);
    let parents: Vec<&[u32]> = execution.events.iter().map(|e| e.parents.as_slice()).collect();
    assert_eq!(parents, [&[][..], &[0], &[1]]);
}

#[test]
fn a_parser_must_have_its_groups_and_a_clock_must_be_json() {
    let wrong = |parser: &str, log: &str| shiviz::import(log, parser, None).unwrap_err();
    let ImportError::Options(text) = wrong("(?<host>a)(?<clock>b)", "ab") else { panic!() };
    assert_eq!(text, "the parser has no group (?<event>...)");
    assert!(matches!(wrong("(", "x"), ImportError::Options(_)));
    assert!(matches!(wrong(DEFAULT_PARSER, "nothing here"), ImportError::Options(_)));
    let ImportError::Format { line, column, .. } = wrong(DEFAULT_PARSER, "\né {\"a\":x}\nt\n")
    else {
        panic!()
    };
    assert_eq!((line, column), (2, 8));
}

fn traced(name: &str, nid: u8, term: u64, rest: &str) -> String {
    format!(
        "{{\"tag\":\"trace\",\"event\":{{\"name\":\"{name}\",\"nid\":\"{nid}\",\"state\":{{\"term\":{term},\"vote\":\"0\",\"commit\":0}}{rest}}}}}\n"
    )
}

const VOTE: &str = ",\"msg\":{\"type\":\"MsgVote\",\"term\":1,\"from\":\"1\",\"to\":\"2\"}";

#[test]
fn a_receipt_in_a_raft_trace_follows_its_sending() {
    let log = traced("BecomeCandidate", 1, 1, "")
        + &traced("SendRequestVoteRequest", 1, 1, VOTE)
        + &traced("InitState", 2, 0, "")
        + &traced("ReceiveRequestVoteRequest", 2, 1, VOTE);
    let execution = etcd::import(&log).expect("a possible trace");
    assert_eq!(execution.hosts, ["1", "2"]);
    let parents: Vec<&[u32]> = execution.events.iter().map(|e| e.parents.as_slice()).collect();
    assert_eq!(parents, [&[][..], &[0], &[], &[1, 2]]);
}

#[test]
fn a_raft_trace_that_cannot_be_is_refused_at_its_line() {
    let refused = |log: String| match etcd::import(&log) {
        Err(ImportError::Impossible(found)) => (found.line, found.reason),
        other => panic!("expected an impossible trace, got {other:?}"),
    };
    let unsent = refused(traced("ReceiveRequestVoteRequest", 2, 1, VOTE));
    assert_eq!(unsent, (1, "2 receives MsgVote of term 1 from 1, which was not sent".into()));
    let back = refused(traced("Ready", 1, 2, "") + &traced("Ready", 1, 1, ""));
    assert_eq!(back, (2, "the term of 1 goes back from 2 to 1".into()));
    let two = refused(traced("BecomeLeader", 1, 2, "") + &traced("BecomeLeader", 3, 2, ""));
    assert_eq!(two, (2, "3 becomes leader of term 2 after 1".into()));
}
