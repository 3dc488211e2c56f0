//! Partial quorums against the closed form of Bailis et al. (VLDB 2012, equation 1): the protocol's
//! own reads, not a model of them.

use happened_before::algo::formula::stale;
use happened_before::check::plane::{Survey, Terms, figures};
use happened_before::core::action::{Action, Call};
use happened_before::core::config::Setup;
use happened_before::core::ids::{NodeId, NodeSet};
use happened_before::core::session::Session;
use happened_before::core::trace::OpEnd;
use happened_before::protocols::scene;

const TRIALS: u64 = 250;
const LARGEST: u16 = 7;
/// Enough for a request, a round among servers, and an answer, in microseconds.
const PAUSE: u64 = 20_000;

/// Draws below `n`, always the same ones.
struct Draws(u64);

impl Draws {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % n
    }

    /// `k` of `n` servers, and one of them.
    fn some(&mut self, k: u16, n: u16) -> (NodeSet, NodeId) {
        let mut all: Vec<u16> = (0..n).collect();
        let mut set = NodeSet::EMPTY;
        let mut first = NodeId(0);
        for i in 0..k {
            let at = self.below(all.len() as u64) as usize;
            let node = NodeId(all.swap_remove(at));
            set.insert(node);
            if i == 0 {
                first = node;
            }
        }
        (set, first)
    }
}

/// Quorums without anything that spreads a write afterwards; the two clients act when told to.
fn quiet(n: u16, r: u16, w: u16, seed: u64) -> Session {
    let scene = scene("leaderless").expect("in the catalogue");
    let knobs = [
        ("nodes", n.into()),
        ("clients", 2),
        ("client.keys", 1),
        ("client.interval", 0),
        ("disk.latency", 0),
        ("net.latency", 1),
        ("net.low", 100),
        ("net.high", 1_100),
        ("quorum.r", r.into()),
        ("quorum.w", w.into()),
        ("quorum.stamps", 1),
        ("quorum.repair", 2),
    ];
    let knobs = knobs.iter().map(|(k, v): &(&str, i64)| ((*k).to_string(), *v)).collect();
    let setup = Setup { scene: scene.id.into(), knobs, seed, ..Setup::default() };
    Session::new(scene.build, setup, Vec::new()).expect("a world")
}

fn ask(s: &mut Session, client: u16, server: NodeId, value: Option<i64>) {
    let call = Call { f: value.is_some().into(), value: value.unwrap_or(0), ..Call::default() };
    let client = NodeId(s.view().nodes.len() as u16 - 2 + client);
    s.act(Action::Invoke { client, to: Some(server), call }).expect("it can ask");
}

/// What the last operation came to, once it has.
fn answer(s: &mut Session) -> Option<String> {
    let until = s.time() + PAUSE;
    s.advance_to(until, u64::MAX);
    match &s.trace().ops.last().expect("asked").end {
        OpEnd::Ok(value) => value.clone(),
        other => panic!("{other:?}"),
    }
}

/// Keeps one side, with a client, from all others.
fn only(s: &mut Session, set: NodeSet, client: u16) {
    let all = s.view().nodes.len() as u16;
    let mut side = set;
    side.insert(NodeId(all - 2 + client));
    let rest = (0..all).map(NodeId).filter(|n| !side.has(*n)).collect();
    s.act(Action::Partition(vec![side, rest])).expect("it can be cut");
}

/// The share of stale reads lies within four standard errors of the closed form, or below it.
fn agrees(count: u64, (n, r, w): (u16, u16, u16), both_ways: bool) {
    let ratio = stale(n.into(), r.into(), w.into()).expect("within bounds");
    let p = ratio.over as f64 / ratio.under as f64;
    let (seen, error) =
        (count as f64 / TRIALS as f64, (p * (1.0 - p) / TRIALS as f64).sqrt().max(1e-9));
    let off = (seen - p) / error;
    assert!(off <= 4.0 && (!both_ways || off >= -4.0), "N{n} R{r} W{w}: {seen} against {p}");
}

#[test]
fn reads_of_a_held_write_miss_it_as_often_as_the_closed_form_says() {
    let mut draws = Draws(1);
    for (n, r, w) in settings() {
        let mut s = quiet(n, r, w, 7);
        let mut missed = 0;
        for trial in 0..TRIALS {
            let value = trial as i64 + 1;
            let (set, coordinator) = draws.some(w, n);
            only(&mut s, set, 0);
            ask(&mut s, 0, coordinator, Some(value));
            assert_eq!(answer(&mut s), None);
            let (set, coordinator) = draws.some(r, n);
            only(&mut s, set, 1);
            ask(&mut s, 1, coordinator, None);
            missed += u64::from(answer(&mut s) != Some(value.to_string()));
        }
        agrees(missed, (n, r, w), true);
    }
}

#[test]
fn while_writes_spread_reads_are_stale_no_more_often() {
    let mut draws = Draws(2);
    for (n, r, w) in settings() {
        let mut s = quiet(n, r, w, 9);
        let mut missed = 0;
        for trial in 0..TRIALS {
            let value = trial as i64 + 1;
            let (_, coordinator) = draws.some(1, n);
            ask(&mut s, 0, coordinator, Some(value));
            while s.trace().ops.last().is_some_and(|o| o.end == OpEnd::Open) {
                s.forward();
            }
            let (_, coordinator) = draws.some(1, n);
            ask(&mut s, 1, coordinator, None);
            missed += u64::from(answer(&mut s) != Some(value.to_string()));
        }
        agrees(missed, (n, r, w), false);
        if r + w > n {
            assert_eq!(missed, 0, "N{n} R{r} W{w}");
        }
        // The judge of staleness counts what was counted here.
        let calls = scene("leaderless").expect("there").info_of("").calls;
        let f = figures(calls, &s.trace().ops, s.cursor(), 0);
        assert_eq!((u64::from(f.judged), u64::from(f.stale)), (TRIALS, missed), "N{n} R{r} W{w}");
    }
}

