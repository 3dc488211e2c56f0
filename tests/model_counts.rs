//! The numbers of states that TLC and stateright publish for the same specifications
//! (tlaplus/Examples manifests and stateright's tests, both MIT).

use happened_before::check::explore::{
    Bounds, Options, Report, Search, SearchOutcome, StateMachine,
};
use happened_before::models::{
    BallotCounts, LamportMutex, Paxos, PaxosCommit, TCommit, TwoPhase, Voting, twophase,
};

type ReportOf<M> = Report<<M as StateMachine>::State, <M as StateMachine>::Action>;

fn explore<M: StateMachine>(model: M, options: Options) -> ReportOf<M> {
    let mut search = Search::with(model, Bounds::default(), options);
    search.finish();
    search.report()
}

/// Distinct, generated and depth of a model that keeps all its claims.
fn counts<M: StateMachine>(model: M, options: Options) -> (u64, u64, u32) {
    let report = explore(model, options);
    assert_eq!(report.outcome, SearchOutcome::Complete);
    assert!(report.violations.is_empty());
    assert!(report.unreached.is_empty(), "{:?}", report.unreached);
    let fresh: u64 = report.coverage.iter().map(|c| c.fresh).sum();
    assert_eq!(fresh + 1, report.distinct);
    let taken: u64 = report.coverage.iter().map(|c| c.taken).sum();
    assert_eq!(taken + 1, report.generated);
    (report.distinct, report.generated, report.depth)
}

const SYMMETRY: Options = Options {
    symmetry: true,
    reduction: false,
    keep: happened_before::check::explore::Keep::States,
    all_violations: false,
};

fn size(acceptors: u32, values: u32, ballots: u32) -> BallotCounts {
    BallotCounts { acceptors, values, ballots }
}

#[test]
fn twophase() {
    assert_eq!(counts(TwoPhase::new(3), Options::default()), (288, 1_146, 11));
    assert_eq!(counts(TwoPhase::new(5), Options::default()).0, 8_832);
    assert_eq!(counts(TwoPhase::new(6), Options::default()).0, 50_816, "TwoPhase.tla's comment");
}

#[test]
fn twophase_symmetry() {
    assert_eq!(counts(TwoPhase::new(5), SYMMETRY).0, 314);
    let partly = TwoPhase { symmetry: twophase::RmSymmetry::RmState, ..TwoPhase::new(5) };
    assert_eq!(counts(partly, SYMMETRY).0, 665);
}

#[test]
fn tcommit() {
    assert_eq!(counts(TCommit::new(3), Options::default()), (34, 94, 7));
}

#[test]
fn paxos() {
    let published = Paxos::new(size(3, 2, 2), None);
    assert_eq!(counts(published, Options::default()), (3_921, 23_563, 17));
    let least = Paxos::new(size(1, 1, 2), None);
    assert_eq!(counts(least, Options::default()), (25, 82, 9));
}

#[test]
fn voting() {
    let published = Voting::new(size(3, 2, 3), None);
    assert_eq!(counts(published, Options::default()), (6_752, 41_017, 16));
    let symmetric = Voting::new(size(3, 2, 2), None);
    assert_eq!(counts(symmetric, SYMMETRY), (77, 451, 11));
}

#[test]
fn lamport_mutex() {
    let published = LamportMutex::new(3, 6, None);
    assert_eq!(counts(published, Options::default()), (724_274, 2_729_079, 61));
}

#[test]
fn paxos_commit() {
    if std::env::var_os("HB_LONG").is_none() {
        println!("skipped: 17 million steps; set HB_LONG to run it");
        return;
    }
    let mut search = Search::new(PaxosCommit::new(2, 3, 2, None), Bounds::default());
    search.run_threads(2, &mut || false);
    let report = search.report();
    assert_eq!((report.distinct, report.generated, report.depth), (1_321_761, 16_959_159, 28));
    assert_eq!(report.outcome, SearchOutcome::Complete);
    assert!(report.violations.is_empty() && report.unreached.is_empty());
}
