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
    /// Shows the forger, one after the other, what a liar could change, and changes what the forger
    /// takes. What is shown is the same each time.
    fn lie(&mut self, liar: &Liar, forger: &mut Forger);
    /// What a liar says where there is nothing.
    fn invented(_liar: &Liar) -> Option<(Twist, Self)> {
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

/// Goes through what can be changed in a piece of data. One walk over the fields serves all lies, so
/// that their code is as long as the list of fields.
pub struct Forger {
    takes: Takes,
    /// What was shown so far.
    shown: Vec<Twist>,
}

/// What a forger changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Nothing: it only looks.
    Nothing,
    /// What is shown after so many others.
    Nth(usize),
    /// What is shown first of a kind.
    First(Twist),
}

impl Forger {
    fn new(takes: Takes) -> Forger {
        Forger { takes, shown: Vec::new() }
    }

    /// Is this to be changed, now?
    pub fn takes(&mut self, twist: Twist) -> bool {
        let taken = match self.takes {
            Takes::Nothing => false,
            Takes::Nth(n) => n == self.shown.len(),
            Takes::First(kind) => kind == twist && !self.shown.contains(&kind),
        };
        self.shown.push(twist);
        taken
    }

    /// What can be changed in a piece of data, in the order in which it is shown.
    fn looks<T: Data>(data: &mut T, liar: &Liar) -> Vec<Twist> {
        let mut forger = Forger::new(Takes::Nothing);
        data.lie(liar, &mut forger);
        forger.shown
    }

    /// Shows entries as one: all are told wrong in the same way. For each twist one lie, in which
    /// every entry that can be twisted so is.
    pub fn entries<'a, T: Data + 'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a mut T>,
        liar: &Liar,
    ) {
        let mut entries: Vec<&mut T> = entries.into_iter().collect();
        let mut twists: Vec<Twist> = Vec::new();
        for entry in &mut entries {
            twists.extend(Forger::looks(*entry, liar));
        }
        for twist in Twist::ALL {
            if twists.contains(&twist) && self.takes(twist) {
                for entry in &mut entries {
                    entry.lie(liar, &mut Forger::new(Takes::First(twist)));
                }
            }
        }
    }
}

/// All lies of a message, those told first come first, each once.
pub fn told<M: Data + PartialEq>(message: &M, liar: &Liar) -> Vec<M> {
    let twists = Forger::looks(&mut message.clone(), liar);
    let mut told: Vec<M> = Vec::new();
    for kind in Twist::ALL {
        for (nth, _) in twists.iter().enumerate().filter(|(_, twist)| **twist == kind) {
            let mut lie = message.clone();
            lie.lie(liar, &mut Forger::new(Takes::Nth(nth)));
            if lie != *message && !told.contains(&lie) {
                told.push(lie);
            }
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
                let mut parts = Vec::new();
                $($crate::core::declare::part(
                    &mut parts,
                    $crate::core::declare::keep!(@label $f $(, $label)?),
                    $crate::core::declare::keep!(@plain &self.$f $(, $how)?),
                );)*
                $crate::core::declare::Plain::Fields(parts)
            }
            fn lie(
                &mut self,
                liar: &$crate::core::declare::Liar,
                forger: &mut $crate::core::declare::Forger,
            ) {
                let _ = (liar, &forger);
                $($crate::core::declare::keep!(@lie &mut self.$f, liar, forger $(, $how)?);)*
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
                        $(
                            #[allow(unused_mut)]
                            let mut fields = Vec::new();
                            $($crate::core::declare::part(
                                &mut fields,
                                $crate::core::declare::keep!(@label $f $(, $label)?),
                                $crate::core::declare::keep!(@plain $f $(, $how)?),
                            );)*
                            parts = Plain::Fields(fields);
                        )?
                        $(parts = $crate::core::declare::keep!(
                            @expr $crate::core::declare::Data::plain(it), $one
                        );)?
                        Plain::Kind(stringify!($V), Box::new(parts))
                    })*
                }
            }
            fn lie(
                &mut self,
                liar: &$crate::core::declare::Liar,
                forger: &mut $crate::core::declare::Forger,
            ) {
                let _ = (liar, &forger);
                match self {
                    $($Name::$V {
                        $($($f),*)? $(0: $crate::core::declare::keep!(@pat it, $one))?
                    } => {
                        $($($crate::core::declare::keep!(@lie $f, liar, forger $(, $how)?);)*)?
                        $($crate::core::declare::keep!(
                            @expr $crate::core::declare::Data::lie(it, liar, forger), $one
                        );)?
                    })*
                }
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
    (@lie $field:expr, $liar:ident, $forger:ident, quiet) => {
        let _ = $field;
    };
    (@lie $field:expr, $liar:ident, $forger:ident, fixed) => {
        let _ = $field;
    };
    (@lie $field:expr, $liar:ident, $forger:ident, time) => {
        let field = $field;
        if let Some(later) = field.checked_add(1_000)
            && $forger.takes($crate::core::declare::Twist::Number)
        {
            *field = later;
        }
    };
    (@lie $field:expr, $liar:ident, $forger:ident $(, $how:ident)?) => {
        $crate::core::declare::Data::lie($field, $liar, $forger)
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
            fn lie(&mut self, _: &Liar, forger: &mut Forger) {
                if let Some(more) = self.checked_add(1)
                    && forger.takes(Twist::Number)
                {
                    *self = more;
                }
            }
        }
    )*};
}

