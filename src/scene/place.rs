//! Where nodes stand: closed forms of number, layout, size and partition alone, so that nothing moves
//! because the state of a node changed.

mod apart;

use super::Size;
use super::geometry::{Bounded, PX, Point, TURN, sin, times};
use crate::core::ids::NodeId;
use crate::core::view::{Layout, NodeShape, WorldView};

/// How much of a node there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Name, badge, role.
    Card,
    /// Name.
    Circle,
    /// A dot; the name on focus.
    Dot,
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The picture's size.
    pub size: Size,
    /// Thousandths of the drawing at 56 px cards.
    pub scale: i32,
    /// How much of a server is drawn.
    pub grade: Grade,
    /// Side of a server.
    pub unit: i32,
    /// Radius of a client.
    pub client: i32,
    /// The centre of each node.
    pub at: Vec<Point>,
    /// The middle of the servers.
    pub centre: Point,
    /// Roles are written beside the nodes.
    pub labels: bool,
    /// Servers stand on a line, so that links between those further apart are bent.
    pub bent: bool,
}

impl Plan {
    /// Places the nodes of a view.
    pub fn new(view: &WorldView, layout: Layout, size: Size) -> Plan {
        let is_client = |n: &NodeId| view.nodes[n.at()].shape == NodeShape::Client;
        let all = (0..view.nodes.len()).map(|i| NodeId(i as u16));
        let (clients, servers): (Vec<_>, Vec<_>) = all.partition(is_client);
        let side = size.w.min(size.h);
        let scale = (i64::from(side) * 1000 / 4700).bounded(714, 1700) as i32;
        let grade = match servers.len() {
            0..=9 => Grade::Card,
            10..=30 => Grade::Circle,
            _ => Grade::Dot,
        };
        let unit = match grade {
            Grade::Card => 56,
            Grade::Circle => 28,
            Grade::Dot => 10,
        } * PX
            * scale
            / 1000;
        // In a crowd the role is a letter on the node's shoulder.
        let roomy = servers.len() <= 6 || size.w > size.h * 14 / 10;
        let labels = grade == Grade::Card && scale >= 860 && roomy;
        let mut plan = Plan {
            size,
            scale,
            grade,
            unit,
            client: 16 * PX * scale / 1000,
            at: vec![Point::default(); view.nodes.len()],
            centre: Point::new(size.w / 2, size.h / 2),
            labels,
            bent: layout == Layout::Row && servers.len() > 2,
        };
        if !apart::place(&mut plan, view, layout) {
            plan.servers(&servers, clients.len(), layout);
            plan.clients(&clients, layout);
        }
        plan
    }

    /// A length that is `px` pixels where cards are 56.
    pub fn of(&self, px: i32) -> i32 {
        px * PX * self.scale / 1000
    }

    /// Radius of a server's timer; lines end there.
    pub fn ring(&self) -> i32 {
        match self.grade {
            Grade::Card => self.unit * 68 / 100,
            Grade::Circle => self.unit * 62 / 100,
            Grade::Dot => self.unit * 80 / 100,
        }
    }

    /// Where lines to and from a node end, as a distance from its centre.
    pub fn reach(&self, shape: NodeShape) -> i32 {
        if shape == NodeShape::Client { self.client + self.of(3) } else { self.ring() + self.of(3) }
    }

    fn servers(&mut self, who: &[NodeId], clients: usize, layout: Layout) {
        let below = match (layout, clients) {
            (_, 0) => 0,
            (Layout::Circle, _) => 0,
            _ => 2 * self.client + self.of(28),
        };
        // Of three servers, two stand at the foot, where clients do.
        let crowded = clients > 4 || who.len() == 3 && clients > 0;
        let columns = if layout == Layout::Circle && crowded { self.of(70) } else { 0 };
        let (pad_x, pad_y) = if self.labels {
            (self.ring() + self.of(74) + columns, self.ring() + self.of(26))
        } else {
            (self.ring() + self.of(8) + columns, self.ring() + self.of(6))
        };
        let room = Size {
            w: (self.size.w - 2 * pad_x).max(self.unit),
            h: (self.size.h - 2 * pad_y - below).max(self.unit),
        };
        let sink = if self.bent { room.h / 8 } else { 0 };
        let middle = Point::new(self.size.w / 2, (self.size.h - below) / 2 + sink);
        let spots = match layout {
            Layout::Circle => self.circle(who.len(), room),
            Layout::Row => self.row(who.len(), room),
            Layout::TwoSites => self.two_sites(who.len(), room),
        };
        for (node, spot) in who.iter().zip(spots) {
            self.at[node.at()] = middle.plus(spot);
        }
        self.centre = middle;
    }

