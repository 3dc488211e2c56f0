//! A hand-made world for tests: five servers of which one has been cut off with another, a crashed
//! and rebooted one, two clients, messages of several kinds.

use crate::core::action::{Action, Call, CrashMode};
use crate::core::ids::{MsgId, NodeId, NodeSet, OpId};
use crate::core::protocol::CallName;
use crate::core::trace::Trace;
use crate::core::view::*;
use crate::scene::timeline::BranchLane;
use std::sync::Arc;

pub fn n(i: u16) -> NodeId {
    NodeId(i)
}

pub fn set(all: &[u16]) -> NodeSet {
    all.iter().map(|i| NodeId(*i)).collect()
}

pub fn msg(from: u16, to: u16, nth: u32) -> MsgId {
    MsgId { from: n(from), to: n(to), nth }
}

pub fn look(name: &'static str, family: Family, reply: bool) -> MessageLook {
    MessageLook { name, family, reply, negative: false, epoch: Some(3) }
}

fn server(i: u16, role: &str, border: Border, epoch: u64) -> NodeView {
    NodeView {
        id: n(i),
        name: format!("S{}", i + 1).into(),
        shape: NodeShape::Server,
        place: None,
        status: Status::Up,
        look: Arc::new(NodeLook {
            role: role.into(),
            border,
            glyph: match border {
                Border::Double => "L".into(),
                Border::Dashed => "C".into(),
                _ => String::new(),
            },
            epoch: Some(epoch),
            badge: format!("term {epoch}"),
            durable: vec![
                ("currentTerm".into(), epoch.to_string()),
                ("votedFor".into(), "S1".into()),
            ],
            volatile: vec![("commitIndex".into(), "4".into())],
            ballots: Vec::new(),
        }),
        log: Some(Arc::new(log(epoch, i))),
        safe: (i == 4).then_some(4),
        timers: Vec::new(),
        skew: 0,
        drift: 0,
        syncing: false,
        trays: Arc::default(),
        ruler: None,
        inbox: 0,
        lies: false,
        waiting: None,
    }
}

fn log(epoch: u64, i: u16) -> LogView {
    let cell = |text: &str, epoch| Cell { text: text.into(), epoch };
    let mut cells = vec![cell("x1", 1), cell("y2", 1), cell("x3", 2), cell("z1", 2)];
    cells.push(if epoch == 3 { cell("\u{b7}", 3) } else { cell("y9", 2) });
    if i == 0 {
        cells.push(cell("x7", 3));
    }
    LogView { first: 1, cells, committed: if i == 0 { 5 } else { 4 } }
}

fn client(i: u16, name: &str, waiting: Option<&str>) -> NodeView {
    NodeView {
        shape: NodeShape::Client,
        place: None,
        name: name.into(),
        look: Arc::default(),
        log: None,
        waiting: waiting.map(Into::into),
        ..server(i, "", Border::Single, 0)
    }
}

fn fly(id: MsgId, look: MessageLook, sent_at: u64, due: u64) -> MessageView {
    MessageView {
        id,
        look,
        sent_at,
        due,
        doomed: false,
        held: false,
        docked: false,
        twin: false,
        forged: false,
    }
}

pub const NOW: u64 = 1_560_000;

