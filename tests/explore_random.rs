//! The explorer against slow and obvious algorithms on thousands of small random graphs.

use happened_before::check::explore::{
    Bounds, Keep, Liveness, ModelProperty, Options, Search, SearchOutcome, StateMachine, lasso,
};
use happened_before::core::hash::fingerprint;
use happened_before::core::sorted::{SortedMap, SortedSet};

const SEEDS: u32 = 4_000;

/// A graph with labelled edges, some bad nodes and some outside of the constraint.
#[derive(Clone, Debug)]
struct Graph {
    initial: Vec<u8>,
    /// From, to, fairness class.
    edges: Vec<(u8, u8, Option<u32>)>,
    bad: SortedSet<u8>,
    outside: SortedSet<u8>,
    /// Nodes where the liveness property is true.
    goal: SortedSet<u8>,
}

impl Graph {
    fn random(seed: u32) -> Graph {
        let mut k = 0u32;
        let mut draw = |below: u64| {
            k += 1;
            fingerprint(&(seed, k)) % below
        };
        let n = 1 + draw(7);
        let initial = (0..1 + draw(2)).map(|_| draw(n) as u8).collect();
        let edges = (0..draw(3 * n + 1)).map(|_| {
            let class = draw(4) as u32;
            (draw(n) as u8, draw(n) as u8, (class < 3).then_some(class))
        });
        let edges = edges.collect();
        let mut some = |odds| (0..n as u8).filter(|_| draw(odds) == 0).collect();
        Graph { initial, edges, bad: some(6), outside: some(9), goal: some(4) }
    }

    fn from(&self, node: u8) -> impl Iterator<Item = &(u8, u8, Option<u32>)> {
        self.edges.iter().filter(move |e| e.0 == node)
    }

    /// The distance from the initial nodes, through nodes that pass.
    fn distances(&self, pass: impl Fn(u8) -> bool) -> SortedMap<u8, usize> {
        let mut far = SortedMap::new();
        let mut level: Vec<u8> = self.initial.iter().copied().filter(|n| pass(*n)).collect();
        for d in 0.. {
            level.retain(|n| *far.entry(*n).or_insert(d) == d);
            if level.is_empty() {
                break;
            }
            let next: SortedSet<u8> =
                level.iter().flat_map(|n| self.from(*n)).map(|e| e.1).collect();
            level = next.into_iter().filter(|n| pass(*n) && !far.contains_key(n)).collect();
        }
        far
    }

    /// Whether a behaviour may go through exactly these nodes for ever, fairly.
    fn fair_for_ever(&self, set: &SortedSet<u8>) -> bool {
        let inner: Vec<_> = self
            .edges
            .iter()
            .filter(|e| e.0 != e.1 && set.contains(&e.0) && set.contains(&e.1))
            .collect();
        let connected = set.iter().all(|start| {
            let mut reached = SortedSet::from([*start]);
            while let Some(e) =
                inner.iter().find(|e| reached.contains(&e.0) && !reached.contains(&e.1))
            {
                reached.insert(e.1);
            }
            reached == *set
        });
        let fair = |class: u32| {
            let enabled = |n: &u8| self.from(*n).any(|e| e.0 != e.1 && e.2 == Some(class));
            inner.iter().any(|e| e.2 == Some(class)) || !set.iter().all(enabled)
        };
        connected && (0..3).all(fair)
    }

    fn live(&self) -> bool {
        let pass = |n: u8| !self.outside.contains(&n) && !self.goal.contains(&n);
        let nodes: Vec<u8> = self.distances(pass).into_keys().collect();
        (1..1u32 << nodes.len()).all(|bits| {
            let set = nodes.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
            !self.fair_for_ever(&set.map(|(_, n)| *n).collect())
        })
    }
}

impl StateMachine for Graph {
    type State = u8;
    type Action = usize;
    fn init(&self, out: &mut Vec<u8>) {
        out.extend(&self.initial);
    }
    fn actions(&self, state: &u8, out: &mut Vec<usize>) {
        out.extend((0..self.edges.len()).filter(|i| self.edges[*i].0 == *state));
    }
    fn next(&self, _: &u8, action: &usize) -> Option<u8> {
        Some(self.edges[*action].1)
    }
    fn within(&self, state: &u8) -> bool {
        !self.outside.contains(state)
    }
    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![
            ModelProperty::always("Good", "test", |m: &Self, s| !m.bad.contains(s)),
            ModelProperty::sometimes("Bad", "test", |m: &Self, s| m.bad.contains(s)),
            ModelProperty::eventually("Goal", "test", |m: &Self, s| m.goal.contains(s)),
        ]
    }
    fn label(&self, action: &usize) -> String {
        action.to_string()
    }
    fn fairness(&self, action: &usize) -> Option<u32> {
        self.edges[*action].2
    }
}

