//! What clients ask, as a type and as a plain [`Call`].

use crate::core::action::Call;
use crate::core::config::Common;
use crate::core::protocol::CallName;

/// Operations of clients; see [`operations!`](super::operations).
pub trait Operation: Sized {
    /// Their names, in the order of [`Call::f`].
    const CALLS: &'static [CallName];
    /// The typed operation, or `None` if `call` makes no sense.
    fn of(call: &Call) -> Option<Self>;
    /// The plain form of an operation.
    fn call(&self) -> Call;
}

/// Operations of clients: `"name" Variant { field: type = source, ... }`, where the source is the part
/// of a [`Call`] that the field comes from: `key`, `value` or `arg`. A field without a source is filled
/// in later, by [`Protocol::carry`]. The order is that of [`Call::f`], which links carry.
///
/// ```ignore
/// operations! {
///     /// What clients ask.
///     pub enum Op {
///         /// The value of a key.
///         "get" Get { key: u32 = key },
///         /// Set a key if it has the expected value.
///         "cas" Cas { key: u32 = key, expected: i64 = arg, value: i64 = value },
///     }
/// }
/// ```
///
/// [`Protocol::carry`]: crate::core::protocol::Protocol::carry
macro_rules! operations {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Op:ident {
            $(
                $(#[$doc:meta])*
                $name:literal $V:ident $({ $($f:ident : $t:ty $(= $from:ident)?),* $(,)? })?
            ),* $(,)?
        }
    ) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        $(#[$meta])*
        $vis enum $Op { $($(#[$doc])* $V $({ $($f: $t),* })?),* }

        impl $crate::core::declare::Operation for $Op {
            const CALLS: &'static [$crate::core::protocol::CallName] = &[$(
                $crate::core::protocol::CallName {
                    name: $name,
                    key: $crate::core::declare::uses!(key $($($($from)?)*)?),
                    value: $crate::core::declare::uses!(value $($($($from)?)*)?),
                    arg: $crate::core::declare::uses!(arg $($($($from)?)*)?),
                }
            ),*];

            fn of(call: &$crate::core::action::Call) -> Option<Self> {
                #[allow(dead_code)]
                enum Place { $($V),* }
                $(
                    if call.f == Place::$V as u8 {
                        return Some($Op::$V $({
                            $($f: $crate::core::declare::uses!(@of call $t $(, $from)?)),*
                        })?);
                    }
                )*
                None
            }

            fn call(&self) -> $crate::core::action::Call {
                #[allow(dead_code)]
                enum Place { $($V),* }
                #[allow(unused_mut)]
                match self {
                    $($Op::$V $({ $($f),* })? => {
                        let mut call = $crate::core::action::Call {
                            f: Place::$V as u8,
                            ..$crate::core::action::Call::default()
                        };
                        $($($crate::core::declare::uses!(@call call $f $(, $from)?);)*)?
                        call
                    })*
                }
            }
        }

        impl $crate::core::declare::Rewrite for $Op {
            const NAMES: bool = false $($(|| $(<$t as $crate::core::declare::Rewrite>::NAMES ||)* false)?)*;
            fn rewrite(&mut self, names: &$crate::core::ids::Names) {
                let _ = names;
                match self {
                    $($Op::$V $({ $($f),* })? => {
                        $($($crate::core::declare::Rewrite::rewrite($f, names);)*)?
                    })*
                }
            }
        }

        impl $crate::core::declare::Data for $Op {
            const LIES: bool =
                $($crate::core::declare::uses!(value $($($($from)?)*)?) ||)* false;
            fn plain(&self) -> $crate::core::declare::Plain {
                let call = $crate::core::declare::Operation::call(self);
                let names = <$Op as $crate::core::declare::Operation>::CALLS;
                $crate::core::declare::Plain::Text(
                    $crate::core::protocol::call_text(names, &call),
                )
            }
            /// Another value.
            fn lie(
                &mut self,
                _: &$crate::core::declare::Liar,
                forger: &mut $crate::core::declare::Forger,
            ) {
                let _ = &forger;
                match self {
                    $($Op::$V $({ $($f),* })? => {
                        $($($crate::core::declare::uses!(@lie forger, $f $(, $from)?);)*)?
                    })*
                }
            }
        }
    };
}

/// Which parts of a call are used, and how a field comes from one and goes back.
macro_rules! uses {
    (key key $($rest:ident)*) => { true };
    (value value $($rest:ident)*) => { true };
    (arg arg $($rest:ident)*) => { true };
    ($part:ident $other:ident $($rest:ident)*) => {
        $crate::core::declare::uses!($part $($rest)*)
    };
    ($part:ident) => { false };
    (@of $call:ident $t:ty) => { <$t>::default() };
    (@of $call:ident $t:ty, $from:ident) => {
        <$t>::try_from(i64::from($call.$from)).ok()?
    };
    (@call $call:ident $f:ident) => { let _ = $f; };
    (@call $call:ident $f:ident, key) => { $call.key = *$f; };
    (@call $call:ident $f:ident, value) => { $call.value = i64::from(*$f); };
    (@call $call:ident $f:ident, arg) => { $call.arg = i64::from(*$f); };
    (@lie $forger:ident, $f:ident, value) => {
        if let Ok(told) = $crate::core::declare::other_value(i64::from(*$f)).try_into()
            && $forger.takes($crate::core::declare::Twist::Value)
        {
            *$f = told;
        }
    };
    (@lie $forger:ident, $f:ident $(, $from:ident)?) => {
        let _ = $f;
    };
}

pub(crate) use {operations, uses};

/// The next operation of the usual workload on registers: some key, read or written as the common
/// settings say. `O` calls its operations `get` and `put`, or `read` and `write`.
pub fn kv<O: Operation>(
    common: &Common,
    client: u16,
    nth: u32,
    pick: &mut dyn FnMut(u64) -> u64,
) -> Option<O> {
    let key = pick(common.client.keys.into()) as u32;
    kv_on(key, common, client, nth, pick)
}

/// The same on a key that is chosen already.
pub fn kv_on<O: Operation>(
    key: u32,
    common: &Common,
    client: u16,
    nth: u32,
    pick: &mut dyn FnMut(u64) -> u64,
) -> Option<O> {
    let place = |names: [&str; 2]| {
        let at = O::CALLS.iter().position(|c| names.contains(&c.name))?;
        u8::try_from(at).ok()
    };
    let read = pick(1_000_000) < common.client.reads.into();
    let (names, value) = match read {
        true => (["get", "read"], 0),
        false => (["put", "write"], distinct_value(common, client, nth)),
    };
    O::of(&Call { f: place(names)?, key, value, ..Call::default() })
}

/// A value that no other client writes, and this one never again: such histories are easy to read
/// and to judge.
pub fn distinct_value(common: &Common, client: u16, nth: u32) -> i64 {
    i64::from(nth) * i64::from(common.clients.max(1)) + i64::from(client) + 1
}
