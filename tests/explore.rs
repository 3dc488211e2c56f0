//! The explorer against itself: threads, slices, kept paths, symmetry, reduction and bounds may
//! change the cost of an answer, not the answer.

use happened_before::check::explore::{
    Bounds, Keep, Liveness, ModelProperty, Options, Quantifier, Report, Search, SearchOutcome,
    StateMachine, lasso,
};
use happened_before::models::{
    BallotCounts, LamportMutex, Paxos, TCommit, TwoPhase, Voting, lamport_mutex, paxos, tcommit,
    twophase, voting,
};
use std::fmt::Debug;

type ReportOf<M> = Report<<M as StateMachine>::State, <M as StateMachine>::Action>;

fn explore<M: StateMachine + Clone>(model: &M, options: Options) -> ReportOf<M> {
    let mut search = Search::with(model.clone(), Bounds::default(), options);
    search.finish();
    search.report()
}

fn size(acceptors: u32, values: u32, ballots: u32) -> BallotCounts {
    BallotCounts { acceptors, values, ballots }
}

fn plain() -> Options {
    Options::default()
}

fn symmetric() -> Options {
    Options { symmetry: true, ..plain() }
}

/// Two reports that may differ in bytes only.
fn assert_same<S: PartialEq + Debug, A: PartialEq + Debug>(a: &Report<S, A>, b: &Report<S, A>) {
    let sums = |r: &Report<S, A>| (r.distinct, r.generated, r.depth, r.outcome, r.terminal);
    assert_eq!(sums(a), sums(b));
    assert_eq!(a.coverage, b.coverage);
    assert_eq!(a.violations, b.violations);
    assert_eq!(a.witnesses, b.witnesses);
    assert_eq!(a.unreached, b.unreached);
}

/// The shortest length of each violated invariant.
fn lengths<S, A>(report: &Report<S, A>) -> Vec<(&'static str, usize)> {
    report.violations.iter().map(|v| (v.property, v.actions.len())).collect()
}

fn same_on_threads<M>(model: &M)
where
    M: StateMachine + Clone + Sync,
    M::State: Send + Sync + Debug,
    M::Action: Send + Sync + Debug + PartialEq,
{
    for options in [plain(), Options { all_violations: true, ..plain() }, symmetric()] {
        let one = explore(model, options);
        for threads in [1, 2, 3] {
            let mut search = Search::with(model.clone(), Bounds::default(), options);
            search.run_threads(threads, &mut || false);
            assert_same(&one, &search.report());
        }
    }
}

#[test]
fn threads_do_not_change_the_answer() {
    same_on_threads(&TwoPhase::new(6));
    same_on_threads(&TwoPhase {
        mutant: Some(twophase::Mutant::CommitOnMajority),
        ..TwoPhase::new(6)
    });
    same_on_threads(&Paxos::new(size(3, 2, 2), Some(paxos::Mutant::ForgetPromise)));
    same_on_threads(&LamportMutex::new(2, 8, Some(lamport_mutex::Mutant::FrozenClock)));
}

#[test]
fn slices_and_kept_paths_do_not_change_the_answer() {
    let model = Paxos::new(size(3, 2, 2), Some(paxos::Mutant::IgnoreReportedVotes));
    for all_violations in [false, true] {
        let whole = explore(&model, Options { all_violations, ..plain() });
        let paths = Options { keep: Keep::Paths, all_violations, ..plain() };
        let mut search = Search::with(model.clone(), Bounds::default(), paths);
        let mut states = 0;
        while search.run(7).outcome == SearchOutcome::Running {
            assert!(search.progress().distinct >= states);
            states = search.progress().distinct;
            search.report();
        }
        assert_same(&whole, &search.report());
    }
}

#[test]
fn kept_paths_cost_fewer_bytes() {
    let states = explore(&TwoPhase::new(7), plain());
    let paths = explore(&TwoPhase::new(7), Options { keep: Keep::Paths, ..plain() });
    assert_same(&states, &paths);
    assert!(paths.bytes < states.bytes, "{} and {}", paths.bytes, states.bytes);
}

#[test]
fn a_violation_is_replayable_and_shortest() {
    let model = TwoPhase { mutant: Some(twophase::Mutant::AbortAfterPrepare), ..TwoPhase::new(3) };
    let report = explore(&model, plain());
    assert_eq!(report.outcome, SearchOutcome::Violated);
    let found = &report.violations[0];
    // Three prepare, three are heard, the TM commits, one commits and another aborts after all.
    assert_eq!((found.property, found.actions.len()), ("TCConsistent", 9));
    assert_eq!(found.labels.len(), 9);
    let mut state = found.states[0];
    for (action, next) in found.actions.iter().zip(&found.states[1..]) {
        let mut enabled = Vec::new();
        model.actions(&state, &mut enabled);
        assert!(enabled.contains(action));
        state = model.next(&state, action).unwrap();
        assert_eq!(state, *next);
    }
    let holds = model.properties()[0].holds.clone();
    assert!(found.states[..9].iter().all(|s| holds(&model, s)));
    assert!(!holds(&model, &state));
}

