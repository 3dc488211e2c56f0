//! Each guarantee broken alone, by the smallest history that does.

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct V(u64, OpId, i64);

impl SessionVersion for V {
    fn value(&self) -> i64 {
        self.2
    }
    fn by(&self) -> OpId {
        self.1
    }
}

const X: u32 = 0;
const Y: u32 = 1;

fn called(n: NodeId) -> String {
    format!("p{}", n.0)
}

/// A watch and who writes in it.
#[derive(Default)]
struct Play(SessionWatch<V>, u32);

impl Play {
    fn write(&mut self, client: u16, key: u32, time: u64) -> V {
        self.1 += 1;
        let op = OpId { client: NodeId(client), nth: self.1 };
        let version = V(time, op, time as i64);
        self.0.asks(op);
        self.0.wrote(key, version, &called);
        version
    }
    fn read(&mut self, client: u16, key: u32, saw: Option<V>) {
        self.0.read(NodeId(client), key, saw, &called);
    }
    fn show(&mut self, store: &[(u32, V)]) {
        self.0.shows(NodeId(0), &store.iter().copied().collect(), &called);
    }
    /// What is broken, and the sentence of the first.
    fn broken(&self) -> (Vec<&'static str>, String) {
        let all = Guarantee::ALL.iter().filter_map(|g| Some((g.name(), self.0.found(*g)?)));
        let all: Vec<_> = all.collect();
        let why = all.first().map_or(String::new(), |(_, w)| w.why.clone());
        (all.iter().map(|(name, _)| *name).collect(), why)
    }
}

#[test]
fn a_read_that_misses_an_own_write() {
    let mut p = Play::default();
    p.write(5, X, 1);
    p.read(6, X, None);
    assert!(p.broken().0.is_empty(), "another session");
    p.read(5, X, None);
    assert_eq!(p.broken().0, ["read your writes", "causal"]);
    assert_eq!(p.broken().1, "p5 wrote x=1 and then read x=nil.");
}

#[test]
fn a_newer_write_of_another_is_no_miss() {
    let mut p = Play::default();
    p.write(5, X, 1);
    let newer = p.write(6, X, 2);
    p.read(5, X, Some(newer));
    assert!(p.broken().0.is_empty());
}

#[test]
fn reads_that_go_back() {
    let mut p = Play::default();
    let (old, new) = (p.write(5, X, 1), p.write(6, X, 2));
    p.read(7, X, Some(new));
    p.read(7, Y, None);
    assert!(p.broken().0.is_empty());
    p.read(7, X, Some(old));
    assert_eq!(p.broken().0, ["monotonic reads", "causal"]);
    assert_eq!(p.broken().1, "p7 read x=2 and then x=1.");
}

#[test]
fn an_answer_without_its_question() {
    let mut p = Play::default();
    let question = p.write(5, X, 1);
    p.read(6, X, Some(question));
    let answer = p.write(6, Y, 2);
    p.show(&[(X, question), (Y, answer)]);
    assert!(p.broken().0.is_empty());
    p.show(&[(Y, answer)]);
    assert_eq!(p.broken().0, ["writes follow reads"]);
    assert_eq!(p.broken().1, "p0 shows y=2 but x=nil, though p6 had read x=1 before.");
}

#[test]
fn a_later_write_without_the_earlier() {
    let mut p = Play::default();
    let first = p.write(5, X, 1);
    let second = p.write(5, Y, 2);
    p.show(&[(X, first)]);
    assert!(p.broken().0.is_empty());
    p.show(&[(Y, second)]);
    assert_eq!(p.broken().0, ["monotonic writes"]);
    let mut p = Play::default();
    p.write(5, X, 2);
    p.write(5, X, 1);
    assert_eq!(p.broken().0, ["monotonic writes", "causal"]);
    let why = "p5 wrote x=1; it counts as older than x=2, which p5 had written before.";
    assert_eq!(p.broken().1, why);
}

/// No session of its own is wronged, and yet an effect is seen without its cause's cause.
#[test]
fn what_a_past_depends_on_is_transitive() {
    let mut p = Play::default();
    let photo = p.write(5, X, 1);
    p.read(6, X, Some(photo));
    let comment = p.write(6, Y, 2);
    p.read(7, Y, Some(comment));
    p.read(7, X, None);
    assert_eq!(p.broken().0, ["causal"]);
    assert_eq!(p.broken().1, "p7 read x=nil, though what it knew of depends on x=1.");
    assert_eq!(p.0.lamps(&called), ["p7 lost causal"]);
}

/// A write that was given up and is taken later depends on what its session knew when it asked.
#[test]
fn a_late_write_depends_on_nothing_later() {
    let mut p = Play::default();
    let op = OpId { client: NodeId(5), nth: 9 };
    p.0.asks(op);
    let later = p.write(6, X, 1);
    p.read(5, X, Some(later));
    let late = V(2, op, 2);
    p.0.takes(Y, late);
    p.show(&[(Y, late)]);
    assert!(p.broken().0.is_empty());
}

#[test]
fn what_everybody_has_replaced_is_forgotten() {
    let mut p = Play::default();
    let (old, new) = (p.write(5, X, 1), p.write(5, X, 2));
    let (a, b) = (Newest::from([(X, new)]), Newest::from([(X, old)]));
    p.0.forgets([&a, &b].into_iter());
    assert_eq!(p.0.made.len(), 2);
    p.0.forgets([&a, &a].into_iter());
    assert_eq!(p.0.made.len(), 1);
}
