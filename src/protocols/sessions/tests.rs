//! The rules, one sentence of a paper each; and what the re-enacted runs came to.

use super::*;
use crate::check::explore::Bounds;
use crate::check::history::views::{self, ViewLevel};
use crate::check::history::{
    Budget, F, History, HistoryVerdict, ObjectModel, OpOutcome, OpValue, model,
};
use crate::check::worlds::Quest;
use crate::core::config::Setup;
use crate::core::protocol::{Dice, Effect, Outcome, key_name};
use crate::core::session::Session;
use crate::core::trace::OpEnd;
use crate::stories::player::play;

fn op(client: u16, nth: u32) -> OpId {
    OpId { client: NodeId(client), nth }
}

fn node(me: u16) -> Node<Sessions> {
    Node { me: NodeId(me), state: State::default(), durable: Durable::default() }
}

/// Runs a handler on one node of three and gives its effects.
fn effects(
    n: &mut Node<Sessions>,
    cfg: &Config,
    handler: impl FnOnce(&mut Node<Sessions>, &mut Context<Sessions>),
) -> Vec<Effect<Sessions>> {
    let mut dice = Dice::default();
    let mut cx = Context::alone(n.me.0, 3, cfg, &mut dice);
    handler(n, &mut cx);
    cx.effects
}

fn vector(places: &[(u16, u64)]) -> SessionVector {
    places.iter().map(|(n, time)| (NodeId(*n), *time)).collect()
}

fn get(wrote: &[(u16, u64)], read: &[(u16, u64)]) -> Op {
    Op::Get { key: 0, wrote: vector(wrote), read: vector(read) }
}

fn put(value: i64) -> Op {
    Op::Put { key: 0, value, wrote: SessionVector::new(), read: SessionVector::new() }
}

fn replies(all: &[Effect<Sessions>]) -> Vec<&Outcome<Sessions>> {
    let outcomes = all.iter().filter_map(|e| match e {
        Effect::Reply { outcome, .. } => Some(outcome),
        _ => None,
    });
    outcomes.collect()
}

#[test]
fn a_write_is_later_than_all_the_server_has_seen() {
    let (mut n, cfg) = (node(0), Config::default());
    n.durable.seen = vector(&[(1, 7), (2, 3)]);
    let told = effects(&mut n, &cfg, |n, cx| Sessions::on_op(n, cx, op(3, 0), put(5)));
    let version = WriteVersion { time: 8, server: NodeId(0), by: op(3, 0), value: 5 };
    assert_eq!(replies(&told), [&Outcome::Ok(Ret::Done(version))]);
    let write = told.iter().position(|e| matches!(e, Effect::Persist(_)));
    let reply = told.iter().position(|e| matches!(e, Effect::Reply { .. }));
    assert!(write < reply, "on disk before anybody hears of it");
    assert_eq!(n.durable.seen, vector(&[(0, 8), (1, 7), (2, 3)]));
    let twice = effects(&mut n, &cfg, |n, cx| Sessions::on_op(n, cx, op(3, 0), put(5)));
    assert_eq!(twice, [], "the network doubled it");
}

#[test]
fn a_server_serves_a_token_that_it_includes_and_waits_for_another() {
    let (mut n, cfg) = (node(0), Config::default());
    n.durable.seen = vector(&[(1, 7)]);
    let ask = |n: &mut Node<Sessions>, nth, op_: Op| {
        effects(n, &cfg, |n, cx| Sessions::on_op(n, cx, op(3, nth), op_))
    };
    assert_eq!(replies(&ask(&mut n, 0, get(&[(1, 7)], &[]))).len(), 1);
    // Of one server it has seen more than is asked for, of the other nothing.
    assert!(replies(&ask(&mut n, 1, get(&[(1, 2)], &[(2, 1)]))).is_empty());
    let news = Message::Update { versions: Vec::new(), seen: vector(&[(2, 4)]) };
    let told = effects(&mut n, &cfg, |n, cx| Sessions::on_message(n, cx, NodeId(2), news));
    assert_eq!(replies(&told), [&Outcome::Ok(Ret::Value(None))]);
    assert!(n.state.waiting.is_empty());
}

