//! Spanner's rules in whole runs, and published histories re-enacted.

use happened_before::check::explore::Bounds;
use happened_before::check::fuzz::{DEFAULT_STEPS, FuzzTarget};
use happened_before::check::history::model::ObjectKind;
use happened_before::check::history::txn::register::{self, SessionOrder, TxnLevel};
use happened_before::check::history::txn::{Txn, TxnEnd, TxnStep};
use happened_before::check::history::{
    Budget, F, History, HistoryVerdict, ObjectModel, OpOutcome, OpValue, linearizable,
};
use happened_before::check::worlds::Quest;
use happened_before::core::config::Setup;
use happened_before::core::session::Session;
use happened_before::core::trace::{OpEnd, OpLife};
use happened_before::core::view::Mark;
use happened_before::protocols::spanner::SCENE;
use happened_before::scene::{PX, Size, ruler};
use happened_before::stories::player::play;

fn story(id: &str) -> Session {
    let story = SCENE.stories.iter().find(|s| s.id == id).expect("in its list");
    play(&SCENE, story).expect("it plays").0
}

fn setup(preset: &str, knobs: &[(&str, i64)], seed: u64) -> Setup {
    Setup {
        scene: "spanner".into(),
        preset: preset.into(),
        knobs: knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect(),
        seed,
        ..Setup::default()
    }
}

fn run(preset: &str, knobs: &[(&str, i64)], seed: u64, until: u64) -> Session {
    let mut session =
        Session::new(SCENE.build, setup(preset, knobs, seed), Vec::new()).expect("a run");
    assert!(session.advance_to(until, u64::MAX));
    session
}

fn broken(session: &Session) -> Vec<&'static str> {
    session.world().broken().into_iter().map(|(id, _)| id).collect()
}

fn is_write(op: &OpLife) -> bool {
    op.call.f == 1
}

fn value(answer: Option<&str>) -> OpValue {
    answer.and_then(|t| t.parse().ok()).map_or(OpValue::Nil, OpValue::Int)
}

/// The operations of a run as a history of registers.
fn history(ops: &[OpLife]) -> History {
    let mut history = History::default();
    for op in ops {
        let key = Some(op.call.key.to_string());
        let (f, args) = match is_write(op) {
            true => (F::Write, vec![OpValue::Int(op.call.value)]),
            false => (F::Read, Vec::new()),
        };
        let id = history.invoke(op.process, key, f, args, op.invoked);
        let end = op.ended.map(|(_, at)| at).unwrap_or_default();
        match &op.end {
            OpEnd::Open => {}
            OpEnd::Ok(answer) => {
                let told = if is_write(op) { OpValue::Nil } else { value(answer.as_deref()) };
                history.complete(id, end, OpOutcome::Ok(told));
            }
            OpEnd::Fail(_) => history.complete(id, end, OpOutcome::Fail),
            OpEnd::Unknown => history.complete(id, end, OpOutcome::Unknown),
        }
    }
    history
}

fn judged(ops: &[OpLife]) -> HistoryVerdict {
    let model = ObjectModel::new(ObjectKind::Register);
    linearizable::judge(&model, &history(ops), &mut Budget::steps(1_000_000))
}

fn span(op: &OpLife) -> (u64, u64) {
    (op.invoked, op.ended.map_or(u64::MAX, |(_, at)| at))
}

// --- Porcupine's README ---

/// put 100 from 0 to 100, get 100 from 25 to 75, get 0 from 30 to 60.
#[test]
fn put_100_get_100_get_0_is_legal() {
    let session = story("porcupine-legal");
    let ops = &session.trace().ops;
    let [_, put, new, old] = &ops[..] else { panic!("{} operations", ops.len()) };
    assert_eq!((put.call.value, &new.end), (100, &OpEnd::Ok(Some("100".into()))));
    assert_eq!(old.end, OpEnd::Ok(Some("0".into())));
    let (put, new, old) = (span(put), span(new), span(old));
    assert!(put.0 < new.0 && new.0 < old.0 && old.1 < new.1 && new.1 < put.1);
    assert!(matches!(judged(ops), HistoryVerdict::Ok(_)));
    assert_eq!(broken(&session), [""; 0]);
}

/// put 200 from 0 to 100, get 200 from 10 to 30, get 0 from 40 to 90.
#[test]
fn put_200_get_200_then_get_0_is_illegal() {
    let session = story("porcupine-illegal");
    let ops = &session.trace().ops;
    let [_, put, new, old] = &ops[..] else { panic!("{} operations", ops.len()) };
    assert_eq!((put.call.value, &new.end), (200, &OpEnd::Ok(Some("200".into()))));
    assert_eq!(old.end, OpEnd::Ok(Some("0".into())));
    let (put, new, old) = (span(put), span(new), span(old));
    assert!(put.0 < new.0 && new.1 < old.0 && old.1 < put.1);
    assert!(matches!(judged(ops), HistoryVerdict::Illegal(_)));
    assert!(broken(&session).contains(&"linearizable"));
    assert!(broken(&session).contains(&"commit-wait"));
}

