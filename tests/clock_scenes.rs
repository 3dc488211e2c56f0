//! What was published of the clocks, re-enacted.

use happened_before::core::action::{Action, ClockChange};
use happened_before::core::config::Setup;
use happened_before::core::ids::NodeId;
use happened_before::core::protocol::Show;
use happened_before::core::session::Session;
use happened_before::core::trace::{OpEnd, Relation};
use happened_before::core::view::{Event, Mark, What};
use happened_before::protocols::lamport::{Lamport, Op};
use happened_before::protocols::{Scene, hybrid, lamport, vector};
use happened_before::stories::player::play;

fn story(scene: &Scene, id: &str) -> Session {
    let story = scene.stories.iter().find(|s| s.id == id).expect("in its list");
    play(scene, story).expect("it plays").0
}

fn field(session: &Session, node: usize, name: &str) -> String {
    let view = session.view();
    let look = &view.nodes[node].look;
    let found = look.durable.iter().find(|(n, _)| n == name);
    found.map(|(_, text)| text.clone()).unwrap_or_default()
}

// --- lamport ---

/// The n-th event of a process as the paper counts them, from 1: starts do not count.
fn event(session: &Session, name: char, n: usize) -> &Event {
    let mine = |e: &&Event| {
        e.node.is_some_and(|p| Lamport::name(p.0) == name.to_string()) && e.notes.contains(&"IR1")
    };
    session.trace().events.iter().filter(mine).nth(n - 1).expect("it happened")
}

#[test]
fn figure_1_says_what_the_text_says() {
    let session = story(&lamport::SCENE, "figure-1");
    let at = |name, n| event(&session, name, n);
    let stands = |a: (char, usize), b: (char, usize)| Relation::of(at(a.0, a.1), at(b.0, b.1));
    assert_eq!(stands(('P', 1), ('R', 4)), Relation::Past, "p1 -> r4");
    assert_eq!(stands(('P', 3), ('Q', 3)), Relation::Beside, "p3 and q3 are concurrent");
    assert_eq!(stands(('Q', 3), ('P', 4)), Relation::Past, "P hears of q3 at p4");
    assert!(at('Q', 3).at < at('P', 3).at, "q3 occurs at an earlier physical time than p3");
}

/// The person's two requests happened in order, and are granted the other way round.
#[test]
fn the_telephone_call_is_anomalous() {
    let session = story(&lamport::SCENE, "phone");
    let asked = |name| {
        let find = |e: &&Event| {
            e.notes.contains(&"Request") && e.node.is_some_and(|p| Lamport::name(p.0) == name)
        };
        session.trace().events.iter().find(find).expect("a request")
    };
    assert_eq!(Relation::of(asked("P"), asked("Q")), Relation::Past);
    let tickets: Vec<_> = session.trace().ops.iter().rev().take(2).map(|o| o.end.clone()).collect();
    let ticket = |t: &str| OpEnd::Ok(Some(t.into()));
    assert_eq!(tickets, [ticket("1"), ticket("4")]);
    let first = session.trace().events.iter().find(|e| e.notes.contains(&"Enter"));
    assert_eq!(first.and_then(|e| e.node), Some(NodeId(1)), "Q is granted first");
    assert_eq!(session.world().broken(), [], "no claim of the paper is broken");
}

/// Section "Ordering the Events Totally", condition III: every request is granted, as long as
/// everybody who is granted releases; 3(N - 1) messages each, what is repeated not counted.
#[test]
fn every_request_is_granted_without_failures() {
    for seed in 0..20 {
        let knobs = [("lamport.pause", 10_000_000), ("lamport.resend", 60_000_000), ("clients", 3)];
        let setup = Setup {
            scene: "lamport".into(),
            preset: "resource".into(),
            knobs: knobs.iter().map(|(k, v)| ((*k).into(), *v)).collect(),
            seed,
            ..Setup::default()
        };
        let mut session = Session::new(lamport::SCENE.build, setup, Vec::new()).expect("a run");
        session.advance_to(1_000, u64::MAX);
        for (client, node) in [(3, 2), (4, 0), (5, 1)] {
            let call = Lamport::call(&Op::Request);
            let (client, to) = (NodeId(client), Some(NodeId(node)));
            session.act(Action::Invoke { client, to, call }).expect("asked");
        }
        session.advance_to(2_000_000, u64::MAX);
        let granted = |e: &&Event| e.notes.contains(&"Enter");
        assert_eq!(session.trace().events.iter().filter(granted).count(), 3, "seed {seed}");
        let received = |e: &&Event| match e.what {
            What::Receive(id) => id.from.0 < 3 && id.to.0 < 3,
            _ => false,
        };
        assert_eq!(session.trace().events.iter().filter(received).count(), 3 * 3 * 2);
    }
}