#[test]
fn each_guarantee_asks_for_its_half_of_the_token() {
    let token = Token { wrote: vector(&[(0, 3)]), read: vector(&[(1, 5)]) };
    let off = Config { ryw: false, mr: false, wfr: false, mw: false, ..Config::default() };
    let carried = |cfg: &Config, op: Op| match Sessions::carry(cfg, &token, op) {
        Op::Get { wrote, read, .. } | Op::Put { wrote, read, .. } => (wrote, read),
    };
    let (none, wrote, read) = (SessionVector::new(), token.wrote.clone(), token.read.clone());
    let cases = [
        (Config { ryw: true, ..off.clone() }, (wrote.clone(), none.clone()), true),
        (Config { mr: true, ..off.clone() }, (none.clone(), read.clone()), true),
        (Config { mw: true, ..off.clone() }, (wrote, none.clone()), false),
        (Config { wfr: true, ..off.clone() }, (none.clone(), read), false),
    ];
    for (cfg, asked, by_reads) in cases {
        let (at_read, at_write) = (carried(&cfg, get(&[], &[])), carried(&cfg, put(1)));
        let nothing = (none.clone(), none.clone());
        let expected = if by_reads { (asked, nothing) } else { (nothing, asked) };
        assert_eq!((at_read, at_write), expected, "{cfg:?}");
    }
}

#[test]
fn a_server_that_is_not_fresh_redirects_to_one_that_is_or_refuses() {
    let stale = |stale| Config { stale, ..Config::default() };
    let outcome = |cfg: &Config| {
        let told = effects(&mut node(0), cfg, |n, cx| {
            Sessions::on_op(n, cx, op(3, 0), get(&[(2, 1)], &[]))
        });
        replies(&told).into_iter().next().cloned()
    };
    assert_eq!(outcome(&stale(Stale::Redirect)), Some(Outcome::Redirect(Some(NodeId(2)))));
    assert_eq!(outcome(&stale(Stale::Elsewhere)), Some(Outcome::Redirect(None)));
    assert_eq!(outcome(&stale(Stale::Refuse)), Some(Outcome::Fail("not fresh enough")));
    assert_eq!(outcome(&stale(Stale::Wait)), None);
}

#[test]
fn anti_entropy_hands_over_what_the_other_lacks() {
    let (mut n, cfg) = (node(0), Config::default());
    let version =
        |time, server| WriteVersion { time, server: NodeId(server), by: op(3, 0), value: 1 };
    n.durable.store = [(0, version(4, 1)), (1, version(6, 0))].into();
    n.durable.seen = vector(&[(0, 6), (1, 4)]);
    let ask = Message::Ask { seen: vector(&[(1, 4), (2, 9)]), back: false };
    let told = effects(&mut n, &cfg, |n, cx| Sessions::on_message(n, cx, NodeId(2), ask));
    let seen = n.durable.seen.clone();
    let to = NodeId(2);
    let versions = vec![(1, version(6, 0))];
    let update = Effect::Send { to, message: Message::Update { versions, seen: seen.clone() } };
    let back = Effect::Send { to, message: Message::Ask { seen, back: true } };
    assert_eq!(told, [update, back]);
}

fn told(id: &str) -> Session {
    let story = SCENE.stories.iter().find(|s| s.id == id).expect("in the list");
    play(&SCENE, story).expect("it plays").0
}

/// What a client read, in order.
fn reads(session: &Session, client: u16) -> Vec<Option<String>> {
    let nodes = session.view().nodes;
    let servers = nodes.iter().filter(|n| n.shape != crate::core::view::NodeShape::Client).count();
    let me = NodeId(servers as u16 + client);
    let mine = session
        .trace()
        .ops
        .iter()
        .filter(|o| o.id.client == me && matches!(Op::of(&o.call), Some(Op::Get { .. })));
    let value = |end: &OpEnd| match end {
        OpEnd::Ok(value) => value.clone(),
        _ => None,
    };
    mine.map(|o| value(&o.end)).collect()
}