/// The world of the pictures: S3 still leads S4 behind a wall, S1 leads the rest.
pub fn view() -> WorldView {
    let election =
        |set_at, due| TimerView { name: "election".into(), code: 0, set_at, due: Some(due) };
    let mut nodes = vec![
        server(0, "Leader", Border::Double, 3),
        server(1, "Follower", Border::Single, 3),
        server(2, "Leader", Border::Double, 2),
        server(3, "Follower", Border::Single, 2),
        server(4, "Follower", Border::Single, 3),
        client(5, "A", Some("put x=7")),
        client(6, "B", Some("put y=9")),
    ];
    nodes[1].timers = vec![election(1_500_000, 1_720_000)];
    nodes[3].timers = vec![election(1_400_000, 1_610_000)];
    nodes[4].timers = vec![election(1_540_000, 1_760_000)];
    Arc::make_mut(&mut nodes[0].look).ballots = vec![(n(0), true), (n(1), true), (n(4), true)];
    let append = |a: u16, b: u16, nth| {
        fly(msg(a, b, nth), look("AppendEntries", Family::Replicate, false), 1_553_000, 1_565_000)
    };
    let doomed = |m: MessageView| MessageView { doomed: true, ..m };
    let mut messages = vec![
        append(0, 1, 7),
        append(0, 4, 7),
        doomed(append(0, 3, 9)),
        doomed(append(2, 0, 9)),
        append(2, 3, 30),
        fly(msg(4, 0, 8), look("AppendEntriesReply", Family::Ack, true), 1_550_000, 1_560_600),
        fly(msg(6, 2, 0), look("put", Family::Client, false), 1_552_000, 1_566_000),
    ];
    messages.sort_by_key(|m| m.id);
    let (left, right) = ([2u16, 3, 6], [0u16, 1, 4, 5]);
    let cut = |a: &u16, b: &u16| LinkView { from: n(*a), to: n(*b), cut: true, loss: 0, delay: 0 };
    let mut links: Vec<LinkView> =
        left.iter().flat_map(|a| right.iter().flat_map(move |b| [cut(a, b), cut(b, a)])).collect();
    links.sort_by_key(|l| (l.from, l.to));
    WorldView {
        now: NOW,
        step: trace().len(),
        nodes,
        messages,
        links,
        groups: Some(vec![set(&left), set(&right)]),
        verdicts: Vec::new(),
        facts: Vec::new(),
        committed: Some(5),
        ring: None,
        axis: None,
        manual: false,
    }
}

/// Everything that can be wrong with a node or link, at once.
pub fn troubled() -> WorldView {
    let mut v = view();
    v.groups = None;
    v.links = vec![
        LinkView { from: n(0), to: n(1), cut: true, loss: 0, delay: 0 },
        LinkView { from: n(1), to: n(2), cut: true, loss: 0, delay: 0 },
        LinkView { from: n(2), to: n(1), cut: true, loss: 0, delay: 0 },
        LinkView { from: n(3), to: n(4), cut: false, loss: 200_000, delay: 0 },
        LinkView { from: n(0), to: n(4), cut: false, loss: 0, delay: 30_000 },
    ];
    v.nodes[1].status = Status::Crashed;
    Arc::make_mut(&mut v.nodes[1].look).role = "Crashed".into();
    v.nodes[2].status = Status::Paused;
    v.nodes[2].inbox = 3;
    v.nodes[3].status = Status::Slow;
    v.nodes[3].syncing = true;
    let look = Arc::make_mut(&mut v.nodes[3].look);
    (look.epoch, look.badge) = (Some(11), "term 11".into());
    (look.border, look.role) = (Border::Dashed, "Candidate".into());
    look.ballots = vec![(n(3), true), (n(2), true), (n(4), false)];
    v.nodes[4].skew = 50_000;
    v.nodes[4].lies = true;
    for m in &mut v.messages {
        m.doomed = false;
    }
    v.messages[0].twin = true;
    v.messages[1].forged = true;
    v.messages[2].held = true;
    v.messages[3].docked = true;
    v
}

/// A long log with a snapshot, and another node far behind.
pub fn long_log() -> WorldView {
    let mut v = view();
    for (i, node) in v.nodes.iter_mut().enumerate().take(5) {
        let first = if i == 1 { 26 } else { 12 };
        let cells = (first..=30 - 2 * i as u64)
            .map(|k| Cell { text: format!("k{}={}", k % 4, k * 7), epoch: k / 3 })
            .collect();
        node.log = Some(Arc::new(LogView { first, cells, committed: 27 - i as u64 }));
    }
    v.nodes[3].status = Status::Crashed;
    v.committed = Some(27);
    v
}

/// A message of every family, there and back, between neighbours.
pub fn families(n: u16) -> Vec<MessageView> {
    use Family::*;
    let all =
        [Vote, Replicate, Ack, Heartbeat, Commit, Client, Snapshot, Gossip, ViewChange, Token];
    let mut out = Vec::new();
    for (i, family) in all.into_iter().enumerate() {
        let (a, b) = (i as u16 % n, (i as u16 + 1 + i as u16 / n) % n);
        let there = look("There", family, false);
        let back = MessageLook { negative: i % 2 == 0, ..look("Back", family, true) };
        out.push(fly(msg(a, b, 0), there, NOW - 5_000, NOW + 6_000));
        out.push(fly(msg(b, a, 0), back, NOW - 5_000, NOW + 3_000));
    }
    out.sort_by_key(|m| m.id);
    out
}