// --- the paper ---

/// Sections 4.1.2 and 4.2.1: a commit waits at least twice epsilon, and not much longer.
#[test]
fn commit_wait_is_about_twice_epsilon() {
    for epsilon in [0, 500, 1_000, 4_000] {
        let knobs = [
            ("clock.epsilon", epsilon),
            ("clock.offset", epsilon),
            ("client.reads", 0),
            ("clients", 1),
        ];
        let session = run("", &knobs, 5, 2_000_000);
        let writes = session.trace().ops.iter().filter(|o| matches!(o.end, OpEnd::Ok(_)));
        let took: Vec<u64> = writes.map(|o| span(o).1 - o.invoked).collect();
        assert!(took.len() > 50);
        let (least, most) = (took.iter().min(), took.iter().max());
        // Up to three messages and a disk; epsilon grows by 400 us in these two seconds.
        let about = 2 * epsilon as u64;
        assert!(*least.expect("some") >= about + 1_000, "{least:?} for {epsilon}");
        assert!(*most.expect("some") <= about + 3_000 + 250 + 800 + 10, "{most:?} for {epsilon}");
        assert_eq!(broken(&session), [""; 0]);
    }
}

/// Without time masters epsilon grows by 200 us a second, and true time stays within; if epsilon
/// does not grow, TrueTime comes to lie.
#[test]
fn in_an_outage_epsilon_has_to_grow() {
    let knobs = [("client.interval", 200_000)];
    let grown = run("outage", &knobs, 3, 20_000_000);
    assert_eq!(broken(&grown), [""; 0]);
    let flat = run("unnoticed", &knobs, 3, 20_000_000);
    assert!(broken(&flat).contains(&"true-time"));
    assert!(flat.world().outside().is_some() && grown.world().outside().is_none());
}

/// Section 4: with TrueTime, transactions are strictly serializable, whatever happens to servers
/// and links.
#[test]
fn runs_with_faults_are_strictly_serializable() {
    for (preset, seed) in [("paper", 1), ("paper", 2), ("two-tablets", 1), ("two-tablets", 2)] {
        let base = setup(preset, &[], 0);
        let outcome = FuzzTarget::new(&SCENE, base, DEFAULT_STEPS).and_then(|t| t.run(seed));
        let outcome = outcome.expect("a run");
        let mut session =
            Session::new(SCENE.build, outcome.setup, outcome.journal).expect("its own journal");
        session.seek(outcome.steps.min(600));
        let txns: Vec<Txn> = session.trace().ops.iter().enumerate().map(txn).collect();
        let told = txns.iter().filter(|t| t.end == TxnEnd::Committed).count();
        let verdict = register::judge(
            &txns,
            TxnLevel::Strict,
            SessionOrder::ByName,
            &mut Budget::steps(200_000),
        );
        assert!(told > 3, "{preset} {seed}: {told}");
        assert!(!matches!(verdict, HistoryVerdict::Illegal(_)), "{preset} {seed}: {verdict:?}");
    }
}

fn txn((id, op): (usize, &OpLife)) -> Txn {
    let key = op.call.key.to_string();
    let (end, answer) = match &op.end {
        OpEnd::Ok(answer) => (TxnEnd::Committed, Some(value(answer.as_deref()))),
        OpEnd::Fail(_) => (TxnEnd::Aborted, None),
        OpEnd::Open | OpEnd::Unknown => (TxnEnd::Unknown, None),
    };
    let step = match is_write(op) {
        true => TxnStep::Write(key, OpValue::Int(op.call.value)),
        false => TxnStep::Read(key, answer),
    };
    let ret = if end == TxnEnd::Committed { span(op).1 } else { u64::MAX };
    Txn { id: id as u32, session: op.process, invoke: op.invoked, ret, end, steps: vec![step] }
}

