//! A session whose record has a limit does whatever one without a limit does; what it has let go comes
//! back the same.

use happened_before::core::action::{Action, CrashMode};
use happened_before::core::config::Setup;
use happened_before::core::ids::NodeId;
use happened_before::core::random::{Stream, draw};
use happened_before::core::session::{Edit, Session};
use happened_before::core::trace::{Fate, Passage, Trace};
use happened_before::protocols::scene;
use happened_before::scene::index::Index;

fn begin(id: &str, seed: u64) -> Session {
    let scene = scene(id).expect("it is in the catalogue");
    let setup = Setup { scene: id.into(), seed, ..Setup::default() };
    Session::new(scene.build, setup, Vec::new()).expect("a plain setup")
}

fn pick(seed: u64, k: u64, n: u64) -> u64 {
    draw(seed, Stream::Nemesis, k) % n.max(1)
}

/// A message as it was known after a step.
fn as_of(m: &Passage, step: u64) -> Passage {
    let later = |end: u64| end > step;
    let fate = match m.fate {
        Fate::Received { step, .. } | Fate::Lost { step, .. } if later(step) => Fate::Flying,
        fate => fate,
    };
    Passage { fate, ..m.clone() }
}

/// What is on record up to the cursor is what the whole record says.
fn same(bounded: &Session, whole: &Session, at: &str) {
    assert_eq!(bounded.cursor(), whole.cursor(), "{at}");
    assert_eq!(bounded.time(), whole.time(), "{at}");
    assert_eq!(bounded.digest(), whole.digest(), "{at}");
    assert_eq!(bounded.view(), whole.view(), "{at}");
    assert_eq!(bounded.document(), whole.document(), "{at}");
    let (a, b): (&Trace, &Trace) = (bounded.trace(), whole.trace());
    let (first, step) = (a.events.first(), bounded.cursor());
    assert!(first <= step && step <= a.events.len(), "{at}: {first} {step} {}", a.events.len());
    let known = first as usize..step as usize;
    assert!(a.events.range(known.clone()).eq(b.events.range(known)), "{at}: events");
    let seen = |t: &Trace| -> Vec<Passage> {
        let lasts = |m: &&Passage| match m.fate {
            Fate::Flying => true,
            Fate::Received { step, .. } | Fate::Lost { step, .. } => step > first,
        };
        let sent = t.messages.iter().filter(|m| m.sent_step <= step);
        sent.filter(lasts).map(|m| as_of(m, step)).collect()
    };
    assert_eq!(seen(a), seen(b), "{at}: messages");
    let upto =
        |t: &Trace| -> Vec<_> { t.marks().iter().filter(|e| e.step <= step).cloned().collect() };
    assert_eq!(upto(a), upto(b), "{at}: marks");
    let ops = |t: &Trace| -> Vec<_> {
        t.ops.iter().filter(|o| o.step <= step).map(|o| (o.id, o.call, o.invoked)).collect()
    };
    assert_eq!(ops(a), ops(b), "{at}: operations");
}

/// Moves, acts, branches and edits, the same for both.
fn act(s: &mut Session, seed: u64, k: u64) -> String {
    let node = NodeId(pick(seed, k * 8 + 1, 5) as u16);
    let reached = s.trace().len();
    match pick(seed, k * 8, 12) {
        0 | 1 => s.seek(pick(seed, k * 8 + 2, reached + 1)),
        2 => s.seek_time(pick(seed, k * 8 + 2, s.time() + 1)),
        3 => s.seek(reached + pick(seed, k * 8 + 2, 6_000)),
        4 => {
            let _ = s.act(Action::Crash { node, mode: CrashMode::Process });
        }
        5 => {
            let _ = s.act(Action::Restart(node));
        }
        6 => s.switch(pick(seed, k * 8 + 2, s.branches().len() as u64) as usize),
        7 => s.fork(),
        8 => {
            // What lies beyond the window is not known to be alike.
            s.seek(reached);
            let all = s.branch().journal.len() as u64;
            let (entry, at) =
                (pick(seed, k * 8 + 2, all) as usize, pick(seed, k * 8 + 3, 9_000_000));
            let edit =
                if k.is_multiple_of(2) { Edit::Off(entry) } else { Edit::Move { entry, at } };
            let _ = s.edit(edit);
        }
        9 => {
            let document = s.document();
            s.restore(&document).expect("its own");
        }
        10 => s.seek(s.cursor().saturating_sub(1)),
        _ => _ = s.advance_to(s.time() + pick(seed, k * 8 + 2, 3_000_000), u64::MAX),
    }
    format!("seed {seed}, act {k}: {}", pick(seed, k * 8, 12))
}