/// The queues as they are drawn: in the total order, the holder's turn marked.
#[test]
fn queues_are_drawn_in_the_total_order() {
    let mut session = story(&lamport::SCENE, "resource");
    let mut turns = 0;
    for step in 0..=session.cursor() {
        session.seek(step);
        for node in session.view().nodes.iter().filter(|n| !n.trays.is_empty()) {
            let seats = &node.trays[0].seats;
            let order: Vec<(u64, String)> = seats
                .iter()
                .map(|s| s.text.split_once(':').expect("time and name"))
                .map(|(t, p)| (t.parse().expect("a time"), p.to_string()))
                .collect();
            assert!(order.is_sorted(), "{order:?}");
            let chosen = seats.iter().any(|s| s.mark == Mark::Chosen);
            assert_eq!(chosen, node.look.role == "Holder", "step {step}");
            turns += u32::from(chosen);
        }
    }
    assert!(turns > 0);
}

// --- vector ---

/// DeCandia et al. 2007, figure 3: D3 is ([Sx,2],[Sy,1]), D4 is ([Sx,2],[Sz,1]), D5 is
/// ([Sx,3],[Sy,1],[Sz,1]).
#[test]
fn dynamo_s_versions_are_reenacted() {
    let mut session = story(&vector::SCENE, "dynamo");
    assert_eq!(field(&session, 0, "x"), "5 (A,3)[A:2, B:1, C:1]");
    let two = (0..=session.cursor()).rev().find(|step| {
        session.seek(*step);
        field(&session, 0, "siblings-x") == "2"
    });
    assert!(two.is_some(), "D3 and D4 were side by side");
    assert_eq!(field(&session, 0, "x"), "3 (B,1)[A:2] | 4 (C,1)[A:2]");
}

#[test]
fn siblings_explode_under_one_vector_only() {
    let (dotted, flat) = (story(&vector::SCENE, "siblings"), story(&vector::SCENE, "explosion"));
    assert_eq!(field(&dotted, 0, "x"), "3 (A,3)[A:1] | 4 (A,4)[A:2]");
    assert_eq!(field(&flat, 0, "x"), "1|2|3|4 [A:4]");
}

/// The same writes in three ways at once: by the same rules as alone.
#[test]
fn three_ways_are_kept_beside_each_other() {
    let session = story(&vector::SCENE, "three-ways");
    let [dotted, one, by] = ["siblings-x", "one-vector-x", "by-client-x"]
        .map(|f| field(&session, 0, f).parse::<u32>().expect("a count"));
    assert_eq!((dotted, one, by), (2, 4, 2));
    let view = session.view();
    let titles: Vec<&str> = view.nodes[0].trays.iter().map(|t| t.title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "x, with dots: 2 siblings",
            "x, one vector of servers: 4 siblings",
            "x, a vector of clients each: 2 siblings"
        ]
    );
    let stale = view.nodes[0].trays[1].seats.iter().filter(|s| s.mark == Mark::Stale).count();
    assert_eq!(stale, 2, "two of the four have long been read");
}

/// What the buffer shows is what the broadcast truly waits for.
#[test]
fn the_buffer_says_what_it_waits_for() {
    let mut session = story(&vector::SCENE, "delay");
    let waits = (0..=session.cursor()).any(|step| {
        session.seek(step);
        let trays = &session.view().nodes[2].trays;
        trays
            .iter()
            .any(|t| t.title == "buffer" && t.seats.iter().any(|s| s.text == "B1 waits for A1"))
    });
    assert!(waits);
}

/// The delayed broadcast is delivered after its cause, at both that heard of it.
#[test]
fn the_delayed_broadcast_waits_for_its_cause() {
    let session = story(&vector::SCENE, "delay");
    let view = session.view();
    for node in &view.nodes[1..3] {
        let cells: Vec<&str> =
            node.log.iter().flat_map(|l| &l.cells).map(|c| c.text.as_str()).collect();
        assert_eq!(cells, ["A1", "B1"], "{}", node.name);
    }
}

/// A process that was not there from the start: nobody's vector has it before its first event, and
/// the claim holds all along.
#[test]
fn a_process_joins_in_mid_run() {
    let setup = Setup {
        scene: "vector-clock".into(),
        knobs: [("nodes".to_string(), 4), ("vector.members".to_string(), 2)].into(),
        seed: 9,
        ..Setup::default()
    };
    let mut session = Session::new(vector::SCENE.build, setup, Vec::new()).expect("a run");
    session.advance_to(2_000_000, u64::MAX);
    let events = &session.trace().events;
    let joins: Vec<u16> = events
        .iter()
        .filter(|e| e.notes.contains(&"Join"))
        .filter_map(|e| e.node.map(|n| n.0))
        .collect();
    let mut sorted = joins.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [2, 3], "each joins once");
    assert_eq!(session.world().broken(), []);
    assert!(field(&session, 3, "V").contains("D:"), "{}", field(&session, 3, "V"));
}

// --- hybrid ---

fn answer(session: &Session) -> String {
    match session.trace().ops.last().map(|o| o.end.clone()) {
        Some(OpEnd::Ok(Some(text))) => text,
        other => panic!("{other:?}"),
    }
}

fn rules<'a>(session: &'a Session, rule: &'a str) -> usize {
    session.trace().events.iter().filter(|e| e.notes.contains(&rule)).count()
}

