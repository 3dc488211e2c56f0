//! The explorer beside stateright: the same state machines, one thread each, in one process.
//!
//! `cargo bench --bench explore`. Each line is the best of several rounds taken in turn; the state
//! counts of the two must agree. Time is what the process used of the processor, where the system
//! tells (Linux), so that other programs do not count; else time on the clock.

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    native::main();
}

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use happened_before::check::explore::{Bounds, Predicate, Quantifier, Search, StateMachine};
    use happened_before::models::{BallotCounts, LamportMutex, Paxos, TwoPhase};
    use stateright::Checker;
    use std::fmt::Debug;
    use std::time::{Duration, Instant};

    const ROUNDS: u32 = 3;
    /// The unit of `/proc/self/stat`: `USER_HZ` is 100 on every Linux.
    const TICK: Duration = Duration::from_millis(10);

    /// Processor time of this process so far, its ended threads included.
    fn used() -> Option<Duration> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // After the name in parentheses; the fields utime and stime are the 12th and 13th there.
        let rest = stat.rsplit_once(')')?.1;
        let ticks = rest.split_whitespace().skip(11).take(2).map(|t| t.parse::<u32>().ok());
        Some(TICK * ticks.sum::<Option<u32>>()?)
    }

    /// A stopwatch over processor time.
    struct Watch(Option<Duration>, Instant);

    impl Watch {
        fn start() -> Watch {
            Watch(used(), Instant::now())
        }
        fn read(&self) -> Duration {
            let spent = self.0.zip(used()).map(|(before, now)| now.saturating_sub(before));
            spent.unwrap_or_else(|| self.1.elapsed()).max(Duration::from_millis(1))
        }
    }

    /// Our model seen by stateright: its transitions and invariants are ours.
    struct Peer<M: StateMachine> {
        model: M,
        invariants: Vec<Predicate<M>>,
    }

    impl<M> stateright::Model for Peer<M>
    where
        M: StateMachine,
        M::State: Debug,
        M::Action: Debug + PartialEq,
    {
        type State = M::State;
        type Action = M::Action;

        fn init_states(&self) -> Vec<M::State> {
            let mut out = Vec::new();
            self.model.init(&mut out);
            out
        }

        fn actions(&self, state: &M::State, actions: &mut Vec<M::Action>) {
            self.model.actions(state, actions);
        }

        fn next_state(&self, last: &M::State, action: M::Action) -> Option<M::State> {
            self.model.next(last, &action)
        }

        fn properties(&self) -> Vec<stateright::Property<Self>> {
            vec![stateright::Property::always("invariants", |peer: &Self, state: &M::State| {
                peer.invariants.iter().all(|holds| holds(&peer.model, state))
            })]
        }

        fn within_boundary(&self, state: &M::State) -> bool {
            self.model.within(state)
        }
    }

    fn ours<M: StateMachine + Clone>(model: &M) -> (u64, Duration, u64) {
        let watch = Watch::start();
        let mut search = Search::new(model.clone(), Bounds::default());
        search.finish();
        let time = watch.read();
        let report = search.report();
        assert!(report.violations.is_empty());
        (report.distinct, time, report.bytes / report.distinct)
    }

    fn theirs<M>(model: &M) -> (u64, Duration)
    where
        M: StateMachine + Clone + Send + Sync + 'static,
        M::State: Debug + Send + Sync + 'static,
        M::Action: Debug + PartialEq + Send + Sync + 'static,
    {
        use stateright::Model as _;
        let invariants = model.properties().into_iter().filter(|p| p.kind == Quantifier::Always);
        let invariants = invariants.map(|p| p.holds).collect();
        let peer = Peer { model: model.clone(), invariants };
        let watch = Watch::start();
        let checker = peer.checker().threads(1).spawn_bfs().join();
        let time = watch.read();
        assert!(checker.discoveries().is_empty());
        (checker.unique_state_count() as u64, time)
    }

    fn compare<M>(name: &str, model: &M)
    where
        M: StateMachine + Clone + Send + Sync + 'static,
        M::State: Debug + Send + Sync + 'static,
        M::Action: Debug + PartialEq + Send + Sync + 'static,
    {
        let (mut best, mut peer_best) = (Duration::MAX, Duration::MAX);
        let (mut distinct, mut bytes) = (0, 0);
        for _ in 0..ROUNDS {
            let (count, time, per_state) = ours(model);
            let (peer_count, peer_time) = theirs(model);
            assert_eq!(count, peer_count, "{name}");
            (distinct, bytes) = (count, per_state);
            best = best.min(time);
            peer_best = peer_best.min(peer_time);
        }
        let rate = |time: Duration| distinct as f64 / time.as_secs_f64();
        let ratio = rate(best) / rate(peer_best);
        println!(
            "{name:<24}{distinct:>10}{:>14.0}{:>14.0}{ratio:>8.2}{bytes:>8}",
            rate(best),
            rate(peer_best)
        );
    }

    pub fn main() {
        println!(
            "{:<24}{:>10}{:>14}{:>14}{:>8}{:>8}",
            "model", "distinct", "ours/s", "stateright/s", "ratio", "B/state"
        );
        compare("twophase rm=7", &TwoPhase::new(7));
        let size = BallotCounts { acceptors: 3, values: 2, ballots: 3 };
        compare("paxos 3,2,3", &Paxos::new(size, None));
        compare("lamport-mutex 3,6", &LamportMutex::new(3, 6, None));
    }
}
