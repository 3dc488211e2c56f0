//! The types of a protocol's state and messages, seen field by field.

use super::{PerNode, Plain, Rewrite};
use crate::core::ids::{NodeId, NodeSet, OpId};
use crate::core::list::List;
use crate::core::long::{LongList, Pack};
use crate::core::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;
use std::sync::Arc;

/// Plain data: it can be told, and lied about.
pub trait Data: Rewrite + Clone {
    /// Is there anything in it that can be lied about?
    const LIES: bool = true;
    /// What it says.
    fn plain(&self) -> Plain;
    /// What a liar could say instead, each time with one thing changed.
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>>;
    /// What a liar says where there is nothing.
    fn invented(_liar: &Liar) -> Option<Lie<Self>> {
        None
    }
}

/// Who lies to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liar {
    /// How many servers there are.
    pub nodes: u16,
    /// The addressee.
    pub to: NodeId,
}

/// Something said instead, and what was changed in it.
pub type Lie<T> = (Twist, T);

/// What a lie changes; the first are told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Twist {
    /// A vote, a yes or no.
    Truth,
    /// A client's value.
    Value,
    /// A name.
    Name,
    /// A count, an index, a term, a time.
    Number,
}

impl Twist {
    const ALL: [Twist; 4] = [Twist::Truth, Twist::Value, Twist::Name, Twist::Number];
}

/// All lies of a message, those told first come first, each once.
pub fn told<M: Data + PartialEq>(message: &M, liar: &Liar) -> Vec<M> {
    let mut lies = message.lies(liar);
    lies.sort_by_key(|(twist, _)| *twist);
    let mut told: Vec<M> = Vec::new();
    for (_, lie) in lies {
        if lie != *message && !told.contains(&lie) {
            told.push(lie);
        }
    }
    told
}