fn settings() -> impl Iterator<Item = (u16, u16, u16)> {
    (1..=LARGEST).flat_map(|n| (1..=n).flat_map(move |r| (1..=n).map(move |w| (n, r, w))))
}

#[test]
fn consistency_costs_the_way_to_the_nearest_majority_and_a_cut_costs_answers() {
    let preset = "cassandra-one".into();
    let setup = Setup { scene: "pacelc".into(), preset, seed: 3, ..Setup::default() };
    let measure = |cut| {
        let mut survey =
            Survey::new(&setup, Terms { t: 0, until: 60_000_000, cut }).expect("it has R and W");
        while !survey.slice(u64::MAX).expect("it runs") {}
        survey.points
    };
    let (whole, parted) = (measure(false), measure(true));
    let of = |points: &[happened_before::check::plane::SurveyPoint], r, w| {
        let found = points.iter().find(|p| p.quorum == Some((r, w)));
        found.expect("measured").figures.clone()
    };
    // Nobody refuses while nothing fails; R = W = 1 is served next door and is sometimes stale.
    assert!(whole.iter().all(|p| p.figures.answered_share() > 990_000));
    let one = of(&whole, 1, 1);
    assert!(one.reads.p50 < 5_000 && one.writes.p50 < 5_000, "{one:?}");
    assert!(one.stale > 0 && one.stale_share() < 500_000, "{one:?}");
    // A majority of three regions is as far as the nearest other one: 81 or 87 ms there and back.
    let two = of(&whole, 2, 2);
    assert!((80_000..100_000).contains(&two.reads.p50), "{two:?}");
    assert!((80_000..100_000).contains(&two.writes.p50), "{two:?}");
    assert_eq!(two.stale, 0);
    // In a cut, majorities refuse where one answers.
    assert!(of(&parted, 2, 2).answered_share() < 950_000);
    assert!(of(&parted, 1, 1).answered_share() > 990_000);
    assert!(of(&parted, 1, 1).stale_share() > one.stale_share());
    assert!(whole.iter().any(|p| p.best && p.quorum == Some((1, 1))));
}

/// What the systems' own settings come to on three regions: nobody is fast both ways and fresh.
#[test]
fn levels_cost_what_their_documents_say() {
    let preset = "cassandra-one".into();
    let setup = Setup { scene: "pacelc".into(), preset, seed: 3, ..Setup::default() };
    let terms = Terms { t: 0, until: 60_000_000, cut: false };
    let mut survey = Survey::new(&setup, terms).expect("it has R and W");
    while !survey.slice(u64::MAX).expect("it runs") {}
    let of = |name: &str| {
        let found = survey.points.iter().find(|p| p.name.contains(name));
        found.unwrap_or_else(|| panic!("{name}")).figures.clone()
    };
    let (local, each) = (of("LOCAL_QUORUM"), of("EACH_QUORUM"));
    assert!(local.reads.p99 < 20_000 && local.writes.p99 < 20_000 && local.stale > 0, "{local:?}");
    // The farthest region is 137 ms away from the one in the middle.
    assert!(each.reads.p99 < 20_000 && each.writes.p50 > 80_000 && each.stale == 0, "{each:?}");
    let (one, majority) = (of("w: 1"), of("w: majority"));
    assert_eq!((one.stale, majority.stale), (0, 0));
    assert!(majority.writes.p50 > one.writes.p50 + 60_000, "{one:?} {majority:?}");
    let (strong, session) = (of("Strong"), of("DB, Session"));
    assert!(strong.stale == 0 && strong.reads.p99 < 20_000, "{strong:?}");
    assert!(session.stale > 0 && session.writes.p50 < strong.writes.p50, "{session:?}");
    let met = |p: &&happened_before::check::plane::SurveyPoint| {
        let f = &p.figures;
        f.reads.p99.max(f.writes.p99) < 20_000 && f.stale_share() < 1_000
    };
    assert_eq!(survey.points.iter().find(met).map(|p| &p.name), None);
}

/// Bounded staleness: once another is behind by more than the bound, the primary takes no writes.
#[test]
fn a_primary_waits_for_those_that_are_too_far_behind() {
    let knobs = [("session.bound".to_string(), 2_000_000)].into();
    let preset = "cosmos-bounded".into();
    let setup = Setup { scene: "pacelc".into(), preset, knobs, seed: 3, ..Setup::default() };
    let scene = scene("pacelc").expect("in the catalogue");
    let mut s = Session::new(scene.build, setup, Vec::new()).expect("a world");
    s.advance_to(3_000_000, u64::MAX);
    let refused =
        |s: &Session| s.trace().ops.iter().filter(|o| matches!(o.end, OpEnd::Fail(_))).count();
    assert_eq!(refused(&s), 0);
    let all = s.view().nodes.len() as u16;
    let (mut here, mut there) = (NodeSet::EMPTY, NodeSet::EMPTY);
    (0..all).map(NodeId).for_each(|n| if n.0 % 3 == 2 { there.insert(n) } else { here.insert(n) });
    s.act(Action::Partition(vec![here, there])).expect("it can be cut");
    s.advance_to(4_500_000, u64::MAX);
    assert_eq!(refused(&s), 0, "not yet");
    s.advance_to(8_000_000, u64::MAX);
    assert!(refused(&s) > 3, "{}", refused(&s));
}
