//! Other names for servers, through and through: what symmetry reduction needs.

use crate::core::ids::{Names, NodeId, NodeSet, OpId};
use crate::core::list::List;
use crate::core::long::{LongList, Pack};
use crate::core::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Something in which servers may be named, and can be given other names.
///
/// [`data!`](super::data) writes it for the types of a protocol; [`rewrite!`](super::rewrite) for those
/// of which only some fields count.
pub trait Rewrite {
    /// Can a server be named in it? Where none can, giving other names passes by.
    const NAMES: bool;
    /// Gives servers other names.
    fn rewrite(&mut self, names: &Names);
}

macro_rules! nameless {
    ($($t:ty),* $(,)?) => {$(
        impl Rewrite for $t {
            const NAMES: bool = false;
            fn rewrite(&mut self, _: &Names) {}
        }
    )*};
}

// An operation is named after its client, and clients keep their names.
nameless!((), bool, u8, u16, u32, u64, i32, i64, String, &'static str, OpId);

impl Rewrite for NodeId {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        *self = names.of(*self);
    }
}

impl Rewrite for NodeSet {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        *self = names.set(*self);
    }
}

macro_rules! each {
    ($($t:ident),*) => {$(
        impl<T: Rewrite> Rewrite for $t<T> {
            const NAMES: bool = T::NAMES;
            fn rewrite(&mut self, names: &Names) {
                if T::NAMES {
                    self.iter_mut().for_each(|one| one.rewrite(names));
                }
            }
        }
    )*};
}

each!(Option, Vec, VecDeque);

impl<T: Rewrite, const N: usize> Rewrite for [T; N] {
    const NAMES: bool = T::NAMES;
    fn rewrite(&mut self, names: &Names) {
        self.iter_mut().for_each(|one| one.rewrite(names));
    }
}

impl<T: Rewrite> Rewrite for Box<T> {
    const NAMES: bool = T::NAMES;
    fn rewrite(&mut self, names: &Names) {
        (**self).rewrite(names);
    }
}

impl<T: Rewrite + Clone> Rewrite for Arc<T> {
    const NAMES: bool = T::NAMES;
    fn rewrite(&mut self, names: &Names) {
        if T::NAMES {
            Arc::make_mut(self).rewrite(names);
        }
    }
}

impl<T: Rewrite + Clone + PartialEq> Rewrite for List<T> {
    const NAMES: bool = T::NAMES;
    fn rewrite(&mut self, names: &Names) {
        if T::NAMES {
            let renamed = self.iter().cloned().map(|mut one| {
                one.rewrite(names);
                one
            });
            *self = renamed.collect();
        }
    }
}

impl<T: Rewrite + Pack> Rewrite for LongList<T> {
    const NAMES: bool = T::NAMES;
    fn rewrite(&mut self, names: &Names) {
        if T::NAMES {
            let renamed = self.iter().map(|mut one| {
                one.rewrite(names);
                one
            });
            *self = renamed.collect();
        }
    }
}

impl<K: Rewrite + Clone + Ord, V: Rewrite + Clone> Rewrite for SortedMap<K, V> {
    const NAMES: bool = K::NAMES || V::NAMES;
    fn rewrite(&mut self, names: &Names) {
        if K::NAMES {
            let renamed = self.iter().map(|(k, v)| {
                let (mut k, mut v) = (k.clone(), v.clone());
                k.rewrite(names);
                v.rewrite(names);
                (k, v)
            });
            *self = renamed.collect();
        } else if V::NAMES {
            self.values_mut().for_each(|v| v.rewrite(names));
        }
    }
}

impl<T: Rewrite + Clone + Ord> Rewrite for SortedSet<T> {
    const NAMES: bool = T::NAMES;
    fn rewrite(&mut self, names: &Names) {
        if T::NAMES {
            let renamed = self.iter().cloned().map(|mut one| {
                one.rewrite(names);
                one
            });
            *self = renamed.collect();
        }
    }
}

