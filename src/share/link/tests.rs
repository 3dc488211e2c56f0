use super::format::{CHECKSUM, checksum};
use super::*;
use crate::core::action::{Call, CrashMode, DiskChange, Fsync, Lie, LinkChange};
use crate::core::ids::NodeSet;
use crate::core::random::{Stream, below, draw};
use crate::protocols::CATALOG;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use expect_test::expect;
use proptest::prelude::*;

fn node() -> impl Strategy<Value = NodeId> {
    (0..9u16).prop_map(NodeId)
}

fn nodes() -> impl Strategy<Value = NodeSet> {
    any::<u8>().prop_map(|bits| NodeSet(bits.into()))
}

fn message() -> impl Strategy<Value = MsgId> {
    (node(), node(), any::<u32>()).prop_map(|(from, to, nth)| MsgId { from, to, nth })
}

fn mode() -> impl Strategy<Value = CrashMode> {
    (0..3, any::<u8>()).prop_map(|(m, kept)| match m {
        0 => CrashMode::Process,
        1 => CrashMode::Os { kept },
        _ => CrashMode::Torn { kept },
    })
}

fn quality() -> impl Strategy<Value = LinkChange> {
    (0..7, any::<u32>()).prop_map(|(kind, n)| match kind {
        0 => LinkChange::Loss(n),
        1 => LinkChange::Duplication(n),
        2 => LinkChange::Reordering(n),
        3 => LinkChange::Delay(n),
        4 => LinkChange::Fifo(n % 2 == 0),
        5 => LinkChange::Bandwidth(n),
        _ => LinkChange::Reset,
    })
}

fn on_messages() -> impl Strategy<Value = Action> {
    prop_oneof![
        message().prop_map(Action::Deliver),
        message().prop_map(Action::Drop),
        message().prop_map(Action::Duplicate),
        message().prop_map(Action::Hold),
        message().prop_map(Action::Release),
        (message(), any::<u16>()).prop_map(|(msg, variant)| Action::Forge { msg, variant }),
    ]
}

fn on_nodes() -> impl Strategy<Value = Action> {
    let clock = (0..3, -1_000_000..1_000_000i32).prop_map(|(kind, n)| match kind {
        0 => ClockChange::Step(i64::from(n) * 1_000),
        1 => ClockChange::Drift(n),
        _ => ClockChange::Freeze(n > 0),
    });
    let disk = (0..5, any::<u32>()).prop_map(|(kind, n)| match kind {
        0 => DiskChange::Fsync(Fsync::Batch),
        1 => DiskChange::Fsync(Fsync::Lies),
        2 => DiskChange::Latency(n),
        _ => DiskChange::LoseTail,
    });
    let lie = prop_oneof![Just(Lie::Silent), Just(Lie::Equivocate), Just(Lie::Honest)];
    prop_oneof![
        (node(), 0..3u32).prop_map(|(node, timer)| Action::Fire { node, timer }),
        (node(), mode()).prop_map(|(node, mode)| Action::Crash { node, mode }),
        (node(), any::<u8>(), mode()).prop_map(|(node, effects, mode)| Action::CrashAfter {
            node,
            effects,
            mode
        }),
        node().prop_map(Action::Restart),
        node().prop_map(Action::Pause),
        node().prop_map(Action::Resume),
        (node(), any::<u32>()).prop_map(|(node, us)| Action::Slow { node, us }),
        (node(), clock).prop_map(|(node, change)| Action::Clock { node, change }),
        (node(), disk).prop_map(|(node, change)| Action::Disk { node, change }),
        (node(), lie).prop_map(|(node, policy)| Action::Lie { node, policy }),
        (node(), prop::collection::vec(any::<u8>(), 0..4))
            .prop_map(|(node, picks)| Action::Choose { node, picks }),
    ]
}