/// Symmetry finds the same invariants broken, at the same depth, in fewer states; and the orbits it
/// visits are exactly those of the full search.
fn same_under_symmetry<M: StateMachine + Clone>(model: &M) {
    let all = Options { all_violations: true, ..plain() };
    let full = explore(model, all);
    let orbits = explore(model, Options { symmetry: true, ..all });
    assert_eq!(lengths(&full), lengths(&orbits));
    assert_eq!(full.depth, orbits.depth);
    assert!(orbits.distinct * 3 < full.distinct * 2);
    let mut search = Search::new(Canonical(model.clone()), Bounds::default());
    search.finish();
    assert_eq!(search.report().distinct, orbits.distinct);
}

/// A model that really moves between representatives, to count orbits another way.
#[derive(Clone)]
struct Canonical<M>(M);

impl<M: StateMachine> StateMachine for Canonical<M> {
    type State = M::State;
    type Action = M::Action;
    fn init(&self, out: &mut Vec<M::State>) {
        self.0.init(out);
        out.iter_mut().for_each(|s| *s = self.0.canonical(s));
    }
    fn actions(&self, s: &M::State, out: &mut Vec<M::Action>) {
        self.0.actions(s, out);
    }
    fn next(&self, s: &M::State, a: &M::Action) -> Option<M::State> {
        self.0.next(s, a).map(|s| self.0.canonical(&s))
    }
    fn within(&self, s: &M::State) -> bool {
        self.0.within(s)
    }
    fn properties(&self) -> Vec<ModelProperty<Self>> {
        Vec::new()
    }
    fn label(&self, a: &M::Action) -> String {
        self.0.label(a)
    }
}

#[test]
fn symmetry_keeps_every_verdict() {
    same_under_symmetry(&TwoPhase::new(5));
    same_under_symmetry(&TwoPhase {
        mutant: Some(twophase::Mutant::CommitOnMajority),
        ..TwoPhase::new(4)
    });
    same_under_symmetry(&TCommit::new(4));
    same_under_symmetry(&TCommit { rm: 3, mutant: Some(tcommit::Mutant::AbortBlindly) });
    same_under_symmetry(&Voting::new(size(3, 2, 2), Some(voting::Mutant::SkipSafetyCheck)));
    same_under_symmetry(&Paxos::new(size(3, 2, 2), None));
    same_under_symmetry(&Paxos::new(size(3, 2, 2), Some(paxos::Mutant::ForgetPromise)));
}

#[test]
fn reduction_keeps_every_verdict() {
    use lamport_mutex::Mutant::{FrozenClock, IgnoreRequests, SkipAcks};
    for mutant in [None, Some(FrozenClock), Some(IgnoreRequests), Some(SkipAcks)] {
        let model = LamportMutex::new(3, 4, mutant).mutex_only();
        let full = explore(&model, plain());
        let reduced = explore(&model, Options { reduction: true, ..plain() });
        let broken = |r: &ReportOf<LamportMutex>| r.violations.is_empty();
        assert_eq!(broken(&full), broken(&reduced), "{mutant:?}");
        assert_eq!(full.unreached, reduced.unreached);
        if mutant.is_none() {
            assert_eq!(reduced.outcome, SearchOutcome::Complete);
            let (few, many) = (reduced.distinct, full.distinct);
            println!("reduction: {few} of {many}");
            assert!(few * 10 < many * 9);
        }
        let mut search =
            Search::with(model, Bounds::default(), Options { reduction: true, ..plain() });
        search.run_threads(2, &mut || false);
        assert_eq!(search.report().violations.is_empty(), broken(&full));
    }
}

fn breaks<M: StateMachine + Clone>(model: M, property: &str) {
    let report = explore(&model, plain());
    let names: Vec<_> = report.violations.iter().map(|v| v.property).collect();
    assert!(names.contains(&property), "{names:?} instead of {property}");
}

#[test]
fn every_mutant_is_caught() {
    use twophase::Mutant::{AbortAfterPrepare, CommitOnMajority};
    for mutant in [CommitOnMajority, AbortAfterPrepare] {
        breaks(TwoPhase { mutant: Some(mutant), ..TwoPhase::new(3) }, "TCConsistent");
    }
    for mutant in [tcommit::Mutant::AbortBlindly, tcommit::Mutant::CommitBlindly] {
        breaks(TCommit { rm: 3, mutant: Some(mutant) }, "TCConsistent");
    }
    for (mutant, property) in [
        (voting::Mutant::SkipSafetyCheck, "VotesSafe"),
        (voting::Mutant::TwoValuesPerBallot, "OneValuePerBallot"),
        (voting::Mutant::MinorityQuorum, "Agreement"),
    ] {
        breaks(Voting::new(size(3, 2, 3), Some(mutant)), property);
    }
    for (mutant, property, ballots) in [
        (paxos::Mutant::IgnoreReportedVotes, "Agreement", 2),
        (paxos::Mutant::ForgetPromise, "Agreement", 2),
        (paxos::Mutant::MinorityQuorum, "Agreement", 2),
        (paxos::Mutant::AnyReportedVote, "Agreement", 3),
        (paxos::Mutant::ProposeTwice, "OneValuePerBallot", 2),
    ] {
        breaks(Paxos::new(size(3, 2, ballots), Some(mutant)), property);
    }
    use lamport_mutex::Mutant::{FrozenClock, IgnoreRequests, SkipAcks};
    for mutant in [SkipAcks, IgnoreRequests, FrozenClock] {
        breaks(LamportMutex::new(3, 6, Some(mutant)), "Mutex");
    }
}

