//! Links and edits of whole sessions, over the whole catalogue: what is linked opens as it was, and
//! what is edited leaves everything else as it was.

use happened_before::core::action::*;
use happened_before::core::config::Setup;
use happened_before::core::ids::{MsgId, NodeId, NodeSet};
use happened_before::core::random::{Stream, draw};
use happened_before::core::session::{Edit, Session};
use happened_before::core::sorted::SortedMap;
use happened_before::protocols::{CATALOG, Scene};
use happened_before::share::link::{Held, Link, MOST_ADDRESS, ViewState};

fn session(scene: &Scene, seed: u64) -> Session {
    let setup = Setup { scene: scene.id.into(), seed, ..Setup::default() };
    Session::new(scene.build, setup, Vec::new()).expect("a sound setup")
}

fn pick(seed: u64, k: u64, n: u64) -> u64 {
    draw(seed, Stream::Nemesis, k) % n
}

/// Something anyone could do now.
fn any_action(s: &Session, seed: u64, k: u64) -> Action {
    let view = s.view();
    let node = NodeId(pick(seed, k + 1, view.nodes.len() as u64) as u16);
    let one = NodeSet::one(node);
    let rest = NodeSet(NodeSet::first(view.nodes.len() as u16).0 & !one.0);
    let message = view.messages.get(pick(seed, k + 2, 6) as usize).map(|m| m.id);
    match (pick(seed, k + 3, 11), message) {
        (0, _) => Action::Crash { node, mode: CrashMode::Process },
        (1, _) => Action::Restart(node),
        (2, Some(m)) => Action::Drop(m),
        (3, Some(m)) => Action::Duplicate(m),
        (4, Some(m)) => Action::Hold(m),
        (5, _) => Action::Partition(vec![one, rest]),
        (6, _) => Action::Clock { node, change: ClockChange::Step(70_000) },
        (7, _) => Action::Pause(node),
        (8, _) => Action::Resume(node),
        (9, _) => Action::Link { from: one, to: rest, change: LinkChange::Loss(300_000) },
        _ => Action::HealAll,
    }
}

/// A session with interventions, branches, edits and jumps.
fn lively(scene: &Scene, seed: u64) -> Session {
    let mut s = session(scene, seed);
    for k in 0..14u64 {
        s.advance_to(s.time() + 15_000 + pick(seed, 100 * k, 80_000), 100_000);
        let action = any_action(&s, seed, 100 * k);
        let _ = s.act(action);
        match pick(seed, 100 * k + 9, 9) {
            0 => s.seek(s.cursor() / 2),
            1 => s.switch(pick(seed, 100 * k + 10, s.branches().len() as u64) as usize),
            2 => _ = s.edit(Edit::Off(0)),
            3 => s.rename(s.current(), "mine"),
            4 => _ = s.edit(Edit::Move { entry: 0, at: pick(seed, 100 * k + 11, 500_000) }),
            5 => s.fork(),
            _ => {}
        }
    }
    s
}

/// Link, reopen, same digest, on every branch.
#[test]
fn what_is_linked_opens_as_it_was() {
    let mut longest = (0, 0);
    for scene in CATALOG {
        for seed in 0..12 {
            let mut s = lively(scene, seed);
            let link = Link::whole(&s, ViewState::default());
            let text = link.fragment();
            longest = longest.max((text.len(), s.branches().len()));
            let again = Link::decode(&text).expect("its own link");
            assert_eq!(again, link, "{} {seed}", scene.id);
            let mut again = again.open().expect("its own session");
            assert_eq!(again.document(), s.document(), "{} {seed}", scene.id);
            assert_eq!(again.digest(), s.digest(), "{} {seed}", scene.id);
            for branch in 0..s.branches().len() {
                s.switch(branch);
                again.switch(branch);
                assert_eq!(again.digest(), s.digest(), "{} {seed} branch {branch}", scene.id);
            }
        }
    }
    println!("longest of the links: {} characters, {} branches", longest.0, longest.1);
}