#[test]
fn safety_agrees_with_plain_distances() {
    for seed in 0..SEEDS {
        let graph = Graph::random(seed);
        let far = graph.distances(|n| !graph.outside.contains(&n));
        let keep = if seed % 2 == 0 { Keep::States } else { Keep::Paths };
        let options = Options { keep, all_violations: true, ..Options::default() };
        let mut search = Search::with(graph.clone(), Bounds::default(), options);
        search.finish();
        let report = search.report();
        assert_eq!(report.distinct, far.len() as u64, "seed {seed}");
        let steps: usize = far.keys().map(|n| graph.from(*n).count()).sum();
        assert_eq!(report.generated, (graph.initial.len() + steps) as u64, "seed {seed}");
        let levels = far.values().max().map_or(0, |d| d + 1);
        assert_eq!(report.depth as usize, levels, "seed {seed}");
        let worst = far.iter().filter(|(n, _)| graph.bad.contains(n)).map(|(_, d)| *d).min();
        let found = report.violations.first().map(|v| v.actions.len());
        assert_eq!(found, worst, "seed {seed}");
        assert_eq!(report.witnesses.first().map(|v| v.actions.len()), worst, "seed {seed}");
        let outcome =
            if worst.is_some() { SearchOutcome::Violated } else { SearchOutcome::Complete };
        assert_eq!(report.outcome, outcome, "seed {seed}");
    }
}

#[test]
fn liveness_agrees_with_all_sets_of_nodes() {
    let mut live = 0;
    for seed in 0..SEEDS {
        let graph = Graph::random(seed);
        let answer = lasso(&graph, &graph.properties()[2], Bounds::default(), &mut || false);
        match answer {
            Liveness::Holds => {
                live += 1;
                assert!(graph.live(), "seed {seed}");
            }
            Liveness::Unknown => panic!("seed {seed}"),
            Liveness::Violated(found) => {
                assert!(!graph.live(), "seed {seed}");
                let nodes: SortedSet<u8> =
                    found.states[found.stem.len()..].iter().copied().collect();
                assert!(graph.fair_for_ever(&nodes), "seed {seed}: {found:?}");
                assert_eq!(found.states.last(), found.states.get(found.stem.len()));
                assert!(found.states.iter().all(|n| !graph.goal.contains(n)), "seed {seed}");
            }
        }
    }
    assert!((SEEDS / 10..SEEDS * 9 / 10).contains(&live), "{live}");
}

/// One step of a program.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Touches nothing that others see.
    Local,
    /// Adds to the shared counter.
    Add(u8),
    /// Waits for a value of the shared counter.
    Await(u8),
}

/// Processes that share a counter; some run for ever.
#[derive(Clone, Debug)]
struct Programs {
    code: Vec<(Vec<Step>, bool)>,
    bad: u8,
}

impl Programs {
    fn random(seed: u32) -> Programs {
        let mut k = 0u32;
        let mut draw = |below: u64| {
            k += 1;
            fingerprint(&(seed, k, 'p')) % below
        };
        let code = (0..3).map(|_| {
            let steps = (0..1 + draw(4)).map(|_| match draw(5) {
                0 => Step::Add(1 + draw(3) as u8),
                1 => Step::Await(draw(8) as u8),
                _ => Step::Local,
            });
            (steps.collect(), draw(2) == 0)
        });
        Programs { code: code.collect(), bad: draw(8) as u8 }
    }
}

impl StateMachine for Programs {
    /// Program counters, and the shared counter last.
    type State = [u8; 4];
    type Action = u8;
    fn init(&self, out: &mut Vec<[u8; 4]>) {
        out.push([0; 4]);
    }
    fn actions(&self, s: &[u8; 4], out: &mut Vec<u8>) {
        out.extend((0..3).filter(|p| self.next(s, p).is_some()));
    }
    fn next(&self, s: &[u8; 4], p: &u8) -> Option<[u8; 4]> {
        let (p, mut next) = (usize::from(*p), *s);
        let (steps, forever) = &self.code[p];
        match *steps.get(usize::from(s[p]))? {
            Step::Local => {}
            Step::Add(n) => next[3] = (s[3] + n) % 8,
            Step::Await(n) if s[3] != n => return None,
            Step::Await(_) => {}
        }
        next[p] += 1;
        if *forever && usize::from(next[p]) == steps.len() {
            next[p] = 0;
        }
        Some(next)
    }
    fn properties(&self) -> Vec<ModelProperty<Self>> {
        vec![ModelProperty::always("Good", "test", |m: &Self, s: &[u8; 4]| s[3] != m.bad)]
    }
    fn label(&self, p: &u8) -> String {
        p.to_string()
    }
    fn safe(&self, s: &[u8; 4], p: &u8) -> bool {
        let p = usize::from(*p);
        matches!(self.code[p].0.get(usize::from(s[p])), Some(Step::Local))
    }
}

#[test]
fn reduction_agrees_with_the_full_search() {
    let (mut few, mut many, mut broken) = (0, 0, 0);
    for seed in 0..SEEDS {
        let programs = Programs::random(seed);
        let run = |reduction, threads| {
            let options = Options { reduction, ..Options::default() };
            let mut search = Search::with(programs.clone(), Bounds::default(), options);
            match threads {
                0 => search.finish(),
                _ => search.run_threads(threads, &mut || false),
            };
            search.report()
        };
        let (full, reduced) = (run(false, 0), run(true, 0));
        assert_eq!(full.outcome, reduced.outcome, "seed {seed}: {programs:?}");
        assert_eq!(full.outcome, run(true, 2).outcome, "seed {seed}: {programs:?}");
        if full.outcome == SearchOutcome::Complete {
            assert_eq!(full.terminal, reduced.terminal, "deadlocks are kept: seed {seed}");
        }
        broken += u32::from(full.outcome == SearchOutcome::Violated);
        few += reduced.distinct;
        many += full.distinct;
    }
    assert!(few * 4 < many * 3, "{few} of {many}");
    assert!((SEEDS / 10..SEEDS * 9 / 10).contains(&broken), "{broken}");
}