#[test]
fn whatever_is_done_a_limit_changes_nothing_but_what_is_on_record() {
    let mut let_go = 0;
    for (id, seed) in [("raft", 1), ("raft", 2), ("cap", 3), ("leaderless", 4), ("raft", 5)] {
        let (mut bounded, mut whole) = (begin(id, seed), begin(id, seed));
        bounded.bound(0);
        for k in 0..60 {
            let at = act(&mut bounded, seed, k);
            act(&mut whole, seed, k);
            same(&bounded, &whole, &format!("{id}, {at}"));
            let_go += u64::from(bounded.trace().events.first() > 0);
        }
    }
    assert!(let_go > 100, "only {let_go} looks at a record without its beginning");
}

#[test]
fn a_way_in_slices_leads_where_one_in_one_go_does_and_can_be_given_up() {
    let mut at_once = begin("raft", 7);
    at_once.bound(0);
    at_once.seek(30_000);
    let mut shown = at_once.copy();
    at_once.seek(2_000);
    let mut gradual = shown.copy();
    gradual.set_gradual(true);
    gradual.seek(2_000);
    assert!(gradual.is_under_way());
    let (mut slices, mut done) = (0, 0);
    while !gradual.slice(50) {
        slices += 1;
        assert!(gradual.done() >= done && gradual.done() <= 1_000);
        done = gradual.done();
    }
    assert!(slices > 5, "{slices}");
    assert_eq!(gradual.digest(), at_once.digest());
    assert!(gradual.trace().events.iter().eq(at_once.trace().events.iter()));
    // Whoever gives up still has what was there before.
    assert_eq!(shown.cursor(), 30_000);
    let before = shown.digest();
    shown.seek(29_000);
    shown.seek(30_000);
    assert_eq!(shown.digest(), before);
    assert!(shown.trace().events.get(28_999).is_some());
}

#[test]
fn an_index_of_a_window_knows_what_one_of_all_the_run_knows() {
    let (mut bounded, mut whole) = (begin("raft", 9), begin("raft", 9));
    bounded.bound(0);
    let mut index = Index::default();
    for k in 0..40 {
        for s in [&mut bounded, &mut whole] {
            if k % 7 == 3 {
                let _ =
                    s.act(Action::Crash { node: NodeId(k as u16 % 3), mode: CrashMode::Process });
            }
            if k % 7 == 5 {
                let _ = s.act(Action::Restart(NodeId((k - 2) as u16 % 3)));
            }
            s.advance_to(s.time() + 700_000, u64::MAX);
            if k == 30 {
                s.seek(1_500);
                s.seek(1_600);
            }
        }
        index.extend(bounded.trace());
        let full = Index::of(whole.trace());
        if k != 30 {
            assert_eq!(index.spans, full.spans);
            assert_eq!(index.broken, full.broken);
        }
        let (a, b) = (bounded.trace(), whole.trace());
        let seen = a.events.first() as usize..a.events.len() as usize;
        for n in 0..7 {
            let node = NodeId(n);
            assert_eq!(index.of_node(node, &seen), full.of_node(node, &seen), "{k}");
        }
        let (from, to) = (bounded.time().saturating_sub(300_000).max(a.begun()), bounded.time());
        let ids = |i: &Index, t: &Trace| -> Vec<_> {
            i.messages_in(t, from, to).map(|m| (m.id, m.sent_at)).collect()
        };
        assert_eq!(ids(&index, a), ids(&full, b), "{k}");
    }
}
