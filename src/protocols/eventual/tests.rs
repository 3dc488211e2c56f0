//! The rules and their algebra; the epidemic against its equation.

use super::*;
use crate::check::explore::Bounds;
use crate::check::worlds::Quest;
use crate::core::action::{Action, Call, Entry};
use crate::core::config::Setup;
use crate::core::protocol::{Dice, Effect};
use crate::stories::player::play;

fn setup(knobs: &[(&str, i64)], seed: u64) -> Setup {
    Setup {
        scene: SCENE.id.into(),
        knobs: knobs.iter().map(|(k, v)| ((*k).to_string(), *v)).collect(),
        seed,
        ..Setup::default()
    }
}

fn node(me: u16) -> Node<Eventual> {
    Node { me: NodeId(me), state: State::default(), durable: Durable::default() }
}

fn effects(
    n: &mut Node<Eventual>,
    cfg: &Config,
    handler: impl FnOnce(&mut Node<Eventual>, &mut Context<Eventual>),
) -> Vec<Effect<Eventual>> {
    let mut dice = Dice::default();
    let mut cx = Context::alone(n.me.0, 3, cfg, &mut dice);
    handler(n, &mut cx);
    cx.effects
}

fn rumour(server: u16, nth: u64, value: i64) -> Rumour {
    let id = (NodeId(server), nth);
    let cell = KeyState::empty(Merge::LastWriter).written(id, nth as i64, value);
    Rumour { id, key: 0, cell }
}

#[test]
fn what_was_heard_is_a_set_without_gaps_kept_short() {
    let at = |n| (NodeId(1), n);
    let mut heard = Heard::default();
    assert!(heard.add(at(2)) && heard.add(at(3)) && !heard.add(at(2)));
    assert!(!heard.has(&at(1)) && heard.len() == 2);
    assert!(heard.add(at(1)));
    let mut other = Heard::default();
    for n in [3, 1, 2] {
        other.add(at(n));
    }
    assert_eq!((heard.clone(), heard.next(NodeId(1))), (other.clone(), at(4)));
    other.add(at(5));
    assert!(other.includes(&heard) && !heard.includes(&other));
    heard.add(at(4));
    heard.merge(&other);
    assert_eq!(heard.next(NodeId(1)), at(6));
}

/// With a rule the order of arrival does not matter, and twice is once.
#[test]
fn cells_merge_the_same_in_any_order() {
    for rule in [Merge::LastWriter, Merge::Concurrent] {
        let empty = KeyState::empty(rule);
        let a = empty.written((NodeId(0), 1), 5, 1);
        let b = empty.written((NodeId(1), 1), 5, 2);
        let c = a.written((NodeId(2), 1), 3, 3);
        let merged = |order: [&KeyState; 4]| {
            let mut all = empty.clone();
            order.iter().for_each(|cell| all.merge(cell));
            all
        };
        let one = merged([&a, &b, &c, &b]);
        assert_eq!(one, merged([&c, &b, &a, &a]), "{rule:?}");
        assert_eq!(one, merged([&b, &c, &a, &c]), "{rule:?}");
        assert!(a.is_within(&c) && !c.is_within(&a), "a later write is above: {rule:?}");
        let kept = if rule == Merge::LastWriter { vec![3] } else { vec![2, 3] };
        assert_eq!(one.values(), kept);
    }
}

#[test]
fn who_knew_it_says_so_and_the_teller_tires() {
    let (mut n, cfg) = (node(1), Config { coin: false, k: 2, ..Config::default() });
    let first = rumour(0, 1, 7);
    let hear = |n: &mut Node<Eventual>, r: &Rumour| {
        let message = Message::Rumours(vec![r.clone()]);
        effects(n, &cfg, |n, cx| Eventual::on_message(n, cx, NodeId(0), message))
    };
    let told = hear(&mut n, &first);
    assert!(!told.iter().any(|e| matches!(e, Effect::Send { .. })));
    assert!(n.state.hot.contains_key(&first.id) && n.durable.heard.has(&first.id));
    let known = Effect::Send { to: NodeId(0), message: Message::Known(vec![first.id]) };
    assert_eq!(hear(&mut n, &first), [known]);
    for left in [1, 0] {
        let known = Message::Known(vec![first.id]);
        effects(&mut n, &cfg, |n, cx| Eventual::on_message(n, cx, NodeId(2), known));
        assert_eq!(n.state.hot.len(), left);
    }
    hear(&mut n, &first);
    assert!(n.state.hot.is_empty(), "removed is not susceptible");
}