/// An address leaves out branches when it would be too long, and says so; a file never does.
#[test]
fn a_long_session_fits_an_address_in_part_and_a_file_whole() {
    let mut s = session(&CATALOG[1], 3);
    let mut k = 0;
    while Link::whole(&s, ViewState::default()).encode().len() <= MOST_ADDRESS {
        let (link, held) = Link::address(&s, ViewState::default());
        assert_eq!((held, &link), (Held::Whole, &Link::whole(&s, ViewState::default())));
        for _ in 0..40 {
            s.advance_to(s.time() + 2_000 + pick(9, 100 * k, 9_000), 100_000);
            let _ = s.act(any_action(&s, 9, 100 * k));
            k += 1;
        }
        s.fork();
    }
    assert!(s.branches().len() > 3, "{} branches", s.branches().len());
    let (link, held) = Link::address(&s, ViewState::default());
    assert_eq!(held, Held::Branch);
    let again = Link::decode(&link.fragment()).expect("its own link").open().expect("it opens");
    assert_eq!((again.branches().len(), again.digest()), (1, s.digest()));
    assert_eq!(again.branch().journal, s.branch().journal);
    let file = Link::file(&s, ViewState::default()).expect("it fits a file");
    let mut again = Link::decode_file(&file).expect("its own file").open().expect("it opens");
    assert_eq!(again.document(), s.document());
    for branch in 0..s.branches().len() {
        s.switch(branch);
        again.switch(branch);
        assert_eq!(again.digest(), s.digest(), "branch {branch}");
    }
}

/// What is too long for both is said, not cut off in silence.
#[test]
fn what_no_link_can_hold_is_said() {
    let scene = &CATALOG[1];
    let setup = Setup { scene: scene.id.into(), seed: 3, ..Setup::default() };
    let entry = |at| Entry { at, action: Action::HealAll };
    let many = Session::new(scene.build, setup, (1..=10_001).map(entry).collect()).expect("sound");
    let (link, held) = Link::address(&many, ViewState::default());
    assert_eq!((held, link.journal.len()), (Held::Settings, 0));
    assert_eq!(
        Link::file(&many, ViewState::default()),
        Err("the journal has 10001 entries, more than 10000".into())
    );
}

/// An intervention is found at its step, whatever became of it: a start, a loss, a mere sentence.
#[test]
fn an_entry_of_the_journal_leads_to_its_step() {
    for scene in CATALOG {
        for seed in 0..6 {
            let mut s = lively(scene, seed);
            s.advance_to(s.time() + 600_000, 100_000);
            for (i, entry) in s.branch().journal.iter().enumerate() {
                let step = s.step_of_entry(i).expect("it has been there");
                let event = s.trace().event(step).expect("a step");
                assert!(event.forced && event.at >= entry.at, "{} {seed} {i}", scene.id);
                let later = event.at - entry.at;
                assert!(later == 0, "{} {seed}: entry {i} is {later} us late", scene.id);
            }
        }
    }
}

/// Undo and redo meet the very states again, and keep what they can.
#[test]
fn a_document_brings_back_the_session() {
    for scene in CATALOG {
        for seed in 0..6 {
            let mut s = lively(scene, seed);
            let (document, digest, view) = (s.document(), s.digest(), s.view());
            let _ = s.edit(Edit::Remove(0));
            s.fork();
            let _ = s.act(Action::HealAll);
            if s.branches().len() > 1 {
                s.delete(0).expect("one of several");
            }
            let other = (s.document(), s.digest());
            s.restore(&document).expect("its own document");
            assert_eq!((s.document(), s.digest()), (document, digest), "{} {seed}", scene.id);
            assert_eq!(s.view(), view);
            s.restore(&other.0).expect("its own document");
            assert_eq!((s.document(), s.digest()), other, "{} {seed}", scene.id);
        }
    }
}

/// What an edit leaves on record is what a fresh run of the edited journal does.
#[test]
fn an_edited_run_is_the_run_of_the_edited_journal() {
    for scene in CATALOG {
        for seed in 0..6 {
            let mut s = session(scene, seed);
            for k in 0..8 {
                s.advance_to(s.time() + 40_000, 100_000);
                let action = any_action(&s, seed, 100 * k);
                let _ = s.act(action);
            }
            s.advance_to(s.time() + 300_000, 100_000);
            for edit in [
                Edit::Move { entry: 3, at: 20_001 },
                Edit::Off(2),
                Edit::Move { entry: 0, at: 333_333 },
                Edit::On(0),
                Edit::Remove(1),
            ] {
                if s.edit(edit).is_err() {
                    continue;
                }
                let journal = s.branch().journal.clone();
                let mut fresh = Session::new(scene.build, s.setup.clone(), journal).expect("sound");
                fresh.advance_to(s.time(), 1_000_000);
                assert_eq!(fresh.digest(), s.digest(), "{} {seed} {edit:?}", scene.id);
                assert!(
                    fresh.trace().events.iter().eq(s.trace().events.range(0..s.cursor() as usize))
                );
            }
        }
    }
}