fn on_network() -> impl Strategy<Value = Action> {
    prop_oneof![
        (nodes(), nodes()).prop_map(|(from, to)| Action::Cut { from, to }),
        (nodes(), nodes()).prop_map(|(from, to)| Action::Heal { from, to }),
        prop::collection::vec(nodes(), 0..3).prop_map(Action::Partition),
        Just(Action::HealAll),
        (nodes(), nodes(), quality()).prop_map(|(from, to, change)| Action::Link {
            from,
            to,
            change
        }),
        any::<bool>().prop_map(Action::Manual),
        (node(), prop::option::of(node()), 0..4u8, any::<u32>(), any::<i64>()).prop_map(
            |(client, to, f, key, value)| Action::Invoke {
                client,
                to,
                call: Call { f, key, value, arg: -value / 2 }
            }
        ),
    ]
}

fn journal() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (0..3_000_000u64, prop_oneof![on_messages(), on_nodes(), on_network()]);
    prop::collection::vec(entry, 0..40).prop_map(|entries| {
        let mut at = 0;
        let mut each = |(since, action)| {
            at += since;
            Entry { at, action }
        };
        entries.into_iter().map(&mut each).collect()
    })
}

/// A setup of any scene with some knobs turned within their bounds.
fn setup() -> impl Strategy<Value = Setup> {
    (any::<u64>(), any::<u64>(), 0..5u64).prop_map(|(pick, seed, turned)| {
        let roll = |k, n: usize| below(draw(pick, Stream::Nemesis, k), n as u64) as usize;
        let scene = &CATALOG[roll(0, CATALOG.len())];
        let mut setup = Setup { scene: scene.id.into(), seed, ..Setup::default() };
        if roll(1, 2) == 1 {
            setup.preset = scene.presets[roll(2, scene.presets.len())].id.into();
        }
        let info = scene.info_of(&setup.preset);
        for k in 0..turned {
            let knob = &info.knobs[roll(10 + 2 * k, info.knobs.len())];
            let span = (knob.max - knob.min + 1).min(1_000) as usize;
            setup.knobs.insert(knob.id.into(), knob.min + roll(11 + 2 * k, span) as i64);
        }
        if roll(3, 2) == 1 && !info.mutants.is_empty() {
            setup.mutants.insert(info.mutants[roll(4, info.mutants.len())].id.into());
        }
        setup
    })
}

fn selection() -> impl Strategy<Value = Option<Selection>> {
    prop::option::of(prop_oneof![
        node().prop_map(Selection::Node),
        message().prop_map(Selection::Message),
        any::<u64>().prop_map(Selection::Step),
        (node(), any::<u32>()).prop_map(|(client, nth)| Selection::Op(OpId { client, nth })),
        (node(), any::<u32>()).prop_map(|(node, code)| Selection::Timer { node, code }),
        (node(), node()).prop_map(|(a, b)| Selection::Link { a, b }),
        (node(), any::<u64>()).prop_map(|(node, index)| Selection::Entry { node, index }),
        any::<u16>().prop_map(Selection::Property),
    ])
}

prop_compose! {
    fn view()(
        selection in selection(),
        panels in any::<u16>(),
        window in prop::option::of((0..MAX_TIME, 0..MAX_TIME)),
        speed in -300..100i16,
        beside in prop::option::of(0..4u16),
        cue in prop::option::of(("[a-z0-9-]{1,20}", any::<u16>())),
    ) -> ViewState {
        let cue = cue.map(|(story, step)| Cue { story, step });
        ViewState { selection, panels, window: window.unwrap_or_default(), speed, beside, cue }
    }
}

/// Branches that leave each other, the journal of the present one taken out.
fn branches() -> impl Strategy<Value = (Vec<Line>, u16)> {
    let line = ("[ -~é]{1,20}", journal(), journal(), any::<u8>(), any::<u8>(), 0..MAX_STEP);
    (prop::collection::vec(line, 0..4), any::<u8>()).prop_map(|(raw, pick)| {
        let mut lines: Vec<Line> = Vec::new();
        for (i, (name, mut journal, off, from, shared, step)) in raw.into_iter().enumerate() {
            let parent = (i > 0).then(|| usize::from(from) % i);
            if let Some(p) = parent {
                let all = &lines[p].journal;
                let mut own = all[..usize::from(shared) % (all.len() + 1)].to_vec();
                let before = own.last().map_or(0, |e: &Entry| e.at);
                own.extend(journal.into_iter().map(|e| Entry { at: e.at + before, ..e }));
                journal = own;
            }
            lines.push(Line { name, parent: parent.map(|p| (p as u16, step)), journal, off });
        }
        let branch = u16::from(pick) % lines.len().max(1) as u16;
        (lines, branch)
    })
}