#[test]
fn without_a_rule_only_what_is_new_replaces() {
    let (mut n, cfg) = (node(1), Config { merge: Merge::None, ..Config::default() });
    let any = |server, value| {
        let id = (NodeId(server), 1);
        Rumour { id, key: 0, cell: KeyState::Any(Some((id, value))) }
    };
    for r in [any(0, 7), any(2, 9), any(0, 7)] {
        let message = Message::Rumours(vec![r]);
        effects(&mut n, &cfg, |n, cx| Eventual::on_message(n, cx, NodeId(0), message));
    }
    assert_eq!(n.durable.store[&0].values(), [9]);
}

/// One rumour among so many servers, until nobody spreads it: the share in which it ends.
fn residue(servers: i64, k: i64, seed: u64) -> f64 {
    let knobs = [
        ("nodes", servers),
        ("clients", 1),
        ("client.interval", 0),
        ("gossip.exchange", 0),
        ("gossip.k", k),
        ("gossip.period", 1_000_000),
    ];
    let mut world = (SCENE.build)(&setup(&knobs, seed)).expect("sound settings");
    let client = NodeId(servers as u16);
    let call = Call { f: 1, value: 1, ..Call::default() };
    let action = Action::Invoke { client, to: Some(NodeId(0)), call };
    world.act(&Entry { at: 1, action });
    loop {
        world.step().expect("timers run for ever");
        let (s, i, _) = world.observer::<Eventual>().epidemic().unwrap_or((1, 1, 0));
        if i == 0 {
            return f64::from(s) / servers as f64;
        }
    }
}

/// s = e^-(k+1)(1-s), by iteration from below.
fn predicted(k: i64) -> f64 {
    (0..200).fold(0.0, |s: f64, _| (-(k as f64 + 1.0) * (1.0 - s)).exp())
}

/// Demers et al. 1987, section 1.4: feedback and coin. The equation is for very many servers.
#[test]
fn the_residue_of_an_epidemic_is_the_papers() {
    assert!((predicted(1) - 0.203).abs() < 0.001 && (predicted(2) - 0.0595).abs() < 0.001);
    for (k, seeds) in [(1, 40), (2, 20)] {
        let mean = (0..seeds).map(|seed| residue(100, k, seed)).sum::<f64>() / seeds as f64;
        let off = (mean - predicted(k)).abs();
        assert!(off < 0.035, "k = {k}: {mean}, predicted {}", predicted(k));
    }
}

/// The story of the residue: in its run twelve of sixty never hear, a fifth.
#[test]
fn the_epidemic_is_reenacted() {
    let story = SCENE.stories.iter().find(|s| s.id == "residue").expect("in the list");
    let (run, told) = play(&SCENE, story).expect("it plays");
    assert_eq!(told[1].answer, Some(1));
    let facts = run.view().facts;
    assert!(facts.iter().any(|f| f.text == "the rumour died out: 12 have not heard"), "{facts:?}");
    assert!((12.0 / 60.0 - predicted(1)).abs() < 0.01);
}

#[test]
fn a_value_goes_back_and_all_agree_in_the_end() {
    let (run, told) = play(&SCENE, &SCENE.stories[0]).expect("it plays");
    assert_eq!([told[3].answer, told[4].answer], [Some(0), Some(1)]);
    let facts = run.view().facts;
    assert!(facts.iter().any(|f| f.text == "a read went back: B read x=1 and then x=nil"));
    assert!(facts[0].id == "all-agree", "{facts:?}");
}

/// Challenges by their shortest solutions, and what cannot be done by all states there are.
#[test]
fn challenges_have_their_pars() {
    let pars = [("backwards", Some(9)), ("no-rule", Some(6)), ("rumour-dies", Some(13))];
    for (id, par) in pars.into_iter().chain([("refute-eventually", None)]) {
        let challenge = SCENE.challenges.iter().find(|c| c.id == id).expect("in the list");
        let (setup, goal) = (challenge.setup(SCENE.id), Some(challenge.until));
        let quest = Quest::new(&SCENE, &setup, challenge.limits, Bounds::default(), goal, true);
        let mut quest = quest.expect("a search");
        let tally = quest.run(1, &mut || false);
        assert_eq!(quest.found().first().map(|f| f.length()), par, "{id}");
        assert_eq!((tally.complete, challenge.impossible), (par.is_none(), par.is_none()), "{id}");
    }
}