counts!(u8, u16, u32, u64);

/// What a liar says instead of a client's value. Clients write values above 0, so that one below is
/// nobody's.
pub fn other_value(value: i64) -> i64 {
    if value == 0 { -1 } else { value.wrapping_neg() }
}

impl Data for i64 {
    fn plain(&self) -> Plain {
        Plain::Number((*self).into())
    }
    fn lie(&mut self, _: &Liar, forger: &mut Forger) {
        if forger.takes(Twist::Value) {
            *self = other_value(*self);
        }
    }
    fn invented(_: &Liar) -> Option<(Twist, Self)> {
        Some((Twist::Value, -1))
    }
}

impl Data for bool {
    fn plain(&self) -> Plain {
        Plain::Truth(*self)
    }
    fn lie(&mut self, _: &Liar, forger: &mut Forger) {
        *self ^= forger.takes(Twist::Truth);
    }
}

impl Data for () {
    const LIES: bool = false;
    fn plain(&self) -> Plain {
        Plain::Nothing
    }
    fn lie(&mut self, _: &Liar, _: &mut Forger) {}
}

impl Data for &'static str {
    const LIES: bool = false;
    fn plain(&self) -> Plain {
        Plain::Text((*self).into())
    }
    fn lie(&mut self, _: &Liar, _: &mut Forger) {}
}

impl Data for OpId {
    const LIES: bool = false;
    fn plain(&self) -> Plain {
        Plain::Operation(*self)
    }
    /// None: whose operation it is tells the operation itself.
    fn lie(&mut self, _: &Liar, _: &mut Forger) {}
}

impl Data for NodeId {
    fn plain(&self) -> Plain {
        Plain::Node(*self)
    }
    /// The next server's name.
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        let next = NodeId((self.0 + 1) % liar.nodes.max(1));
        if self.0 < liar.nodes && next != *self && forger.takes(Twist::Name) {
            *self = next;
        }
    }
    fn invented(liar: &Liar) -> Option<(Twist, Self)> {
        Some((Twist::Name, liar.to))
    }
}

impl Data for NodeSet {
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(Plain::Node).collect())
    }
    /// With the addressee in it, or without.
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        if !forger.takes(Twist::Name) {
            return;
        }
        if self.has(liar.to) {
            self.remove(liar.to);
        } else {
            self.insert(liar.to);
        }
    }
}

impl<T: Data> Data for Option<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        self.as_ref().map_or(Plain::Nothing, T::plain)
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        match self {
            Some(one) => one.lie(liar, forger),
            None => {
                if let Some((twist, one)) = T::invented(liar)
                    && forger.takes(twist)
                {
                    *self = Some(one);
                }
            }
        }
    }
}

impl<T: Data> Data for Box<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        (**self).plain()
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        (**self).lie(liar, forger);
    }
}

impl<T: Data> Data for Arc<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        (**self).plain()
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        Arc::make_mut(self).lie(liar, forger);
    }
}

impl<T: Data> Data for Vec<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        forger.entries(self, liar);
    }
}

impl<T: Data> Data for PerNode<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        self.0.plain()
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        forger.entries(&mut self.0, liar);
    }
}

impl<T: Data> Data for VecDeque<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        forger.entries(self, liar);
    }
}

impl<T: Data + PartialEq> Data for List<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        let mut entries: Vec<T> = self.iter().cloned().collect();
        forger.entries(&mut entries, liar);
        *self = entries.into_iter().collect();
    }
}

impl<T: Data + Pack> Data for LongList<T> {
    const LIES: bool = T::LIES;
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(|one| one.plain()).collect())
    }
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        let mut entries: Vec<T> = self.iter().collect();
        forger.entries(&mut entries, liar);
        *self = entries.into_iter().collect();
    }
}

impl<T: Data + Ord> Data for SortedSet<T> {
    fn plain(&self) -> Plain {
        Plain::List(self.iter().map(T::plain).collect())
    }
    /// Without the last one.
    fn lie(&mut self, _: &Liar, forger: &mut Forger) {
        if !self.is_empty() && forger.takes(Twist::Number) {
            self.pop_last();
        }
    }
}

impl<K: Data + Ord, V: Data> Data for SortedMap<K, V> {
    const LIES: bool = V::LIES;
    fn plain(&self) -> Plain {
        Plain::Map(self.iter().map(|(k, v)| (k.plain(), v.plain())).collect())
    }
    /// Other values under the same keys.
    fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
        forger.entries(self.values_mut(), liar);
    }
}

macro_rules! tuples {
    ($(($($T:ident $n:tt),*)),*) => {$(
        impl<$($T: Data),*> Data for ($($T,)*) {
            const LIES: bool = false $(|| $T::LIES)*;
            fn plain(&self) -> Plain {
                Plain::List(vec![$(self.$n.plain()),*])
            }
            fn lie(&mut self, liar: &Liar, forger: &mut Forger) {
                $(self.$n.lie(liar, forger);)*
            }
        }
    )*};
}

tuples!((A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3));