/// The delay of every message that both runs send.
fn delays(s: &Session) -> SortedMap<MsgId, u64> {
    s.trace().messages.iter().map(|m| (m.id, m.due - m.sent_at)).collect()
}

/// Taking an intervention out, moving it or switching it off and on changes no other draw.
#[test]
fn an_edit_changes_no_other_draw() {
    for scene in CATALOG {
        // On a narrow link one message waits for another: that is no draw.
        let setup = Setup { scene: scene.id.into(), seed: 11, ..Setup::default() };
        let setup = Setup { knobs: [("net.bandwidth".to_string(), 0)].into(), ..setup };
        let mut s = Session::new(scene.build, setup, Vec::new()).expect("a sound setup");
        for k in 0..10u64 {
            s.advance_to(s.time() + 60_000, 100_000);
            let node = NodeId((k % 3) as u16);
            let action = match k % 3 {
                0 => s.view().messages.first().map(|m| Action::Drop(m.id)),
                1 => Some(Action::Pause(node)),
                _ => Some(Action::Resume(NodeId(((k - 1) % 3) as u16))),
            };
            action.map(|a| s.act(a));
        }
        s.advance_to(1_500_000, 1_000_000);
        let (before, digest) = (delays(&s), s.digest());
        for edit in
            [Edit::Off(0), Edit::On(0), Edit::Move { entry: 4, at: 123_456 }, Edit::Remove(1)]
        {
            s.edit(edit).expect("there are as many");
            let after = delays(&s);
            let both = after.iter().filter(|(id, _)| before.contains_key(id)).count();
            assert!(both * 2 > before.len(), "{}: only {both} messages in both", scene.id);
            for (id, delay) in after {
                let known = before.get(&id).copied().unwrap_or(delay);
                assert_eq!(known, delay, "{} {edit:?} {id:?}", scene.id);
            }
            if edit == Edit::On(0) {
                assert_eq!(s.digest(), digest, "{}: off and on again", scene.id);
            }
        }
    }
}

/// Whatever it is given, the decoder answers in one sentence; its work is linear in a text of bounded
/// length.
#[test]
fn the_decoder_answers_noise_with_a_sentence() {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for seed in 0..400u64 {
        let long = if seed % 10 == 0 { 64 * 1024 } else { pick(seed, 0, 2_000) };
        let letter = |k| LETTERS[pick(seed, k, 64) as usize] as char;
        let text: String = (1..long).map(letter).collect();
        for version in ['1', '2', '3'] {
            let why = Link::decode(&format!("#s={version}{text}")).expect_err("noise");
            assert!(!why.is_empty() && why.len() < 200 && !why.contains('\n'), "{why}");
        }
    }
}

#[test]
fn the_last_branch_stays_and_children_find_a_parent() {
    let mut s = session(&CATALOG[0], 1);
    assert_eq!(s.delete(0).unwrap_err(), "the only branch cannot be deleted");
    s.advance_to(500_000, 100_000);
    s.fork();
    s.advance_to(600_000, 100_000);
    s.fork();
    assert_eq!(s.branches()[2].parent.map(|(p, _)| p), Some(1));
    let digest = s.digest();
    s.delete(1).expect("one of three");
    assert_eq!(s.branches()[1].parent.map(|(p, _)| p), Some(0));
    assert_eq!((s.current(), s.digest()), (1, digest));
    s.rename(1, "  a\u{7} name ");
    assert_eq!(s.branch().name, "a name");
    s.fork();
    assert_eq!(s.branch().name, "branch 2");
}

/// What has to be fetched before a link is decoded is read without it.
#[test]
fn a_link_names_its_scene_before_the_scene_is_at_hand() {
    for scene in CATALOG {
        let setup = Setup { scene: scene.id.into(), seed: 3, ..Setup::default() };
        let fragment = Link::new(setup, Vec::new()).fragment();
        assert_eq!(Link::scene_of(&fragment).as_deref(), Ok(scene.id));
        assert_eq!(
            Link::scene_of(&format!("https://x.test/a/{fragment}")).as_deref(),
            Ok(scene.id)
        );
    }
    let why = Link::scene_of("#s=1AAAA").unwrap_err();
    assert!(why.contains("cut short"), "{why}");
    assert_eq!(Link::scene_of("#raft").unwrap_err(), "this is not a link to a run");
}
