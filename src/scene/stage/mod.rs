//! The cluster: nodes, links, walls and messages on their way, at one moment.

mod flight;
mod links;
mod node;

pub use flight::lost_share;
pub use links::{Lane, Wall};

use super::place::{Grade, Plan};
use super::{Drawing, PicturePart, Size};
use crate::core::ids::{NodeId, NodeSet};
use crate::core::trace::{Relation, Trace};
use crate::core::view::{Layout, NodeShape, Status, WorldView};

/// How long the end of a lost message stays in the picture, in microseconds of the run.
pub const GHOST: u64 = 12_000;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// The world at the last step.
    pub view: &'a WorldView,
    /// The run so far, for what was just lost and for causes; may go on past the view's step.
    pub trace: Option<&'a Trace>,
    /// How the nodes stand.
    pub layout: Layout,
    /// Room.
    pub size: Size,
    /// The step whose past and future are lit.
    pub selected: Option<u64>,
    /// The node that is picked out.
    pub node: Option<NodeId>,
    /// What only an observer knows is shown too.
    pub observer: bool,
    /// Which shapes.
    pub part: PicturePart,
}

impl<'a> Stage<'a> {
    /// A stage for a view, nothing picked out.
    pub fn new(view: &'a WorldView, layout: Layout, size: Size) -> Self {
        let (selected, node, part) = (None, None, PicturePart::All);
        Stage { view, trace: None, layout, size, selected, node, observer: true, part }
    }

    /// The picture at a moment from the view's step on, before the next one.
    pub fn scene(&self, now: u64) -> Drawing {
        let plan = Plan::new(self.view, self.layout, self.size);
        let mut scene = Drawing::new(self.size, "Cluster");
        let out = &mut scene.items;
        if self.part.fixed() {
            let wall = links::wall(self, &plan);
            *out = links::links(self, &plan, wall.is_some());
            out.extend(wall.map(|w| w.draw(&plan, &self.partition())));
        }
        if self.part.moving() {
            flight::trails(self, &plan, now, out);
        }
        if self.part == PicturePart::Moving {
            out.extend(flight::passed(self, &plan));
        }
        for n in 0..self.view.nodes.len() {
            match self.part {
                PicturePart::Moving => out.extend(node::dials(self, &plan, NodeId(n as u16), now)),
                PicturePart::Settled => {}
                _ => out.push(node::draw(self, &plan, NodeId(n as u16), now)),
            }
        }
        if self.part.moving() {
            flight::messages(self, &plan, now, out);
            flight::ghosts(self, &plan, out);
        }
        scene.desc = self.describe();
        scene
    }

    /// How what a step does stands to the selected step; `None` without a selection.
    fn relation(&self, step: u64) -> Option<Relation> {
        let trace = self.trace?;
        Some(Relation::of(trace.event(step)?, trace.event(self.selected?)?))
    }

    /// Is a node's last event in the future of the selected one, and is one of its events in its
    /// past?
    fn cone(&self, node: NodeId) -> (bool, bool) {
        let (Some(trace), Some(step)) = (self.trace, self.selected) else { return (false, false) };
        let Some(centre) = trace.event(step).filter(|e| e.node.is_some()) else {
            return (false, false);
        };
        let past = centre.stamp.get(node.at()).is_some_and(|n| *n > 0) && centre.node != Some(node);
        let known = trace
            .events
            .range(0..self.view.step as usize)
            .rev()
            .take(10_000)
            .find(|e| e.node == Some(node));
        let future = known.is_some_and(|e| Relation::of(e, centre) == Relation::Future);
        (past, future)
    }

    fn describe(&self) -> String {
        let up = |s: Status| {
            let of =
                self.view.nodes.iter().filter(|n| n.shape != NodeShape::Client && n.status == s);
            of.count()
        };
        let mut out = format!("{} running", up(Status::Up) + up(Status::Slow));
        for (n, word) in [(up(Status::Crashed), "crashed"), (up(Status::Paused), "paused")] {
            if n > 0 {
                out.push_str(&format!(", {n} {word}"));
            }
        }
        out.push_str(&format!("; {} messages on their way", self.view.messages.len()));
        if self.view.groups.is_some() || links::one_way(self).is_some() {
            out.push_str("; partition ");
            out.push_str(&self.partition());
        }
        out
    }

    /// `S3 S4 | S1 S2 S5`.
    fn partition(&self) -> String {
        let name = |n: NodeId| self.view.nodes.get(n.at()).map_or("?", |v| &*v.name);
        if let Some(sides) = links::one_way(self) {
            let all = |side: &NodeSet| side.iter().map(name).collect::<Vec<_>>().join(" ");
            return format!(
                "cut from {} to {}, open the other way",
                all(&sides[0]),
                all(&sides[1])
            );
        }
        let groups = self.view.groups.iter().flatten();
        groups
            .map(|g| g.iter().map(name).collect::<Vec<_>>().join(" "))
            .filter(|g| !g.is_empty())
            .collect::<Vec<_>>()
            .join(" | ")
    }
}

/// A share in parts per million, as a person writes it.
pub fn percent(ppm: u32) -> String {
    match (ppm / 10_000, ppm % 10_000) {
        (p, 0) => format!("{p}%"),
        (p, rest) if rest % 1000 == 0 => format!("{p}.{}%", rest / 1000),
        _ => format!("{ppm} ppm"),
    }
}

/// A duration in microseconds, as a person writes it.
pub fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} \u{b5}s"),
        1_000..1_000_000 if us.is_multiple_of(1_000) => format!("{} ms", us / 1_000),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ if us.is_multiple_of(1_000_000) => format!("{} s", us / 1_000_000),
        _ => format!("{}.{:02} s", us / 1_000_000, us % 1_000_000 / 10_000),
    }
}
