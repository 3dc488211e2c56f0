//! How it is looked at.

use super::desc::{place_name, places};
use super::*;
use crate::core::declare::Data;
use crate::core::protocol::{Show, key_name};
use crate::core::view::{
    AxisView, Border, Fact, Family, Lens, MessageLook, NodeLook, RangeView, ReplicaMove,
};

impl Show for Ranges {
    const LENSES: &'static [Lens] = &[Lens::Keys, Lens::History];
    const LANDMARKS: &'static [&'static str] =
        &["Split", "Merge", "Freeze", "AddServer", "BecomeLeaseholder", "Bounce"];

    fn answer(ret: &Ret) -> Option<String> {
        match ret {
            Ret::Done => None,
            Ret::Value(None) => Some("nil".into()),
            Ret::Value(Some(v)) => Some(v.to_string()),
            Ret::Rows { rows, ranges, servers } => {
                let some: Vec<String> =
                    rows.iter().take(4).map(|(k, v)| format!("{}={v}", key_name(*k))).collect();
                let more = if rows.len() > some.len() { " ..." } else { "" };
                Some(format!(
                    "{}{more} ({} of {} on {})",
                    some.join(" "),
                    count(rows.len() as u32, "key"),
                    count(*ranges, "range"),
                    count(*servers, "server")
                ))
            }
        }
    }

    fn node(cfg: &Config, _: &Common, node: &Node<Self>) -> NodeLook {
        let (s, d) = (&node.state, &node.durable);
        let live = || d.replicas.iter().filter(|(_, r)| r.life == Life::Live);
        let leads =
            |id: &RangeId| s.seats.get(id).is_some_and(|s| s.role == ReplicaRole::Leaseholder);
        let word = |id: &RangeId| {
            if *id == META { "meta".into() } else { place_name(cfg, id.start) }
        };
        let replica = |(id, r): (&RangeId, &Arc<RangeReplica>)| {
            let role = match s.seats.get(id).map(|s| s.role) {
                Some(ReplicaRole::Leaseholder) => " leads",
                Some(ReplicaRole::Candidate) => " stands",
                _ => "",
            };
            let frozen = if r.frozen.is_some() { " frozen" } else { "" };
            let keys = r.data.len();
            format!("{} g{} t{} {keys} keys{role}{frozen}", word(id), r.desc.generation, r.term)
        };
        let list = |all: Vec<String>| all.join("; ");
        let led = live().filter(|(id, _)| **id != META && leads(id)).count();
        let kept = live().filter(|(id, _)| **id != META).count();
        let meta = d.replicas.get(&META).is_some_and(|r| r.life == Life::Live);
        let role = match (d.draining, led) {
            (true, _) => "Draining",
            (_, 0) => "Server",
            _ => "Leaseholder",
        };
        let wait =
            |p: &GatewayOp| crate::core::protocol::call_text(Self::CALLS, &Self::call(&p.op));
        let stand =
            |id: &RangeId| s.seats.get(id).is_some_and(|s| s.role == ReplicaRole::Candidate);
        let border = match () {
            () if led > 0 => Border::Double,
            () if live().any(|(id, _)| stand(id)) => Border::Dashed,
            () => Border::Single,
        };
        let pair = |name: &str, text: String| (name.to_string(), text);
        NodeLook {
            role: role.into(),
            border,
            glyph: if meta { "M" } else { "" }.into(),
            epoch: Some(u64::from(node.me.0)),
            badge: format!("{led} of {kept}"),
            durable: vec![
                pair("replicas", kept.to_string()),
                pair("keys", live().map(|(_, r)| r.data.len()).sum::<usize>().to_string()),
                pair("ranges", list(live().map(replica).collect())),
            ],
            volatile: vec![
                pair("leads", led.to_string()),
                pair("asked", s.loads.get(&node.me).map_or(0, |l| l.qps).to_string()),
                pair(
                    "knows",
                    list(
                        s.cache
                            .iter()
                            .map(|c| format!("{} g{}", word(&c.id), c.generation))
                            .collect(),
                    ),
                ),
                pair("waits", list(s.pending.values().map(wait).collect())),
            ],
            ballots: Vec::new(),
        }
    }

    fn message(message: &Message) -> MessageLook {
        let look = message.look();
        match message {
            Message::Group(all) => {
                let weight = |(_, _, rpc): &&(RangeId, u64, Rpc)| match rpc {
                    Rpc::Append { entries, .. } if entries.is_empty() => 1,
                    Rpc::Appended { .. } => 0,
                    _ => 2,
                };
                let Some((_, term, rpc)) = all.iter().max_by_key(weight) else { return look };
                let (name, family, reply, negative) = match rpc {
                    Rpc::Vote { .. } => ("Vote", Family::Vote, false, false),
                    Rpc::Voted { granted } => ("Voted", Family::Vote, true, !granted),
                    Rpc::Append { entries, .. } if entries.is_empty() => {
                        ("Append", Family::Heartbeat, false, false)
                    }
                    Rpc::Append { .. } => ("Append", Family::Replicate, false, false),
                    Rpc::Appended { taken, .. } => ("Appended", Family::Ack, true, !taken),
                    Rpc::Snapshot(_) => ("Snapshot", Family::Snapshot, false, false),
                    Rpc::TimeoutNow => ("TimeoutNow", Family::ViewChange, false, false),
                };
                MessageLook { name, family, reply, negative, epoch: Some(*term) }
            }
            Message::Gone(_) => MessageLook { negative: true, ..look },
            Message::Answer { told: RangeAnswer::Elsewhere(_), .. } => {
                MessageLook { name: "Bounce", negative: true, ..look }
            }
            Message::Answer { told: RangeAnswer::NotLeader(_) | RangeAnswer::No(_), .. } => {
                MessageLook { negative: true, ..look }
            }
            _ => look,
        }
    }

    fn details(message: &Message) -> Vec<(String, String)> {
        let pair = |name: &str, text: String| vec![(name.to_string(), text)];
        let range = |id: &RangeId| {
            if *id == META {
                "meta".into()
            } else {
                format!("from place {}, born {}", id.start, id.born)
            }
        };
        let desc = |d: &Desc| {
            let members: Vec<String> = d.members.iter().map(|m| Self::name(m.0)).collect();
            let (from, to, generation) = (d.id.start, d.end, d.generation);
            format!("places {from} to {to}, generation {generation}, on {}", members.join(" "))
        };
        match message {
            Message::Group(all) => {
                let one = |(id, term, rpc): &(RangeId, u64, Rpc)| {
                    (format!("range {}", range(id)), format!("term {term}: {}", says(rpc)))
                };
                all.iter().map(one).collect()
            }
            Message::Gone(d) | Message::Register(d) => pair("range", desc(d)),
            Message::Ask { range: id, slip, want } => vec![
                ("range".into(), range(id)),
                ("place".into(), slip.place.to_string()),
                ("wants".into(), Data::plain(want).text(Self::name)),
            ],
            Message::Answer { range: id, slip, told } => {
                let told = match told {
                    RangeAnswer::Done => "done".into(),
                    RangeAnswer::Rows { rows, end } => {
                        format!("{}, up to place {end}", count(rows.len() as u32, "row"))
                    }
                    RangeAnswer::No(why) => (*why).into(),
                    RangeAnswer::Elsewhere(all) => all.first().map_or("not here".into(), desc),
                    RangeAnswer::NotLeader(Some(n)) => format!("ask {}", Self::name(n.0)),
                    RangeAnswer::NotLeader(None) => "not now".into(),
                };
                vec![
                    ("range".into(), range(id)),
                    ("place".into(), slip.place.to_string()),
                    ("says".into(), told),
                ]
            }
            Message::Lookup(slip) => pair("place", slip.place.to_string()),
            Message::Found { desc: d, .. } => pair("range", d.as_ref().map_or("none".into(), desc)),
            Message::Registered { range: id, generation } => {
                vec![("range".into(), range(id)), ("generation".into(), generation.to_string())]
            }
            Message::Freeze { range: id, by } => {
                vec![("range".into(), range(id)), ("by".into(), desc(by))]
            }
            Message::Frozen { desc: d, at, .. } => {
                vec![("range".into(), desc(d)), ("at".into(), at.to_string())]
            }
            Message::Over { range: id, at, .. } | Message::WillNot { range: id, at } => {
                vec![("range".into(), range(id)), ("at".into(), at.to_string())]
            }
            Message::Gossip(load) => vec![
                ("requests a second".into(), load.qps.to_string()),
                ("replicas".into(), load.replicas.to_string()),
            ],
        }
    }

    const FACTS: &'static [&'static str] = &[
        "ranges",
        "hottest",
        "no-key-divides",
        "scan",
        "moves",
        "bounced",
        "inserts-apart",
        "availability",
    ];

    fn facts(o: &Observer) -> Vec<Fact> {
        let mut out = vec![Fact::new(
            "ranges",
            format!("{} on the axis", count(o.ranges.len() as u32, "range")),
        )];
        if let Some(share) = (o.heat.rate * 100).checked_div(o.heat.all) {
            let rate = o.heat.rate;
            let text = format!("the hottest range takes {share}% of all requests, {rate} a second");
            out.push(Fact::new("hottest", text));
        }
        if o.heat.unsplittable {
            let text = "no key divides the load of the hottest range";
            out.push(Fact::new("no-key-divides", text));
        }
        if let Some(c) = o.cost {
            let text = format!(
                "the last scan asked {} on {}; on a hash ring it asks all {} servers",
                count(c.ranges, "range"),
                count(c.servers, "server"),
                c.ring
            );
            out.push(Fact::new("scan", text));
        }
        if o.moves > 0 {
            let text = format!("{} under way", count(o.moves, "move"));
            out.push(Fact::new("moves", text));
        }
        if o.bounced > 0 {
            let text = format!(
                "{} bounced off a server that was not in charge",
                count(o.bounced, "request")
            );
            out.push(Fact::new("bounced", text));
        }
        if o.inserts.1 > 0 {
            let text = format!(
                "new highest keys that met another range than the last: {} of {}",
                o.inserts.1, o.inserts.0
            );
            out.push(Fact::new("inserts-apart", text));
        }
        out.extend(o.watch.sentence().map(|text| Fact::new("availability", text)));
        out
    }

    fn axis<'a>(
        cfg: &Config,
        common: &Common,
        o: &Observer,
        nodes: impl FnOnce() -> Vec<&'a Node<Self>>,
    ) -> Option<AxisView> {
        let nodes = nodes();
        let spans = o.ranges.iter().map(|d| range(cfg, d, &nodes)).collect();
        let moves = nodes.iter().flat_map(|n| moves(common, n)).collect();
        let parts = nodes.iter().flat_map(|n| n.state.pending.values());
        let scans = parts.filter(|p| matches!(p.op, Op::Scan { .. })).flat_map(|p| {
            let from =
                |part: &IntervalPart| part.rows.first().map_or(part.at, |r| r.0.min(part.at));
            p.parts.iter().map(move |part| (from(part), part.at, part.to))
        });
        let wrong = |n: &&Node<Ranges>| {
            let old = |d: &&Desc| {
                let known = n.state.cache.find(d.id.start);
                known.is_none_or(|k| (k.id, k.end, k.members) != (d.id, d.end, d.members))
            };
            let all: Vec<_> = o.ranges.iter().filter(old).map(|d| (d.id.start, d.end)).collect();
            (!all.is_empty()).then_some((n.me, all))
        };
        Some(AxisView {
            places: places(cfg),
            buckets: cfg.buckets,
            spans,
            limit: cfg.split_qps,
            moves,
            sweeps: scans.collect(),
            stale: nodes.iter().filter_map(wrong).collect(),
            scan: o.cost.map(|c| (c.ranges, c.servers, c.ring)),
        })
    }
}