macro_rules! tuples {
    ($(($($T:ident $n:tt),*)),*) => {$(
        impl<$($T: Rewrite),*> Rewrite for ($($T,)*) {
            const NAMES: bool = false $(|| $T::NAMES)*;
            fn rewrite(&mut self, names: &Names) {
                $(self.$n.rewrite(names);)*
            }
        }
    )*};
}

tuples!((A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));

/// A list with one entry a server. Under other names its entries stand in another order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PerNode<T>(pub Vec<T>);

impl<T> Default for PerNode<T> {
    fn default() -> Self {
        PerNode(Vec::new())
    }
}

impl<T> Deref for PerNode<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for PerNode<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<'a, T> IntoIterator for &'a PerNode<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T> FromIterator<T> for PerNode<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        PerNode(entries.into_iter().collect())
    }
}

impl<T: Rewrite + Clone> Rewrite for PerNode<T> {
    const NAMES: bool = true;
    fn rewrite(&mut self, names: &Names) {
        self.0.rewrite(names);
        self.0 = names.list(&self.0);
    }
}

/// [`Rewrite`] for a type by those of its fields that count: `rewrite!(State { leader, votes })`. What
/// is left out must name no server, or be no part of what a search recognises.
macro_rules! rewrite {
    ($Name:ident { $($f:ident),* $(,)? }) => {
        impl $crate::core::declare::Rewrite for $Name {
            const NAMES: bool = true;
            fn rewrite(&mut self, names: &$crate::core::ids::Names) {
                let _ = names;
                $($crate::core::declare::Rewrite::rewrite(&mut self.$f, names);)*
            }
        }
    };
}

/// For `impl Protocol`: every part of a world is renamed field by field.
macro_rules! rewrites {
    () => {
        fn rename(part: $crate::core::protocol::Part<Self>, names: &$crate::core::ids::Names) {
            use $crate::core::declare::Rewrite;
            use $crate::core::protocol::Part;
            match part {
                Part::State(state) => state.rewrite(names),
                Part::Durable(durable) => durable.rewrite(names),
                Part::Message(message) => message.rewrite(names),
                Part::Op(op) => op.rewrite(names),
                Part::Ret(ret) => ret.rewrite(names),
                Part::Token(token) => token.rewrite(names),
                Part::Observer(observer) => observer.rewrite(names),
            }
        }
    };
}

pub(crate) use {rewrite, rewrites};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_wherever_they_stand() {
        // 0 → 2, 1 → 0, 2 → 1, and clients keep their names.
        let names = Names::all(3)
            .into_iter()
            .find(|n| (n.of(NodeId(0)), n.of(NodeId(1))) == (NodeId(2), NodeId(0)));
        let names = names.expect("one of six");
        let node = NodeId;
        let client = OpId { client: node(3), nth: 7 };
        let mut map: SortedMap<NodeId, (Option<NodeId>, u64)> =
            [(node(0), (Some(node(1)), 5)), (node(2), (None, 6))].into();
        map.rewrite(&names);
        assert_eq!(map, [(node(2), (Some(node(0)), 5)), (node(1), (None, 6))].into());
        let mut all = (
            vec![Box::new(node(1)), Box::new(node(3))],
            PerNode(vec![node(0), node(1), node(2)]),
            SortedSet::from([(node(2), client)]),
            NodeSet::one(node(1)),
        );
        all.rewrite(&names);
        let renamed = (
            vec![Box::new(node(0)), Box::new(node(3))],
            PerNode(vec![node(0), node(1), node(2)]),
            SortedSet::from([(node(1), client)]),
            NodeSet::one(node(0)),
        );
        assert_eq!(all, renamed);
        let mut counts = PerNode(vec![10, 11, 12]);
        counts.rewrite(&names);
        assert_eq!(counts, PerNode(vec![11, 12, 10]));
        const { assert!(!<SortedMap<OpId, Vec<u64>> as Rewrite>::NAMES) };
    }
}