/// jepsen.tests.causal-reverse: two writes, one after the other, and a read of both rows that sees
/// the second alone. Serializable, and not strictly.
#[test]
fn a_snapshot_may_show_the_second_write_without_the_first() {
    let judge = |session: &Session, level| {
        let ops = &session.trace().ops;
        let mut txns: Vec<Txn> = ops.iter().enumerate().map(txn).collect();
        for (txn, op) in txns.iter_mut().zip(ops.iter()).filter(|(_, op)| op.call.f == 3) {
            let OpEnd::Ok(Some(rows)) = &op.end else { panic!("{:?}", op.end) };
            let row = |(key, text): (usize, &str)| {
                let told = text.split_once('=').and_then(|(_, v)| v.parse().ok());
                TxnStep::Read(key.to_string(), Some(told.map_or(OpValue::Nil, OpValue::Int)))
            };
            txn.steps = rows.split(' ').enumerate().map(row).collect();
        }
        register::judge(&txns, level, SessionOrder::ByName, &mut Budget::steps(200_000)).name()
    };
    let session = story("causal-reverse");
    let ops = &session.trace().ops;
    let scan = ops.iter().find(|o| o.call.f == 3).expect("a scan");
    assert_eq!(scan.end, OpEnd::Ok(Some("x=nil y=2".into())));
    let [first, second] = [1, 2].map(|v| ops.iter().find(|o| o.call.value == v).expect("a write"));
    assert!(span(first).1 < span(second).0 && first.id.client != second.id.client);
    assert_eq!(judge(&session, TxnLevel::Serializable), "ok");
    assert_eq!(judge(&session, TxnLevel::Strict), "illegal");
    assert!(broken(&session).contains(&"external-consistency"));
    // With commit wait the same requests at the same times are no reverse: when B begins, A has not
    // been told yet.
    let knobs = [("client.interval", 0), ("clock.offset", 0), ("client.timeout", 5_000_000)];
    let mut setup = setup("cockroachdb", &knobs, 1);
    setup.knobs.insert("spanner.wait".into(), 1);
    let journal = session.branch().journal.clone();
    let mut waiting = Session::new(SCENE.build, setup, journal).expect("the same journal");
    assert!(waiting.advance_to(3_000_000, u64::MAX));
    assert_eq!(judge(&waiting, TxnLevel::Strict), "ok");
    assert_eq!(broken(&waiting), [""; 0]);
}

/// Runs without commit wait are serializable, whatever is done to them, as far as can be told.
#[test]
fn without_commit_wait_it_is_serializable() {
    for seed in 1..4 {
        let session = run("cockroachdb", &[("client.interval", 20_000)], seed, 700_000);
        let txns: Vec<Txn> = session.trace().ops.iter().enumerate().map(txn).collect();
        assert!(txns.len() > 30);
        let verdict = register::judge(
            &txns,
            TxnLevel::Serializable,
            SessionOrder::ByName,
            &mut Budget::steps(200_000),
        );
        assert_eq!(verdict.name(), "ok", "{seed}");
        assert!(!broken(&session).contains(&"repeatable-snapshot"), "{seed}");
    }
}

/// Settings that lie by a millisecond are refuted by random runs, and not only TrueTime is.
#[test]
fn a_lie_of_a_millisecond_is_found_by_random_runs() {
    let base = setup("", &[("clock.epsilon", 4_000), ("clock.offset", 5_000), ("clients", 6)], 0);
    let target = FuzzTarget::new(&SCENE, base, DEFAULT_STEPS).expect("a target");
    let found = (0..500).find(|seed| {
        let outcome = target.run(*seed).expect("a run");
        outcome.broken.iter().any(|b| b.property == "external-consistency")
    });
    assert!(found.is_some(), "500 seeds");
}

/// The challenge that cannot be solved is one that commit wait makes unsolvable: without it the same
/// search finds a way.
#[test]
fn correct_clock_intervals_without_commit_wait_are_not_enough() {
    let challenge =
        SCENE.challenges.iter().find(|c| c.id == "true-intervals").expect("in its list");
    let mut setup = challenge.setup("spanner");
    setup.mutants.insert("no-commit-wait".into());
    let bounds = Bounds { max_states: 2_000_000, ..Bounds::default() };
    let mut quest = Quest::solving(&SCENE, &setup, challenge, bounds).expect("a search");
    while !quest.slice(10_000).done {}
    assert!(!quest.found().is_empty());
}

// --- what is drawn ---

/// While a write waits, the lock is drawn as taken and the wait as a bar that ends at s.
#[test]
fn the_wait_is_drawn() {
    let mut session = story("commit-wait");
    let size = Size { w: 340 * PX, h: 160 * PX };
    let mut waits = 0;
    for step in 0..=session.cursor() {
        session.seek(step);
        let view = session.view();
        let Some(ruler) = view.nodes[0].ruler.as_ref().filter(|r| !r.waits.is_empty()) else {
            continue;
        };
        let (from, to, _) = ruler.waits[0];
        // The first begins before the clocks' zero.
        assert!((8_000..=8_010).contains(&(to - from)) || from == 0, "{from} to {to}");
        assert!((4_000..=4_005).contains(&ruler.reach), "{}", ruler.reach);
        assert_eq!(ruler.time.as_ref().map(|t| t.0), Some(to));
        assert!(view.nodes[0].trays[0].seats.iter().any(|s| s.mark == Mark::Chosen));
        let drawn = ruler::scene(&view, view.now, size);
        let bar = drawn.items.iter().any(|i| format!("{i:?}").contains("commit wait of x"));
        assert!(bar, "step {step}");
        waits += 1;
    }
    assert!(waits > 5);
}