#[test]
fn an_uncertain_value_restarts_the_read_once() {
    let session = story(&hybrid::SCENE, "uncertain");
    assert_eq!((rules(&session, "Uncertain"), rules(&session, "ReadRestart")), (1, 1));
    assert!(answer(&session).starts_with("1 ("), "{}", answer(&session));
}

/// While the read is under way its window covers the version it meets, and the clocks stand where
/// they are.
#[test]
fn the_window_sweeps_over_the_version() {
    let mut session = story(&hybrid::SCENE, "uncertain");
    let swept = (0..=session.cursor()).any(|step| {
        session.seek(step);
        let view = session.view();
        let rulers = || view.nodes.iter().filter_map(|n| n.ruler.as_ref());
        let versions: Vec<u64> = rulers().flat_map(|r| &r.versions).map(|v| v.0).collect();
        rulers().flat_map(|r| &r.windows).any(|(from, to, _)| {
            assert_eq!(rulers().map(|r| r.reach).max(), Some(500_000));
            versions.iter().any(|v| from < v && v <= to)
        })
    });
    assert!(swept);
}

/// Every preset runs, and its claims hold.
#[test]
fn presets_run() {
    for scene in [&lamport::SCENE, &vector::SCENE, &hybrid::SCENE] {
        for preset in scene.presets {
            let setup = Setup {
                scene: scene.id.into(),
                preset: preset.id.into(),
                seed: 3,
                ..Setup::default()
            };
            let mut session = Session::new(scene.build, setup, Vec::new()).expect(preset.id);
            session.advance_to(3_000_000, u64::MAX);
            assert!(session.cursor() > 0, "{}", preset.id);
            assert_eq!(session.world().broken(), [], "{}", preset.id);
        }
    }
}

/// Beyond the maximum offset the read is stale, and no claim is broken, since none is made there.
#[test]
fn beyond_the_maximum_offset_a_read_is_stale() {
    let session = story(&hybrid::SCENE, "beyond");
    assert_eq!(answer(&session), "(0us, 0)", "it saw no version");
    let facts = session.view().facts;
    assert!(
        facts.iter().any(|f| f.text.starts_with("outside the theorem: clocks were 9")),
        "{facts:?}"
    );
    assert!(facts.iter().any(|f| f.id == "stale-read"), "{facts:?}");
    assert_eq!(session.world().broken(), []);
    assert_eq!(rules(&session, "Stop"), 1);
}

/// Figure 5 and its bounds hold whatever clocks do: they run fast, stand still and step back.
#[test]
fn the_bounds_hold_under_every_fault_of_clocks() {
    for seed in 0..20 {
        let setup = Setup { scene: "hybrid-clock".into(), seed, ..Setup::default() };
        let mut session = Session::new(hybrid::SCENE.build, setup, Vec::new()).expect("a run");
        for (i, change) in [
            ClockChange::Step(400_000),
            ClockChange::Drift(200_000),
            ClockChange::Step(-700_000),
            ClockChange::Freeze(true),
            ClockChange::Drift(-200_000),
        ]
        .into_iter()
        .enumerate()
        {
            session.advance_to(300_000 * (i as u64 + 1), u64::MAX);
            let node = NodeId((seed + i as u64) as u16 % 3);
            session.act(Action::Clock { node, change }).expect("a change");
        }
        session.advance_to(3_000_000, u64::MAX);
        assert_eq!(session.world().broken(), [], "seed {seed}");
    }
}

/// The diagram of a scene of clocks prints the scene's own clock: what its processes keep, whatever
/// clients do.
#[test]
fn the_diagram_prints_the_clock_of_the_scene() {
    use happened_before::algo::clocks::overlay::{ClockKind, Overlay};
    for id in ["lamport", "vector-clock"] {
        let scene = happened_before::protocols::scene(id).unwrap();
        let kind = ClockKind::of((scene.info)().lenses).unwrap();
        let mut checked = 0;
        for (seed, story) in (1..4).map(|s| (s, None)).chain([(0, Some(scene.stories[0].id))]) {
            let setup = match story.and_then(|s| scene.stories.iter().find(|t| t.id == s)) {
                Some(story) => happened_before::stories::player::setup(scene, story),
                None => Setup { scene: id.into(), seed, ..Setup::default() },
            };
            let mut run = match story {
                Some(story) => self::story(scene, story),
                None => Session::new(scene.build, setup, Vec::new()).unwrap(),
            };
            run.seek(0);
            let mut overlay = Overlay::own(kind, &run.view());
            for _ in 0..300 {
                let Some(event) = run.forward().cloned() else { break };
                overlay.extend(run.trace());
                if overlay.time(event.step).is_none() {
                    continue;
                }
                let node = event.node.expect("an event of a process");
                let badge = run.view().nodes[node.at()].look.badge.replace(' ', "");
                let printed = overlay.text(event.step).replace(' ', "");
                assert_eq!(printed, badge, "{id}, seed {seed}, step {}", event.step);
                checked += 1;
            }
        }
        assert!(checked > 30, "{id}: {checked} events");
    }
}