fn range(cfg: &Config, d: &Desc, nodes: &[&Node<Ranges>]) -> RangeView {
    let of = |n: &&&Node<Ranges>| {
        n.state.seats.get(&d.id).is_some_and(|s| s.role == ReplicaRole::Leaseholder)
    };
    let term = |n: &&&Node<Ranges>| n.durable.replicas.get(&d.id).map_or(0, |r| r.term);
    let leader = nodes.iter().filter(of).max_by_key(term);
    let best = nodes.iter().filter_map(|n| n.durable.replicas.get(&d.id));
    let best = best.filter(|r| r.life == Life::Live).max_by_key(|r| r.applied);
    let meter = leader.and_then(|n| n.state.seats.get(&d.id)).map(|s| &s.meter);
    let keys = best.map_or(0, |r| r.data.len() as u32);
    RangeView {
        from: d.id.start,
        to: d.end,
        name: place_name(cfg, d.id.start),
        generation: d.generation,
        leader: leader.map(|n| n.me),
        members: d.members.iter().collect(),
        keys,
        size: (u64::from(keys) * u64::from(cfg.item), cfg.max.into()),
        rate: meter.map_or(0, |m| m.rate),
        unsplittable: meter.is_some_and(|m| m.unsplittable),
        frozen: best.is_some_and(|r| r.frozen.is_some()),
    }
}