    /// Around a centre, clockwise from the top; the whole is centred by its outermost nodes.
    fn circle(&mut self, n: usize, room: Size) -> Vec<Point> {
        if n < 2 {
            return vec![Point::default(); n];
        }
        let count = n as i32;
        let first = if n == 2 { -TURN / 4 } else { 0 };
        let angle = |i: i32| first + TURN * i / count;
        let ends = |f: &dyn Fn(i32) -> i64| {
            let all: Vec<i64> = (0..count).map(f).collect();
            let (low, high) = (*all.iter().min().unwrap_or(&0), *all.iter().max().unwrap_or(&0));
            (low, high)
        };
        let (left, right) = ends(&|i| sin(angle(i)));
        let (top, bottom) = ends(&|i| -sin(angle(i) + TURN / 4));
        let by = |space: i32, extent: i64| (i64::from(space) << 16) / extent.max(1 << 13);
        let most = if self.grade == Grade::Card {
            i64::from(self.unit) * (10 + n as i64).max(15) / 5
        } else {
            i64::MAX
        };
        let r = by(room.w, right - left).min(by(room.h, bottom - top)).min(most) as i32;
        let chord = 2 * times(r, sin(TURN / count / 2));
        self.unit = self.unit.min(chord * 55 / 100).max(4 * PX);
        let shift = Point::new(0, -times(r, (top + bottom) / 2));
        (0..count).map(|i| Point::polar(angle(i), r).plus(shift)).collect()
    }

    fn row(&mut self, n: usize, room: Size) -> Vec<Point> {
        let count = n as i32;
        let pitch = (room.w / (count - 1).max(1)).min(self.unit * 3);
        self.unit = self.unit.min(pitch * 6 / 10);
        (0..count).map(|i| Point::new(pitch * i - pitch * (count - 1) / 2, 0)).collect()
    }

    /// Two columns, each bowed outwards so that its links do not run through its own nodes.
    fn two_sites(&mut self, n: usize, room: Size) -> Vec<Point> {
        let count = n as i32;
        let left = (count + 1) / 2;
        let reach = (room.w / 2).min(self.unit * 4);
        let pitch = (room.h / (left - 1).max(1)).min(self.unit * 24 / 10);
        self.unit = self.unit.min(pitch * 6 / 10);
        (0..count)
            .map(|i| {
                let (k, of, side) =
                    if i < left { (i, left, -1) } else { (i - left, count - left, 1) };
                let y = pitch * k - pitch * (of - 1) / 2;
                let half = (pitch * (of - 1) / 2).max(1);
                let bow = if of > 2 { reach / 4 } else { 0 };
                // A parabola: nothing at the ends, the whole bow in the middle.
                let share = PX * PX - (PX * y / half).pow(2);
                Point::new(side * (reach - bow + bow * share / (PX * PX)), y)
            })
            .collect()
    }

    fn clients(&mut self, who: &[NodeId], layout: Layout) {
        let n = who.len() as i32;
        let foot = self.size.h - self.client - self.of(20);
        let head = self.client + self.of(8);
        let widest = self.at.iter().map(|p| (p.x - self.centre.x).abs()).max().unwrap_or(0);
        let edge = self.client + self.of(14);
        let out = (self.size.w / 2 - edge).min(widest.max(self.of(120)) + self.of(100));
        for (i, node) in who.iter().enumerate() {
            let i = i as i32;
            let side = if i % 2 == 0 { -1 } else { 1 };
            self.at[node.at()] = if layout != Layout::Circle {
                let pitch = (self.size.w / (n + 1)).min(self.of(140));
                Point::new(self.size.w / 2 + pitch * i - pitch * (n - 1) / 2, foot)
            } else if n <= 4 {
                Point::new(self.centre.x + side * out, if i < 2 { foot } else { head })
            } else {
                let (k, rows) = (i / 2, (n + 1) / 2);
                let pitch = (foot - head) / (rows - 1).max(1);
                Point::new(self.centre.x + side * (self.size.w / 2 - edge), head + pitch * k)
            };
        }
    }
}