fn liveness<M: StateMachine>(model: &M) -> Liveness<M::State, M::Action> {
    let properties = model.properties();
    let property = properties.iter().find(|p| p.kind == Quantifier::Eventually).unwrap();
    lasso(model, property, Bounds::default(), &mut || false)
}

#[test]
fn two_phase_commit_terminates_unless_its_coordinator_stops() {
    assert_eq!(liveness(&TCommit::new(3)), Liveness::Holds);
    assert_eq!(liveness(&TwoPhase::new(3)), Liveness::Holds);
    let blocking = Some(twophase::Mutant::CoordinatorStops);
    let model = TwoPhase { mutant: blocking, ..TwoPhase::new(2) };
    assert!(explore(&model, plain()).violations.is_empty(), "blocking is safe");
    let Liveness::Violated(found) = liveness(&model) else { panic!("it blocks") };
    assert!(found.cycle.is_empty());
    assert_eq!(found.stem.len(), 3, "{:?}", found.stem);
    assert!(found.stem.contains(&twophase::Action::TMStop));
}

/// A light that may be switched on once, passed round a ring of three meanwhile.
#[derive(Clone)]
struct Ring {
    fair_switch: bool,
}

impl StateMachine for Ring {
    type State = (u8, bool);
    type Action = bool;
    fn init(&self, out: &mut Vec<Self::State>) {
        out.push((7, false));
    }
    fn actions(&self, s: &Self::State, out: &mut Vec<bool>) {
        out.push(false);
        if s.0 == 1 {
            out.push(true);
        }
    }
    fn next(&self, s: &Self::State, switch: &bool) -> Option<Self::State> {
        Some(if *switch { (s.0, true) } else { (if s.0 == 7 { 0 } else { (s.0 + 1) % 3 }, s.1) })
    }
    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![ModelProperty::eventually("Lit", "test", |_, s: &(u8, bool)| s.1)]
    }
    fn label(&self, a: &bool) -> String {
        a.to_string()
    }
    fn fairness(&self, switch: &bool) -> Option<u32> {
        if *switch { self.fair_switch.then_some(1) } else { Some(0) }
    }
}

#[test]
fn a_lasso_has_a_stem_and_a_fair_cycle() {
    // Weak fairness of the switch does not help: it is not enabled all the way round.
    for fair_switch in [false, true] {
        let Liveness::Violated(found) = liveness(&Ring { fair_switch }) else { panic!() };
        assert_eq!((found.stem.len(), found.cycle.len()), (1, 3));
        assert_eq!(found.states[1], found.states[4]);
        assert!(found.states.iter().all(|s| !s.1));
    }
    let bounds = Bounds { max_states: 2, ..Bounds::default() };
    let model = Ring { fair_switch: true };
    let property = &model.properties()[0];
    assert_eq!(lasso(&model, property, bounds, &mut || false), Liveness::Unknown);
    assert_eq!(lasso(&model, property, Bounds::default(), &mut || true), Liveness::Unknown);
}

#[test]
fn bounds_end_a_search_and_say_so() {
    let run = |bounds| {
        let mut search = Search::new(TwoPhase::new(5), bounds);
        search.finish();
        search.report()
    };
    let few = run(Bounds { max_states: 1_000, ..Bounds::default() });
    assert_eq!(few.outcome, SearchOutcome::MaxStates);
    assert!((1_000..1_100).contains(&few.distinct));
    let shallow = run(Bounds { max_depth: 4, ..Bounds::default() });
    assert_eq!((shallow.outcome, shallow.depth), (SearchOutcome::MaxDepth, 4));
    let small = run(Bounds { memory_bytes: 60_000, ..Bounds::default() });
    assert_eq!(small.outcome, SearchOutcome::Memory);
    let mut search = Search::new(TwoPhase::new(5), Bounds { max_depth: 4, ..Bounds::default() });
    search.run_threads(2, &mut || false);
    assert_same(&shallow, &search.report());
    let mut stopped = Search::new(TwoPhase::new(5), Bounds::default());
    assert_eq!(stopped.run_until(&mut || true).outcome, SearchOutcome::Running);
    assert_eq!(stopped.finish().outcome, SearchOutcome::Complete);
}
