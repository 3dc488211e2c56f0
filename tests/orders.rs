//! What is left without linearizability: one order for all, with updates in their places or without,
//! as it is judged while a run goes on.

use happened_before::check::fuzz::{DEFAULT_STEPS, FuzzTarget};
use happened_before::check::history::model::ObjectKind;
use happened_before::check::history::{
    Budget, F, History, HistoryVerdict, ObjectModel, OpOutcome, OpValue, sequential,
};
use happened_before::core::config::Setup;
use happened_before::core::protocol::key_name;
use happened_before::core::session::Session;
use happened_before::core::sorted::SortedSet;
use happened_before::core::trace::OpEnd;
use happened_before::protocols::scene;

fn setup(preset: &str, knobs: &[(&str, i64)], seed: u64) -> Setup {
    let knobs = knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect();
    Setup { scene: "cap".into(), preset: preset.into(), knobs, seed, ..Setup::default() }
}

/// Which claims some of the seeds break.
fn broken(preset: &str, seeds: u64) -> SortedSet<&'static str> {
    let scene = scene("cap").expect("in the catalogue");
    let target = FuzzTarget::new(scene, setup(preset, &[], 0), DEFAULT_STEPS).expect("a target");
    let all = (0..seeds).flat_map(|seed| target.run(seed).expect("a run").broken);
    all.map(|b| b.property).collect()
}

#[test]
fn zookeeper_default_reads_are_stale_but_sequential() {
    let all = broken("zookeeper", 60);
    assert!(all.contains("linearizable"), "{all:?}");
    assert!(!all.contains("ordered-sequential") && !all.contains("sequential"), "{all:?}");
}

#[test]
fn switching_servers_without_a_token_breaks_monotonic_reads() {
    for preset in ["etcd-serializable", "anyone"] {
        let all = broken(preset, 60);
        assert!(
            all.contains("sequential") && all.contains("ordered-sequential"),
            "{preset} {all:?}"
        );
    }
}

/// What clients did, as a judge takes it.
fn history(session: &Session) -> History {
    let mut all = History::default();
    let now = session.cursor();
    for op in session.trace().ops.iter().take_while(|op| op.step <= now) {
        let (f, args) = match op.call.f {
            1 => (F::Write, vec![OpValue::Int(op.call.value)]),
            _ => (F::Read, Vec::new()),
        };
        let id = all.invoke(op.process, Some(key_name(op.call.key)), f, args, op.step * 2);
        let number = |text: &String| text.parse().map_or(OpValue::Nil, OpValue::Int);
        let outcome = match &op.end {
            _ if op.ended.is_none_or(|(step, _)| step > now) => continue,
            OpEnd::Open => continue,
            OpEnd::Ok(value) => OpOutcome::Ok(value.as_ref().map_or(OpValue::Nil, number)),
            OpEnd::Fail(_) => OpOutcome::Fail,
            OpEnd::Unknown => OpOutcome::Unknown,
        };
        all.complete(id, op.ended.map_or(u64::MAX, |(step, _)| step * 2 + 1), outcome);
    }
    all
}

/// The judge that sees the whole history at once says what was found on the way.
#[test]
fn the_verdict_while_it_runs_is_that_of_the_judge() {
    let model = ObjectModel::new(ObjectKind::CasRegister);
    let (mut illegal, mut legal) = (0, 0);
    // What the judge decided of what was found on the way, both ways.
    let (mut refuted, mut allowed) = (0, 0);
    for preset in ["anyone", "etcd-serializable", "zookeeper", "majority"] {
        let scene = scene("cap").expect("in the catalogue");
        let target =
            FuzzTarget::new(scene, setup(preset, &[], 0), DEFAULT_STEPS).expect("a target");
        for seed in 0..8 {
            let outcome = target.run(seed).expect("a run");
            let mut run =
                Session::new(scene.build, outcome.setup, outcome.journal).expect("its own journal");
            run.seek(outcome.steps.min(2_500));
            type Judge = fn(&ObjectModel, &History, &mut Budget) -> HistoryVerdict;
            let both: [(&str, Judge); 2] =
                [("sequential", sequential::judge), ("ordered-sequential", sequential::ordered)];
            for (id, judge) in both {
                run.seek(outcome.steps.min(2_500));
                let live = run.view().verdicts.into_iter().find(|v| v.property == id);
                let live = live.expect("a claim");
                let mut judged = |step| {
                    run.seek(step);
                    judge(&model, &history(&run), &mut Budget::steps(20_000)).name()
                };
                match &live.violation {
                    Some(v) => {
                        let (then, before) = (judged(v.step), judged(v.step - 1));
                        assert_ne!(then, "ok", "{preset} {seed} {id}");
                        assert_ne!(before, "illegal", "{preset} {seed} {id}");
                        illegal += 1;
                        refuted += u32::from(then == "illegal" && before == "ok");
                    }
                    None if live.undecided => {}
                    None => {
                        let now = judged(800);
                        assert_ne!(now, "illegal", "{preset} {seed} {id}");
                        legal += 1;
                        allowed += u32::from(now == "ok");
                    }
                }
            }
        }
    }
    println!("{refuted} of {illegal} violations and {allowed} of {legal} good runs decided");
    assert!(illegal > 1 && legal > 3, "{illegal} illegal, {legal} legal");
    assert!(refuted > 0, "none of {illegal} violations decided");
    assert!(allowed > 0, "none of {legal} good runs decided");
}