fn why(session: &Session, property: &str) -> String {
    let all = session.view().verdicts;
    let found = all.iter().find(|v| v.property == property).and_then(|v| v.violation.clone());
    found.map_or(String::new(), |v| v.why)
}

#[test]
fn the_comment_is_gone_back_and_gone() {
    let run = told("the-comment");
    let seen: Vec<_> = reads(&run, 0).into_iter().flatten().collect();
    assert_eq!(seen, ["nil", "1", "1", "nil"]);
    assert_eq!(why(&run, "read-your-writes"), "A wrote x=1 and then read x=nil.");
    assert_eq!(why(&run, "monotonic-reads"), "A read x=1 and then x=nil.");
}

/// DDIA, figures 5-3 and 5-4: no results after the insert; one result, then none.
#[test]
fn the_figures_on_replication_lag_are_reenacted() {
    let run = told("read-after-write");
    assert_eq!(reads(&run, 0), [Some("nil".to_string())]);
    assert_eq!(why(&run, "monotonic-reads"), "");
    let run = told("moving-backward");
    assert_eq!(reads(&run, 1), [Some("1".to_string()), Some("nil".to_string())]);
    assert_eq!(why(&run, "monotonic-reads"), "B read x=1 and then x=nil.");
    assert_eq!(why(&run, "read-your-writes"), "");
}

/// Terry et al. 1994, sections 3.3 and 3.4.
#[test]
fn the_papers_examples_are_reenacted() {
    let run = told("reply-first");
    let shown = "S2 shows y=2 but x=nil, though B had read x=1 before.";
    assert_eq!(why(&run, "writes-follow-reads"), shown);
    assert_eq!(reads(&run, 2), [Some("2".to_string())]);
    let run = told("library");
    let shown = "S2 shows y=2 but x=nil, though A had written x=1 before.";
    assert_eq!(why(&run, "monotonic-writes"), shown);
    assert_eq!(reads(&run, 1), [Some("2".to_string()), Some("nil".to_string())]);
}

fn run(knobs: &[(&str, i64)], seed: u64, until: u64) -> Session {
    let knobs = knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect();
    let setup = Setup { scene: SCENE.id.into(), knobs, seed, ..Setup::default() };
    let mut session = Session::new(SCENE.build, setup, Vec::new()).expect("a run");
    session.advance_to(until, u64::MAX);
    session
}

/// What clients did, with a process for each session.
fn history(session: &Session) -> History {
    let mut all = History::default();
    for o in session.trace().ops.iter() {
        let (f, args) = match Op::of(&o.call) {
            Some(Op::Put { value, .. }) => (F::Write, vec![OpValue::Int(value)]),
            _ => (F::Read, Vec::new()),
        };
        let (process, key) = (u32::from(o.id.client.0), Some(key_name(o.call.key)));
        let id = all.invoke(process, key, f, args, o.step);
        let number = |text: &String| text.parse().map_or(OpValue::Nil, OpValue::Int);
        let outcome = match &o.end {
            OpEnd::Open => continue,
            OpEnd::Ok(value) => OpOutcome::Ok(value.as_ref().map_or(OpValue::Nil, number)),
            OpEnd::Fail(_) => OpOutcome::Fail,
            OpEnd::Unknown => OpOutcome::Unknown,
        };
        all.complete(id, o.ended.map_or(u64::MAX, |(step, _)| step), outcome);
    }
    all
}

const LEVELS: [(ViewLevel, &str); 4] = [
    (ViewLevel::ReadYourWrites, "read-your-writes"),
    (ViewLevel::MonotonicReads, "monotonic-reads"),
    (ViewLevel::Causal, "causal"),
    (ViewLevel::CausalPlus, "causal"),
];