fn moves(common: &Common, n: &Node<Ranges>) -> Vec<ReplicaMove> {
    let rate = u64::from(common.net.bandwidth);
    let one = |(id, seat): (&RangeId, &RangeSeat)| {
        let Moving { to, from, .. } =
            seat.moving.filter(|_| seat.role == ReplicaRole::Leaseholder)?;
        let keys = n.durable.replicas.get(id)?.data.len() as u64;
        let bytes = if seat.snapshots.contains_key(&to) { 200 + keys * u64::from(ITEM) } else { 0 };
        let left = (rate > 0).then(|| bytes * 1_000_000 / rate.max(1));
        Some(ReplicaMove { range: id.start, by: n.me, to, from, bytes, left })
    };
    n.state.seats.iter().filter_map(one).collect()
}

fn says(rpc: &Rpc) -> String {
    match rpc {
        Rpc::Vote { last, .. } => format!("last entry {} of term {}", last.1, last.0),
        Rpc::Voted { granted: true } => "granted".into(),
        Rpc::Voted { granted: false } => "refused".into(),
        Rpc::Append { prev, entries, commit } => {
            let all: Vec<String> = entries.iter().map(|e| command(&e.command)).collect();
            format!("after {}: [{}], committed {commit}", prev.0, all.join(", "))
        }
        Rpc::Appended { taken: true, index } => format!("has all up to {index}"),
        Rpc::Appended { taken: false, index } => format!("go back to {index}"),
        Rpc::Snapshot(r) => format!("{} at entry {}", count(r.data.len() as u32, "key"), r.applied),
        Rpc::TimeoutNow => "stand for election".into(),
    }
}

fn command(command: &RangeCommand) -> String {
    match command {
        RangeCommand::Noop => "no-op".into(),
        RangeCommand::Read { from, to } => format!("read {from}..{to}"),
        RangeCommand::Write { place, value, .. } => format!("{place}={value}"),
        RangeCommand::Split { at, .. } => format!("split at {at}"),
        RangeCommand::Config(members) => {
            let all: Vec<String> = members.iter().map(|m| Ranges::name(m.0)).collect();
            format!("members {}", all.join(" "))
        }
        RangeCommand::Freeze { .. } => "freeze".into(),
        RangeCommand::Thaw { .. } => "thaw".into(),
        RangeCommand::Merge { right, .. } => format!("merge up to {}", right.end),
        RangeCommand::Abort { .. } => "no merge".into(),
        RangeCommand::Register(d) => format!("register {}..{}", d.id.start, d.end),
    }
}

/// `1 range`, `3 ranges`.
fn count(n: u32, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