/// Definitions of types, structs and enums, with [`Rewrite`] and [`Data`] for each. All get
/// `Clone, Debug, PartialEq, Eq, Hash`; what else they need is derived as usual. A tuple variant has
/// one field. After a field's type may stand how it is to be read:
///
/// - `as key`: a key, told by its name;
/// - `as keyed`: pairs of keys and what they hold;
/// - `as time`: microseconds;
/// - `as text`: as its own `text()` says it;
/// - `as part`: not mentioned where there is none, and what it says stands beside other fields;
/// - `as quiet`: fixed, and not told;
/// - `as fixed`: a liar does not touch it, as the numbers by which a link keeps its order.
///
/// and then its name in a paper, if it has another: `= "lastLogIndex"`.
///
/// ```ignore
/// data! {
///     /// A log entry.
///     pub struct Entry {
///         /// The term in which a leader created it.
///         pub term: u64,
///         /// Which key it sets.
///         pub key: u32 as key,
///     }
/// }
/// ```
macro_rules! data {
    () => {};
    (
        $(#[$meta:meta])*
        $vis:vis struct $Name:ident {
            $($(#[$doc:meta])* $fvis:vis $f:ident : $t:ty $(as $how:ident)? $(= $label:literal)?),* $(,)?
        }
        $($rest:tt)*
    ) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        $(#[$meta])*
        $vis struct $Name { $($(#[$doc])* $fvis $f: $t),* }
        $crate::core::declare::fields!(struct $Name { $($f: $t $(as $how)? $(= $label)?),* });
        $crate::core::declare::data!($($rest)*);
    };
    (
        $(#[$meta:meta])*
        $vis:vis enum $Name:ident {
            $(
                $(#[$doc:meta])*
                $V:ident
                $({ $($(#[$fdoc:meta])* $f:ident : $t:ty $(as $how:ident)? $(= $label:literal)?),* $(,)? })?
                $(( $one:ty ))?
            ),* $(,)?
        }
        $($rest:tt)*
    ) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        $(#[$meta])*
        $vis enum $Name { $($(#[$doc])* $V $({ $($(#[$fdoc])* $f: $t),* })? $(( $one ))?),* }
        $crate::core::declare::fields!(enum $Name {
            $($V $({ $($f: $t $(as $how)? $(= $label)?),* })? $(( $one ))?),*
        });
        $crate::core::declare::data!($($rest)*);
    };
}

/// What servers say: an enum as in [`data!`](data), each variant with how it looks in flight:
/// `["Name", Family]`, `["Name", Family, reply]` or `["Name", Family, refusal]`.
///
/// Gives `look()`, which [`Show::message`] changes where a message's look depends on what it says.
///
/// [`Show::message`]: crate::core::protocol::Show::message
macro_rules! messages {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Name:ident {
            $(
                $(#[$doc:meta])*
                $V:ident [$name:literal, $family:ident $(, $reply:ident)?]
                $({ $($(#[$fdoc:meta])* $f:ident : $t:ty $(as $how:ident)? $(= $label:literal)?),* $(,)? })?
                $(( $one:ty ))?
            ),* $(,)?
        }
    ) => {
        $crate::core::declare::data! {
            $(#[$meta])*
            $vis enum $Name {
                $($(#[$doc])* $V $({ $($(#[$fdoc])* $f: $t $(as $how)? $(= $label)?),* })? $(( $one ))?),*
            }
        }

        impl $Name {
            /// What it looks like, whatever it says.
            pub fn look(&self) -> $crate::core::view::MessageLook {
                let (name, family, [reply, negative]) = match self {
                    $($Name::$V { .. } => (
                        $name,
                        $crate::core::view::Family::$family,
                        $crate::core::declare::keep!(@reply $($reply)?),
                    )),*
                };
                $crate::core::view::MessageLook { name, family, reply, negative, epoch: None }
            }
        }
    };
}

/// [`Rewrite`] and [`Data`] for a type that is defined elsewhere, by all its fields.
macro_rules! fields {
    (struct $Name:ident $(<$G:ident>)? { $($f:ident : $t:ty $(as $how:ident)? $(= $label:literal)?),* $(,)? }) => {
        impl $(<$G: $crate::core::declare::Rewrite + Clone>)? $crate::core::declare::Rewrite
            for $Name $(<$G>)?
        {
            const NAMES: bool = $(<$t as $crate::core::declare::Rewrite>::NAMES ||)* false;
            fn rewrite(&mut self, names: &$crate::core::ids::Names) {
                let _ = names;
                $(
                    if <$t as $crate::core::declare::Rewrite>::NAMES {
                        $crate::core::declare::Rewrite::rewrite(&mut self.$f, names);
                    }
                )*
            }
        }

        impl $(<$G: $crate::core::declare::Data>)? $crate::core::declare::Data
            for $Name $(<$G>)?
        {
            const LIES: bool = $($crate::core::declare::keep!(@can $t $(, $how)?) ||)* false;
            fn plain(&self) -> $crate::core::declare::Plain {
                $crate::core::declare::Plain::Fields(vec![
                    $((
                        $crate::core::declare::keep!(@label $f $(, $label)?),
                        $crate::core::declare::keep!(@plain &self.$f $(, $how)?),
                    )),*
                ])
            }
            fn lies(
                &self,
                liar: &$crate::core::declare::Liar,
            ) -> Vec<$crate::core::declare::Lie<Self>> {
                let mut all = Vec::new();
                $(
                    for (twist, told) in $crate::core::declare::keep!(
                        @lies $t, &self.$f, liar $(, $how)?
                    ) {
                        let mut other = self.clone();
                        other.$f = told;
                        all.push((twist, other));
                    }
                )*
                let _ = liar;
                all
            }
        }
    };
    (enum $Name:ident {
        $($V:ident $({ $($f:ident : $t:ty $(as $how:ident)? $(= $label:literal)?),* $(,)? })? $(( $one:ty ))?),* $(,)?
    }) => {
        impl $crate::core::declare::Rewrite for $Name {
            const NAMES: bool = $(
                $($(<$t as $crate::core::declare::Rewrite>::NAMES ||)*)?
                $(<$one as $crate::core::declare::Rewrite>::NAMES ||)?
            )* false;
            fn rewrite(&mut self, names: &$crate::core::ids::Names) {
                let _ = names;
                match self {
                    $($Name::$V {
                        $($($f),*)? $(0: $crate::core::declare::keep!(@pat it, $one))?
                    } => {
                        $($($crate::core::declare::Rewrite::rewrite($f, names);)*)?
                        $($crate::core::declare::keep!(
                            @expr $crate::core::declare::Rewrite::rewrite(it, names), $one
                        );)?
                    })*
                }
            }
        }

        impl $crate::core::declare::Data for $Name {
            const LIES: bool = $(
                $($($crate::core::declare::keep!(@can $t $(, $how)?) ||)*)?
                $(<$one as $crate::core::declare::Data>::LIES ||)?
            )* false;
            fn plain(&self) -> $crate::core::declare::Plain {
                use $crate::core::declare::Plain;
                match self {
                    $($Name::$V {
                        $($($f),*)? $(0: $crate::core::declare::keep!(@pat it, $one))?
                    } => {
                        #[allow(unused_mut, unused_assignments)]
                        let mut parts = Plain::Nothing;
                        $(parts = Plain::Fields(vec![$((
                            $crate::core::declare::keep!(@label $f $(, $label)?),
                            $crate::core::declare::keep!(@plain $f $(, $how)?),
                        )),*]);)?
                        $(parts = $crate::core::declare::keep!(
                            @expr $crate::core::declare::Data::plain(it), $one
                        );)?
                        Plain::Kind(stringify!($V), Box::new(parts))
                    })*
                }
            }
            fn lies(
                &self,
                liar: &$crate::core::declare::Liar,
            ) -> Vec<$crate::core::declare::Lie<Self>> {
                #[allow(unused_mut)]
                let mut all = Vec::new();
                let _ = liar;
                match self {
                    $($Name::$V {
                        $($($f),*)? $(0: $crate::core::declare::keep!(@pat it, $one))?
                    } => {
                        $($(
                            for (twist, told) in $crate::core::declare::keep!(
                                @lies $t, $f, liar $(, $how)?
                            ) {
                                let mut other = self.clone();
                                #[allow(irrefutable_let_patterns)]
                                if let $Name::$V { $f: field, .. } = &mut other {
                                    *field = told;
                                }
                                all.push((twist, other));
                            }
                        )*)?
                        $(
                            let told: Vec<$crate::core::declare::Lie<$one>> =
                                $crate::core::declare::Data::lies(it, liar);
                            let lie = |(twist, one)| (twist, $Name::$V(one));
                            all.extend(told.into_iter().map(lie));
                        )?
                    })*
                }
                all
            }
        }
    };
}

/// Small helpers of the macros above: what stands under a repetition without being used, and what a
/// field is read as.
macro_rules! keep {
    (@pat $keep:pat, $gone:ty) => {
        $keep
    };
    (@expr $keep:expr, $gone:ty) => {
        $keep
    };
    (@reply) => {
        [false, false]
    };
    (@reply reply) => {
        [true, false]
    };
    (@reply refusal) => {
        [true, true]
    };
    (@reply $other:ident) => {
        compile_error!("after a message's family may stand `reply` or `refusal`")
    };
    (@label $f:ident) => {
        stringify!($f)
    };
    (@label $f:ident, $label:literal) => {
        $label
    };
    (@plain $field:expr, part) => {
        $crate::core::declare::Data::plain($field).part()
    };
    (@plain $field:expr, quiet) => {{
        let _ = $field;
        $crate::core::declare::Plain::Beside(Vec::new())
    }};
    (@plain $field:expr, text) => {
        $crate::core::declare::Plain::Text($field.text())
    };
    (@plain $field:expr) => {
        $crate::core::declare::Data::plain($field)
    };
    (@plain $field:expr, fixed) => {
        $crate::core::declare::Data::plain($field)
    };
    (@plain $field:expr, key) => {
        $crate::core::declare::Plain::Key(*$field)
    };
    (@plain $field:expr, time) => {
        $crate::core::declare::Plain::Time(i64::try_from(*$field).unwrap_or(i64::MAX))
    };
    (@plain $field:expr, keyed) => {
        $crate::core::declare::Plain::Map(
            $field
                .iter()
                .map(|(key, held)| {
                    let key = $crate::core::declare::Plain::Key(*key);
                    (key, $crate::core::declare::Data::plain(held))
                })
                .collect(),
        )
    };
    (@plain $field:expr, $other:ident) => {
        compile_error!(
            "a field is read `as key`, `keyed`, `time`, `text`, `part`, `quiet` or `fixed`"
        )
    };
    (@can $t:ty, quiet) => {
        false
    };
    (@can $t:ty, fixed) => {
        false
    };
    (@can $t:ty $(, $how:ident)?) => {
        <$t as $crate::core::declare::Data>::LIES
    };
    (@lies $t:ty, $field:expr, $liar:ident, quiet) => {{
        let _ = $field;
        Vec::<$crate::core::declare::Lie<$t>>::new()
    }};
    (@lies $t:ty, $field:expr, $liar:ident, fixed) => {{
        let _ = $field;
        Vec::<$crate::core::declare::Lie<$t>>::new()
    }};
    (@lies $t:ty, $field:expr, $liar:ident, time) => {
        <$t>::checked_add(*$field, 1_000)
            .map(|later| ($crate::core::declare::Twist::Number, later))
            .into_iter()
            .collect::<Vec<$crate::core::declare::Lie<$t>>>()
    };
    (@lies $t:ty, $field:expr, $liar:ident $(, $how:ident)?) => {
        <$t as $crate::core::declare::Data>::lies($field, $liar)
    };
}

pub(crate) use {data, fields, keep, messages};

macro_rules! counts {
    ($($t:ty),*) => {$(
        impl Data for $t {
            fn plain(&self) -> Plain {
                Plain::Number((*self).into())
            }
            /// One more.
            fn lies(&self, _: &Liar) -> Vec<Lie<Self>> {
                self.checked_add(1).map(|more| (Twist::Number, more)).into_iter().collect()
            }
        }
    )*};
}

counts!(u8, u16, u32, u64);

impl Data for i64 {
    fn plain(&self) -> Plain {
        Plain::Number((*self).into())
    }
    /// Clients write values above 0, so that one below is nobody's.
    fn lies(&self, _: &Liar) -> Vec<Lie<Self>> {
        vec![(Twist::Value, if *self == 0 { -1 } else { self.wrapping_neg() })]
    }
    fn invented(_: &Liar) -> Option<Lie<Self>> {
        Some((Twist::Value, -1))
    }
}

impl Data for bool {
    fn plain(&self) -> Plain {
        Plain::Truth(*self)
    }
    fn lies(&self, _: &Liar) -> Vec<Lie<Self>> {
        vec![(Twist::Truth, !self)]
    }
}

impl Data for () {
    const LIES: bool = false;
    fn plain(&self) -> Plain {
        Plain::Nothing
    }
    fn lies(&self, _: &Liar) -> Vec<Lie<Self>> {
        Vec::new()
    }
}

impl Data for &'static str {
    const LIES: bool = false;
    fn plain(&self) -> Plain {
        Plain::Text((*self).into())
    }
    fn lies(&self, _: &Liar) -> Vec<Lie<Self>> {
        Vec::new()
    }
}

impl Data for OpId {
    const LIES: bool = false;
    fn plain(&self) -> Plain {
        Plain::Operation(*self)
    }
    /// None: whose operation it is tells the operation itself.
    fn lies(&self, _: &Liar) -> Vec<Lie<Self>> {
        Vec::new()
    }
}

impl Data for NodeId {
    fn plain(&self) -> Plain {
        Plain::Node(*self)
    }
    /// The next server's name.
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        let next = NodeId((self.0 + 1) % liar.nodes.max(1));
        let known = self.0 < liar.nodes && next != *self;
        known.then_some((Twist::Name, next)).into_iter().collect()
    }
    fn invented(liar: &Liar) -> Option<Lie<Self>> {
        Some((Twist::Name, liar.to))
    }
}

impl Data for NodeSet {
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(Plain::Node).collect())
    }
    /// With the addressee in it, or without.
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        let mut other = *self;
        if self.has(liar.to) {
            other.remove(liar.to);
        } else {
            other.insert(liar.to);
        }
        vec![(Twist::Name, other)]
    }
}

impl<T: Data> Data for Option<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        self.as_ref().map_or(Plain::Nothing, T::plain)
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        match self {
            Some(one) => one.lies(liar).into_iter().map(|(t, one)| (t, Some(one))).collect(),
            None => T::invented(liar).map(|(t, one)| (t, Some(one))).into_iter().collect(),
        }
    }
}

impl<T: Data> Data for Box<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        (**self).plain()
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        (**self).lies(liar).into_iter().map(|(t, one)| (t, Box::new(one))).collect()
    }
}

impl<T: Data> Data for Arc<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        (**self).plain()
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        (**self).lies(liar).into_iter().map(|(t, one)| (t, Arc::new(one))).collect()
    }
}

/// All entries told wrong in the same way: for each twist one list, in which every entry that can be
/// twisted so is.
fn twisted<T: Data>(entries: &[T], liar: &Liar) -> Vec<Lie<Vec<T>>> {
    let lies: Vec<Vec<Lie<T>>> = entries.iter().map(|one| one.lies(liar)).collect();
    let all = Twist::ALL.iter().filter(|twist| lies.iter().flatten().any(|(t, _)| t == *twist));
    let told = all.map(|twist| {
        let one = |(honest, lies): (&T, &Vec<Lie<T>>)| {
            lies.iter().find(|(t, _)| t == twist).map_or(honest, |(_, lie)| lie).clone()
        };
        (*twist, entries.iter().zip(&lies).map(one).collect())
    });
    told.collect()
}

/// The same in other collections.
fn collected<T: Data, C>(entries: Vec<T>, liar: &Liar, collect: fn(Vec<T>) -> C) -> Vec<Lie<C>> {
    twisted(&entries, liar).into_iter().map(|(twist, all)| (twist, collect(all))).collect()
}

impl<T: Data> Data for Vec<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        twisted(self, liar)
    }
}

impl<T: Data> Data for PerNode<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        self.0.plain()
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        collected(self.0.clone(), liar, PerNode)
    }
}

impl<T: Data> Data for VecDeque<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        collected(self.iter().cloned().collect(), liar, VecDeque::from)
    }
}

impl<T: Data + PartialEq> Data for List<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        collected(self.iter().cloned().collect(), liar, |all| all.into_iter().collect())
    }
}

impl<T: Data + Pack> Data for LongList<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(|one| one.plain()).collect())
    }
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        collected(self.iter().collect(), liar, |all| all.into_iter().collect())
    }
}