/// The judges that know only the history find nothing that the live watch, which knows the order
/// of writes, has missed; and with all four guarantees every level holds.
#[test]
fn the_watch_misses_nothing_that_the_judges_find() {
    let model = ObjectModel::new(model::ObjectKind::Register);
    let judge = |history: &History, level| {
        let verdict = views::judge(&model, history, level, &mut Budget::steps(50_000_000));
        assert!(!matches!(verdict, HistoryVerdict::Unknown(_)));
        matches!(verdict, HistoryVerdict::Ok(_))
    };
    let mut illegal = [0; 4];
    for seed in 0..6 {
        let healthy = run(&[], seed, 4_000_000);
        let told = history(&healthy);
        assert!(told.ops.len() > 30 && healthy.world().broken().is_empty());
        let sessions = [ViewLevel::WritesFollowReads, ViewLevel::MonotonicWrites, ViewLevel::Pram];
        for level in sessions.into_iter().chain(LEVELS.map(|(level, _)| level)) {
            assert!(judge(&told, level), "seed {seed}: {level:?}");
        }
        let bare = run(
            &[("session.ryw", 0), ("session.mr", 0), ("session.wfr", 0), ("session.mw", 0)],
            seed,
            2_000_000,
        );
        let (told, broken) = (history(&bare), bare.world().broken());
        for ((level, property), count) in LEVELS.into_iter().zip(&mut illegal) {
            if !judge(&told, level) {
                *count += 1;
                // An order that sessions contradict each other about is broken for each alone.
                let known = broken.iter().any(|(id, _)| *id == property || *id == "causal");
                assert!(known, "seed {seed}: {level:?}, {broken:?}");
            }
        }
    }
    assert!(illegal.iter().all(|n| *n > 0), "{illegal:?}");
}

/// Where a client's requests went.
fn targets(session: &Session, client: u16) -> Vec<u16> {
    let me = NodeId(3 + client);
    let sent = session.trace().messages.iter().filter(|m| m.id.from == me);
    sent.map(|m| m.id.to.0).collect()
}

#[test]
fn a_client_stays_with_its_server_as_long_as_it_is_told() {
    let turns = |stickiness| {
        let knobs = [("client.stickiness", stickiness), ("client.timeout", 60_000_000)];
        targets(&run(&knobs, 3, 6_000_000), 1)
    };
    let never = turns(0);
    assert!(never.len() > 9);
    assert!(never.iter().zip((1..).map(|n| n % 3)).all(|(a, b)| *a == b), "in turn: {never:?}");
    let (always, half) = (turns(60_000_000), turns(500_000));
    assert!(always.iter().all(|s| *s == 1), "{always:?}");
    let moves = half.windows(2).filter(|w| w[0] != w[1]).count();
    assert!(moves > 3 && moves * 2 < half.len(), "{half:?}");
}

/// A server that does not answer is left.
#[test]
fn a_client_leaves_a_server_that_is_down() {
    let knobs = [("client.stickiness", 60_000_000), ("client.timeout", 300_000)];
    let knobs: Vec<_> = knobs.into_iter().chain([("clients", 1)]).collect();
    let mut session = run(&knobs, 3, 1_000_000);
    let mode = crate::core::action::CrashMode::Process;
    session.act(crate::core::action::Action::Crash { node: NodeId(0), mode }).expect("it is up");
    session.advance_to(4_000_000, u64::MAX);
    let all = targets(&session, 0);
    assert!(all.first() == Some(&0) && all.last() != Some(&0), "{all:?}");
}

/// Challenges by their shortest solutions, and what cannot be done by all states there are.
#[test]
fn challenges_have_their_pars() {
    let pars =
        [("reads-go-back", Some(8)), ("own-write-missing", Some(6)), ("answer-first", Some(7))];
    for (id, par) in pars.into_iter().chain([("all-four-hold", None)]) {
        let challenge = SCENE.challenges.iter().find(|c| c.id == id).expect("in the list");
        let (setup, goal) = (challenge.setup(SCENE.id), Some(challenge.until));
        let quest = Quest::new(&SCENE, &setup, challenge.limits, Bounds::default(), goal, true);
        let mut quest = quest.expect("a search");
        let tally = quest.run(1, &mut || false);
        assert_eq!(quest.found().first().map(|f| f.length()), par, "{id}");
        assert_eq!((tally.complete, challenge.impossible), (par.is_none(), par.is_none()), "{id}");
    }
}