prop_compose! {
    fn link()(
        setup in setup(),
        own in journal(),
        (mut branches, branch) in branches(),
        cursor in 0..MAX_STEP,
        time in 0..MAX_TIME,
        view in view(),
    ) -> Link {
        let journal = match branches.get_mut(usize::from(branch)) {
            Some(line) => std::mem::take(&mut line.journal),
            None => own,
        };
        Link { setup, journal, cursor, time, view, branches, branch }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_is_written_is_read(link in link()) {
        prop_assert_eq!(Link::decode(&link.encode()), Ok(link.clone()));
        let address = format!("https://example.org/raft/{}", link.fragment());
        prop_assert_eq!(Link::decode(&address), Ok(link.clone()));
        let json = serde_json::to_string(&link).unwrap();
        prop_assert_eq!(serde_json::from_str::<Link>(&json).unwrap(), link);
    }

    #[test]
    fn every_cut_and_every_typing_error_is_noticed(link in link(), at in any::<prop::sample::Index>()) {
        let text = link.encode();
        let at = 1 + at.index(text.len() - 1);
        let cut = Link::decode(&text[..at]);
        prop_assert!(cut.unwrap_err().starts_with("this link was cut short or mistyped"));
        let mut typo = text.clone().into_bytes();
        typo[at] = if typo[at] == b'A' { b'B' } else { b'A' };
        prop_assert!(Link::decode(std::str::from_utf8(&typo).unwrap()).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Link::decode(&text);
        for version in ['1', '2'] {
            let _ = Link::decode(&format!("{version}{text}"));
            let _ = Link::decode(&sealed(version, &bytes));
        }
    }

    /// A true body with some bytes changed and its checksum made right again.
    #[test]
    fn no_forgery_makes_it_panic(
        link in link(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let text = link.encode();
        let mut bytes = URL_SAFE_NO_PAD.decode(&text[1..]).unwrap();
        bytes.truncate(bytes.len() - CHECKSUM);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let version = text.chars().next().unwrap();
        let _ = Link::decode(&sealed(version, &bytes));
    }
}

fn sealed(version: char, body: &[u8]) -> String {
    let mut bytes = body.to_vec();
    bytes.extend(checksum(version, body));
    format!("{version}{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn message_of(from: u16, to: u16, nth: u32) -> MsgId {
    MsgId { from: NodeId(from), to: NodeId(to), nth }
}

fn typical() -> Link {
    let servers = |bits| NodeSet(bits);
    let acts = [
        (812_345, Action::Crash { node: NodeId(2), mode: CrashMode::Process }),
        (1_400_210, Action::Restart(NodeId(2))),
        (1_700_000, Action::Partition(vec![servers(0b110_0011), servers(0b001_1100)])),
        (1_912_345, Action::Drop(message_of(3, 4, 17))),
        (2_012_345, Action::Duplicate(message_of(4, 3, 12))),
        (2_512_345, Action::HealAll),
        (
            2_600_000,
            Action::Invoke {
                client: NodeId(5),
                to: Some(NodeId(1)),
                call: Call { f: 1, key: 0, value: 42, arg: 0 },
            },
        ),
        (3_000_000, Action::Fire { node: NodeId(4), timer: 0 }),
    ];
    let setup = Setup {
        scene: "raft".into(),
        preset: "paper".into(),
        knobs: [("net.loss".to_string(), 20_000), ("raft.noop".to_string(), 0)].into(),
        mutants: ["short-quorum".to_string()].into(),
        seed: 7,
    };
    Link {
        setup,
        journal: acts.into_iter().map(|(at, action)| Entry { at, action }).collect(),
        cursor: 431,
        time: 3_250_000,
        view: ViewState {
            selection: Some(Selection::Node(NodeId(4))),
            panels: 5,
            ..ViewState::default()
        },
        ..Link::default()
    }
}

/// Chat programs, mail and search engines add to addresses, or escape parts of them.
#[test]
fn a_link_opens_with_what_programs_make_of_it() {
    for link in [typical(), branched()] {
        let text = link.encode();
        let address = format!("https://example.org/raft/#s={text}");
        let appended = [
            "",
            ")",
            ".",
            ",",
            "&fbclid=IwAR0x_y-z.A",
            ">",
            "\"",
            "'",
            "]",
            ";",
            "!",
            "?",
            "...",
            "**",
            "_",
            "__",
            "-",
            ").",
            "&utm_source=a#b",
            "#part",
            " and more",
            "\u{a0}",
            "\u{200b}",
            "\r\n",
            "/",
            "|",
            "&#s=1AAAA",
            "…",
            "%29",
            "%20",
            "%",
            "%zz",
        ];
        for tail in appended {
            for head in [&address[..], &text, &format!("#s={text}"), &format!("s={text}")] {
                assert_eq!(
                    Link::decode(&format!("{head}{tail}")),
                    Ok(link.clone()),
                    "{head}{tail}"
                );
            }
        }
        for escaped in [
            format!("<{address}>"),
            format!("https://example.org/raft/#s%3D{text}"),
            format!("https://example.org/raft/#s%3d{text}&x=1"),
            format!("https://example.org/raft/%23s%3D{text}"),
            format!("https://example.org/raft/%2523s%253D{text}"),
            format!("https://example.org/r\u{e9}/?q=%C3%A9#s={text}"),
            format!("https%3A%2F%2Fexample.org%2Fraft%2F%23s%3D{text}%29"),
            text.bytes().map(|b| format!("%{b:02X}")).collect(),
        ] {
            assert_eq!(Link::decode(&escaped), Ok(link.clone()), "{escaped}");
        }
    }
}

/// What a page holds after a while: a branch, an entry switched off, its own view.
fn branched() -> Link {
    let mut link = typical();
    let whole = link.journal.clone();
    link.branches = vec![
        Line { name: "main".into(), journal: whole[..3].to_vec(), ..Line::default() },
        Line {
            name: "without the drop".into(),
            parent: Some((0, 210)),
            journal: Vec::new(),
            off: vec![whole[3].clone()],
        },
    ];
    link.branch = 1;
    link.view = ViewState {
        selection: Some(Selection::Timer { node: NodeId(1), code: 0 }),
        panels: 1,
        window: (3_000_000, 400_000),
        speed: -170,
        beside: Some(0),
        cue: Some(Cue { story: "leader".into(), step: 3 }),
    };
    link
}

/// Links that are out in the world; they may never be changed here.
const GOLDEN_1: [&str; 2] = [
    "1BHJhZnQFcGFwZXICCG5ldC5sb3NzwLgCCXJhZnQubm9vcAABDHNob3J0LXF1b3J1bQcIucoxBwIA2fAjCQKOphIPAmMc-foMAQMEEaCNBgIEAwygwh4Q56wFFQUBAQEAVACAtRgGBACvA9CuxgEBAAQF6BAB2w",
    "1B2xhbXBvcnQAAAABAAAAAABxNt3t",
];

#[test]
fn links_of_format_1_open_for_ever() {
    let plain = Link::new(Setup { scene: "lamport".into(), seed: 1, ..Setup::default() }, vec![]);
    assert_eq!(Link::decode(GOLDEN_1[0]), Ok(typical()));
    assert_eq!(Link::decode(GOLDEN_1[1]), Ok(plain.clone()));
    assert_eq!([typical().encode(), plain.encode()], GOLDEN_1);
    assert!(GOLDEN_1[0].len() < 300, "{} characters", GOLDEN_1[0].len());
}

const GOLDEN_2: &str = "2BHJhZnQFcGFwZXICCG5ldC5sb3NzwLgCCXJhZnQubm9vcAABDHNob3J0LXF1b3J1bQcCAAAAA7nKMQcCANnwIwkCjqYSDwJjHAAQd2l0aG91dCB0aGUgZHJvcAEA0gEDBfn6DAEDBBGgjQYCBAMMoMIeEOesBRUFAQEBAFQAgLUYBgQAAZncdAEDBBEBrwPQrsYBAQQBAAHAjbcBgLUY0wIBAAEGbGVhZGVyA6vZ1Vw";

#[test]
fn links_of_format_2_open_for_ever() {
    assert_eq!(branched().encode(), GOLDEN_2);
    assert_eq!(Link::decode(GOLDEN_2), Ok(branched()));
    assert!(GOLDEN_2.len() < 300, "{} characters", GOLDEN_2.len());
}

/// Every kind of action, so that none may be renumbered.
#[test]
fn actions_keep_their_numbers() {
    let (a, b) = (NodeSet(1), NodeSet(6));
    let (m, node) = (message_of(0, 1, 2), NodeId(1));
    let (mode, change) = (CrashMode::Os { kept: 1 }, LinkChange::Loss(1));
    let all = [
        Action::Deliver(m),
        Action::Drop(m),
        Action::Duplicate(m),
        Action::Hold(m),
        Action::Release(m),
        Action::Forge { msg: m, variant: 0 },
        Action::Fire { node, timer: 1 },
        Action::Crash { node, mode },
        Action::CrashAfter { node, effects: 2, mode: CrashMode::Torn { kept: 0 } },
        Action::Restart(node),
        Action::Pause(node),
        Action::Resume(node),
        Action::Slow { node, us: 9 },
        Action::Cut { from: a, to: b },
        Action::Heal { from: a, to: b },
        Action::Partition(vec![a, b]),
        Action::HealAll,
        Action::Link { from: a, to: b, change },
        Action::Clock { node, change: ClockChange::Step(-3) },
        Action::Disk { node, change: DiskChange::LoseTail },
        Action::Lie { node, policy: Lie::Corrupt },
        Action::Invoke {
            client: NodeId(5),
            to: None,
            call: Call { f: 1, key: 2, value: 3, arg: 4 },
        },
        Action::Choose { node, picks: vec![1, 0] },
        Action::Manual(true),
    ];
    let hex = |a: &Action| -> String {
        postcard::to_allocvec(a).unwrap().iter().map(|b| format!("{b:02x}")).collect()
    };
    let text: Vec<String> = all.iter().map(hex).collect();
    expect!["00000102 01000102 02000102 03000102 04000102 0500010200 060101 07010101 0801020200 0901 0a01 0b01 0c0109 0d0106 0e0106 0f020106 10 1101060001 12010005 130102 140103 15050001020608 1601020100 1701"].assert_eq(&text.join(" "));
}

#[test]
fn two_hundred_interventions_stay_under_two_kilobytes() {
    let mut link = typical();
    let pattern = link.journal.clone();
    link.journal = (0..200u64)
        .map(|i| Entry {
            at: i * 150_000,
            action: pattern[i as usize % pattern.len()].action.clone(),
        })
        .collect();
    for view in [ViewState::default(), branched().view] {
        let text = Link { view, ..link.clone() }.encode();
        assert!(text.len() < 2_048, "{} characters", text.len());
    }
}

/// What branches share is said once, so a text cannot stand for much more than it holds.
#[test]
fn no_text_stands_for_too_many_entries() {
    let mut link = typical();
    link.journal = vec![Entry { at: 0, action: Action::HealAll }; MAX_ENTRIES];
    let line = |parent| Line { name: "x".into(), parent, ..Line::default() };
    link.branches = vec![line(None)];
    for i in 1..6 {
        let journal = link.journal.clone();
        link.branches.push(Line { journal, ..line(Some((i - 1, 0))) });
    }
    let text = link.encode();
    assert!(text.len() < MAX_TEXT);
    assert_eq!(Link::decode(&text).unwrap_err(), "the branches have more than 40000 entries");
}

#[test]
fn each_damage_has_its_sentence() {
    let says = |text: &str| Link::decode(text).unwrap_err();
    let text = typical().encode();
    assert_eq!(says(""), "this is not a link to a run");
    assert_eq!(says("https://example.org/"), "this is not a link to a run");
    assert_eq!(says("hello"), "this is not a link to a run");
    assert_eq!(
        says("#s=3AAAA"),
        "this link was made by a newer version (its format is 3, this one reads up to 2)"
    );
    assert_eq!(says(&text[..text.len() - 3]), "this link was cut short or mistyped");
    assert_eq!(says("1ab cd"), "this link was cut short or mistyped: its character 4 is ' '");
    assert_eq!(says(&"1".repeat(MAX_TEXT + 1)), "this link is longer than 64 KB");
    assert_eq!(
        says(&sealed('1', &[0xff; 40])),
        "this link holds something that this version does not know"
    );
    let with = |change: fn(&mut Link)| {
        let mut link = typical();
        change(&mut link);
        says(&link.encode())
    };
    assert_eq!(
        with(|l| l.setup.scene = "rapt".into()),
        format!(
            "there is no scene 'rapt', only {}",
            CATALOG.iter().map(|s| s.id).collect::<Vec<_>>().join(", ")
        )
    );
    assert_eq!(with(|l| l.setup.preset = "etcd-9".into()), "raft has no preset 'etcd-9'");
    assert!(
        with(|l| _ = l.setup.knobs.insert("net.lots".into(), 1))
            .starts_with("raft has no knob 'net.lots', only nodes, clients, ")
    );
    assert_eq!(
        with(|l| _ = l.setup.knobs.insert("nodes".into(), 0)),
        "nodes must lie between 1 and 100, not 0"
    );
    assert!(
        with(|l| _ = l.setup.mutants.insert("no-luck".into()))
            .starts_with("raft has no mutant 'no-luck', only ")
    );
    assert_eq!(with(|l| l.setup.scene = "a b\u{7}".into()), "'a b\\u{7}' is not a name");
    assert_eq!(
        with(|l| l.journal[7].at = u64::MAX),
        "entry 8 of the journal holds a number that is too large"
    );
    assert_eq!(with(|l| l.branch = 3), "there is no branch 3");
    assert_eq!(
        with(|l| {
            l.branches = vec![Line::default(), Line { parent: Some((1, 0)), ..Line::default() }];
        }),
        "branch 2: it leaves what comes after it"
    );
    assert_eq!(
        with(|l| l.journal = vec![Entry { at: 0, action: Action::HealAll }; MAX_ENTRIES + 1]),
        "the journal has 10001 entries, more than 10000"
    );
}

#[test]
fn a_session_opens_where_it_was_left() {
    let mut session = Link { cursor: 0, time: 0, ..typical() }.open().unwrap();
    session.seek_time(2_000_123);
    let link = Link::of(&session, ViewState::default());
    let again = Link::decode(&link.encode()).unwrap().open().unwrap();
    assert_eq!((again.cursor(), again.time()), (session.cursor(), session.time()));
    assert_eq!(again.digest(), session.digest());
}

#[test]
fn a_run_of_any_length_is_kept_but_a_long_one_is_not_computed_at_once() {
    let link = Link { cursor: 3_000_000_000, time: 7, journal: Vec::new(), ..typical() };
    let again = Link::decode(&link.encode()).unwrap();
    assert_eq!(again, link);
    let why = again.open().err().unwrap();
    assert!(why.starts_with("the run stands at step 3000000000: the page opens it"), "{why}");
    let (start, mut going) = again.begin(1 << 20).unwrap();
    assert_eq!((start.cursor(), start.is_under_way()), (0, false));
    assert!(!going.slice(5_000));
    assert_eq!(going.cursor(), 5_000);
    let beyond = Link { cursor: MAX_CURSOR + 1, ..link };
    assert_eq!(
        beyond.check().unwrap_err(),
        "the cursor lies beyond step 4000000000 or the end of time"
    );
}