impl<T: Data + Ord> Data for SortedSet<T> {
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    /// Without the last one.
    fn lies(&self, _: &Liar) -> Vec<Lie<Self>> {
        let mut other = self.clone();
        let Some(last) = self.iter().next_back() else { return Vec::new() };
        other.remove(last);
        vec![(Twist::Number, other)]
    }
}

impl<K: Data + Ord, V: Data> Data for SortedMap<K, V> {
    const LIES: bool = V::LIES;
    fn plain(&self) -> Plain {
        Plain::Map(self.iter().map(|(k, v)| (k.plain(), v.plain())).collect())
    }
    /// Other values under the same keys.
    fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
        let values: Vec<V> = self.values().cloned().collect();
        let told = twisted(&values, liar).into_iter();
        told.map(|(t, all)| (t, self.keys().cloned().zip(all).collect())).collect()
    }
}

macro_rules! tuples {
    ($(($($T:ident $n:tt),*)),*) => {$(
        impl<$($T: Data),*> Data for ($($T,)*) {
            const LIES: bool = false $(|| $T::LIES)*;
            fn plain(&self) -> Plain {
                Plain::List(vec![$(self.$n.plain()),*])
            }
            fn lies(&self, liar: &Liar) -> Vec<Lie<Self>> {
                let mut all = Vec::new();
                $(
                    for (twist, told) in self.$n.lies(liar) {
                        let mut other = self.clone();
                        other.$n = told;
                        all.push((twist, other));
                    }
                )*
                all
            }
        }
    )*};
}

tuples!((A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));
