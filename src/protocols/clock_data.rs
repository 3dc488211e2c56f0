//! Clocks and registers of `src/algo` as data of messages and states.

use crate::algo::clocks::{ByClient, Dotted, Hlc, OneVector, Siblings, Timestamp, VectorClock};
use crate::algo::crdt::{LwwRegister, MvRegister, Put};
use crate::core::config::show_time;
use crate::core::declare::{Data, Forger, Liar, Plain, Rewrite, Twist};
use crate::core::ids::{Names, NodeId};

/// The same under other names.
fn renamed<T: Rewrite + Clone>(one: &T, names: &Names) -> T {
    let mut one = one.clone();
    one.rewrite(names);
    one
}

impl Rewrite for VectorClock<NodeId> {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        *self = self.iter().map(|(server, count)| (names.of(*server), count)).collect();
    }
}

impl Data for VectorClock<NodeId> {
    fn plain(&self) -> Plain {
        let pair = |(n, count): (&NodeId, u64)| (Plain::Node(*n), Plain::Number(count.into()));
        Plain::Map(self.iter().map(pair).collect())
    }
    /// One event more of the addressee.
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        if forger.takes(Twist::Number) {
            self.increment(&liar.to);
        }
    }
}

impl<V: Rewrite + Clone + Ord> Rewrite for LwwRegister<NodeId, V> {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        self.latest.rewrite(names);
    }
}

impl<V: Data + Ord> Data for LwwRegister<NodeId, V> {
    fn plain(&self) -> Plain {
        self.value().map_or(Plain::Nothing, V::plain)
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        self.latest.lie(liar, forger);
    }
}

impl<V: Rewrite + Clone + Eq> Rewrite for MvRegister<NodeId, V> {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        let mut other = MvRegister::default();
        for (clock, value) in self.writes() {
            other.apply(Put { clock: renamed(clock, names), value: renamed(value, names) });
        }
        *self = other;
    }
}

impl<V: Data + Eq> Data for MvRegister<NodeId, V> {
    fn plain(&self) -> Plain {
        Plain::List(self.values().map(V::plain).collect())
    }
    /// Other values under the same clocks.
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        let mut values: Vec<V> = self.values().cloned().collect();
        values.lie(liar, forger);
        let mut other = MvRegister::default();
        for ((clock, _), value) in self.writes().zip(values) {
            other.apply(Put { clock: clock.clone(), value });
        }
        *self = other;
    }
}

impl<V: Rewrite + Clone> Rewrite for Siblings<NodeId, V> {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        *self = self.map(|v, value| {
            let dot = (names.of(v.dot.0), v.dot.1);
            (Dotted { dot, context: renamed(&v.context, names) }, renamed(value, names))
        });
    }
}

impl<V: Data> Data for Siblings<NodeId, V> {
    fn plain(&self) -> Plain {
        Plain::List(self.versions().iter().map(|(_, value)| value.plain()).collect())
    }
    /// Other values of the same writes.
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        let mut values: Vec<V> = self.versions().iter().map(|(_, value)| value.clone()).collect();
        values.lie(liar, forger);
        let mut values = values.into_iter();
        *self = self.map(|v, was| (v.clone(), values.next().unwrap_or_else(|| was.clone())));
    }
}

impl<V: Rewrite + Clone + PartialEq> Rewrite for OneVector<NodeId, V> {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        *self = self.map(renamed(self.context(), names), |value| renamed(value, names));
    }
}

impl<V: Data + PartialEq> Data for OneVector<NodeId, V> {
    fn plain(&self) -> Plain {
        Plain::List(self.values().iter().map(V::plain).collect())
    }
    /// None: it is there to compare with only.
    fn lie(&mut self, _: &Liar, _: &mut Forger) {}
}

// Its vectors count what clients wrote, and clients keep their names.
impl<V: Rewrite + Clone> Rewrite for ByClient<NodeId, V> {
    const NAMES: bool = V::NAMES;
    fn rewrite(&mut self, names: &Names) {
        if V::NAMES {
            *self = self.map(|value| renamed(value, names));
        }
    }
}

impl<V: Data> Data for ByClient<NodeId, V> {
    fn plain(&self) -> Plain {
        Plain::List(self.versions().iter().map(|(_, value)| value.plain()).collect())
    }
    /// None: it is there to compare with only.
    fn lie(&mut self, _: &Liar, _: &mut Forger) {}
}

impl Rewrite for Timestamp {
    const NAMES: bool = false;
    fn rewrite(&mut self, _: &Names) {}
}

impl Data for Timestamp {
    /// `(1.25s, 3)`.
    fn plain(&self) -> Plain {
        Plain::Text(format!("({}, {})", show_time(self.wall as i64), self.logical))
    }
    /// A millisecond later.
    fn lie(&mut self, _: &Liar, forger: &mut Forger) {
        if let Some(later) = self.wall.checked_add(1_000)
            && forger.takes(Twist::Number)
        {
            self.wall = later;
        }
    }
}

impl Rewrite for Hlc {
    const NAMES: bool = false;
    fn rewrite(&mut self, _: &Names) {}
}