/// What clients may ask.
pub const CALLS: &[CallName] = &[
    CallName { name: "get", key: true, value: false, arg: false },
    CallName { name: "put", key: true, value: true, arg: false },
];

/// A run with a branch.
pub fn lanes() -> Vec<BranchLane> {
    let lane = |id, from, to| BranchLane { id, parent: 0, from, to, name: format!("branch {id}") };
    vec![lane(0, 0, 1_900_000), lane(1, 1_100_000, 2_100_000), lane(2, 1_400_000, 1_700_000)]
}

/// Records a run as an engine would: causality is counted here, nothing else is simulated.
pub struct Recorder {
    pub trace: Trace,
    known: Vec<Vec<u32>>,
    stamps: crate::core::sorted::SortedMap<MsgId, Arc<[u32]>>,
    counts: crate::core::sorted::SortedMap<(u16, u16), u32>,
    pending: Vec<(u64, u64, MsgId, Option<Loss>)>,
    order: u64,
}

impl Recorder {
    pub fn new(nodes: usize) -> Self {
        Recorder {
            trace: Trace::default(),
            known: vec![vec![0; nodes]; nodes],
            stamps: Default::default(),
            counts: Default::default(),
            pending: Vec::new(),
            order: 0,
        }
    }

    /// An event at a node, with messages to others: (to, look, delay, lost).
    pub fn event(
        &mut self,
        at: u64,
        node: Option<u16>,
        what: What,
        notes: &[&'static str],
        sent: &[(u16, MessageLook, u64, Option<Loss>)],
        ops: Vec<OpStep>,
    ) -> u64 {
        let stamp: Arc<[u32]> = match node {
            None => Arc::from([]),
            Some(i) => {
                if let What::Receive(id) = &what {
                    for (mine, theirs) in
                        self.known[usize::from(i)].iter_mut().zip(self.stamps[id].iter())
                    {
                        *mine = (*mine).max(*theirs);
                    }
                }
                self.known[usize::from(i)][usize::from(i)] += 1;
                Arc::from(self.known[usize::from(i)].as_slice())
            }
        };
        let mut list = Vec::new();
        for (to, look, delay, lost) in sent {
            let from = node.unwrap_or(0);
            let nth = self.counts.entry((from, *to)).or_insert(0);
            let id = msg(from, *to, *nth);
            *nth += 1;
            let due = at + if lost.is_some() { delay / 2 } else { *delay };
            self.stamps.insert(id, stamp.clone());
            self.order += 1;
            self.pending.push((due, self.order, id, *lost));
            list.push(Sent { id, look: Arc::new(look.clone()), due });
        }
        let step = self.trace.len() + 1;
        self.trace.push(Event {
            step,
            at,
            node: node.map(NodeId),
            what,
            forced: false,
            notes: notes.to_vec().into(),
            sent: list.into(),
            ops: ops.into(),
            stamp,
            broken: Vec::new().into(),
        });
        step
    }

    /// The next arrival or loss not later than a time.
    pub fn due(&mut self, until: u64) -> Option<(u64, MsgId, Option<Loss>)> {
        self.pending.sort_by_key(|p| (p.0, p.1));
        if self.pending.first()?.0 > until {
            return None;
        }
        let (at, _, id, lost) = self.pending.remove(0);
        Some((at, id, lost))
    }
}

/// The run of the pictures, from 0.86 s to 1.56 s.
pub fn trace() -> Trace {
    let mut r = Recorder::new(7);
    let side = |i: u16| matches!(i, 2 | 3 | 6);
    let lost = |a: u16, b: u16| (side(a) != side(b)).then_some(Loss::Cut);
    let append = || look("AppendEntries", Family::Replicate, false);
    let call = |f, key, value| Call { f, key, value, arg: 0 };
    let op = |client: u16, nth| OpId { client: n(client), nth };
    for i in 0..5 {
        r.event(850_000 + u64::from(i) * 500, Some(i), What::Boot, &[], &[], vec![]);
    }
    r.event(
        858_000,
        Some(5),
        What::Boot,
        &[],
        &[],
        vec![OpStep::Invoke { op: op(5, 0), process: 5, call: call(1, 2, 1) }],
    );
    let act = |a| What::Act(Box::new(a));
    r.event(
        880_000,
        None,
        act(Action::Partition(vec![set(&[2, 3, 6]), set(&[0, 1, 4, 5])])),
        &[],
        &[],
        vec![],
    );
    let mut todo: Vec<(u64, u16, u8)> = (0..7).map(|k| (920_000 + k * 100_000, 2, 0)).collect();
    todo.push((1_180_000, 0, 1));
    todo.extend((0..2).map(|k| (1_363_000 + k * 100_000, 0, 2)));
    todo.push((1_000_000, 5, 3));
    todo.push((1_020_000, 5, 4));
    todo.push((1_080_000, 6, 5));
    todo.push((1_300_000, 1, 6));
    todo.push((1_440_000, 1, 7));
    todo.push((1_400_000, 4, 8));
    todo.push((1_480_000, 4, 9));
    todo.push((1_500_000, 5, 10));
    todo.push((NOW, 0, 99));
    todo.sort();
    let mut votes = 0;
    for (at, i, kind) in todo {
        while let Some((t, id, why)) = r.due(at) {
            if let Some(why) = why {
                r.event(t, None, What::Lost { msg: id, why }, &[], &[], vec![]);
                continue;
            }
            let look = r.trace.messages.iter().find(|p| p.id == id).map(|p| (*p.look).clone());
            let look = look.unwrap_or_default();
            let (me, from) = (id.to.0, id.from.0);
            let (mut notes, mut sent) = (vec![], vec![]);
            if !look.reply {
                let reply = self::look("Reply", look.family, true);
                sent.push((from, reply, 36_000, lost(me, from)));
            } else if look.family == Family::Vote {
                votes += 1;
                if votes == 2 {
                    notes.push("BecomeLeader");
                    for to in 1..5 {
                        sent.push((to, append(), 32_000 + u64::from(to) * 3_000, lost(me, to)));
                    }
                }
            }
            r.event(t, Some(me), What::Receive(id), &notes, &sent, vec![]);
        }
        let everyone = |from: u16, look: &MessageLook| -> Vec<_> {
            (0..5)
                .filter(|to| *to != from)
                .map(|to| (to, look.clone(), 30_000 + u64::from(to) * 6_000, lost(from, to)))
                .collect()
        };
        match kind {
            0 | 2 => {
                let what = What::Timer { code: 1, name: "heartbeat" };
                r.event(at, Some(i), what, &[], &everyone(i, &append()), vec![]);
            }
            1 => {
                let vote = look("RequestVote", Family::Vote, false);
                let what = What::Timer { code: 0, name: "election" };
                r.event(at, Some(i), what, &["Timeout"], &everyone(i, &vote), vec![]);
            }
            3 => {
                r.event(
                    at,
                    Some(i),
                    What::Dock,
                    &[],
                    &[],
                    vec![OpStep::Ok { op: op(5, 0), value: None }],
                );
            }
            4 => {
                let invoke = OpStep::Invoke { op: op(5, 1), process: 5, call: call(0, 0, 0) };
                r.event(at, Some(i), What::Dock, &[], &[], vec![invoke]);
            }
            5 => {
                let invoke = OpStep::Invoke { op: op(6, 0), process: 6, call: call(1, 1, 9) };
                r.event(at, Some(i), What::Dock, &[], &[], vec![invoke]);
            }
            6 => {
                r.event(
                    at,
                    Some(1),
                    act(Action::Crash { node: n(1), mode: CrashMode::Process }),
                    &[],
                    &[],
                    vec![],
                );
            }
            7 => {
                r.event(at, Some(1), act(Action::Restart(n(1))), &[], &[], vec![]);
            }
            8 => {
                r.event(at, Some(4), act(Action::Pause(n(4))), &[], &[], vec![]);
            }
            9 => {
                r.event(at, Some(4), act(Action::Resume(n(4))), &[], &[], vec![]);
            }
            10 => {
                let end = OpStep::Ok { op: op(5, 1), value: Some("3".into()) };
                let next = OpStep::Invoke { op: op(5, 2), process: 5, call: call(1, 0, 7) };
                r.event(at, Some(i), What::Dock, &[], &[], vec![end, next]);
            }
            _ => {}
        }
    }
    r.trace
}
