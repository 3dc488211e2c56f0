//! Settings of a protocol, and the knobs over them.

/// What a knob may turn: something that is a whole number underneath.
pub trait Setting: Copy {
    /// As a knob's number.
    fn number(self) -> i64;
    /// From a knob's number, which is within the knob's bounds.
    fn of(number: i64) -> Self;
}

macro_rules! numbers {
    ($($t:ty),*) => {$(
        impl Setting for $t {
            fn number(self) -> i64 {
                self as i64
            }
            fn of(number: i64) -> Self {
                number as $t
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64);

impl Setting for bool {
    fn number(self) -> i64 {
        self.into()
    }
    fn of(number: i64) -> Self {
        number != 0
    }
}

/// A setting that is one of a few names; see [`choices!`](super::choices).
pub trait Choice: Setting + 'static {
    /// All of them, in the order of their numbers.
    const ALL: &'static [Self];
    /// The names, in the order of their numbers.
    const NAMES: &'static [&'static str];
}

/// An enum that a knob chooses from: each variant with the name that people type.
///
/// ```ignore
/// choices! {
///     /// How a server answers a read.
///     pub enum Reads {
///         /// As an entry of the log.
///         Log = "log",
///         /// From its own store, however old.
///         Local = "local",
///     }
/// }
/// ```
macro_rules! choices {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Name:ident {
            $($(#[$doc:meta])* $V:ident = $name:literal),* $(,)?
        }
    ) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $(#[$meta])*
        $vis enum $Name { $($(#[$doc])* $V),* }

        impl $crate::core::declare::Setting for $Name {
            fn number(self) -> i64 {
                self as i64
            }
            fn of(number: i64) -> Self {
                <Self as $crate::core::declare::Choice>::ALL[number as usize]
            }
        }

        impl $crate::core::declare::Choice for $Name {
            const ALL: &'static [Self] = &[$($Name::$V),*];
            const NAMES: &'static [&'static str] = &[$($name),*];
        }
    };
}

/// Settings with their defaults, and the knobs over them, in the order in which they are listed.
///
/// A line is `field: type = default, "id" "title", unit;`. Without a knob it ends after the default.
/// Units are `time(from..=to)` in microseconds, `count(..)`, `share(..)` in parts per million,
/// `rate(..)` in bytes a second, `switch`, `choice` for an enum of [`choices!`](choices) and
/// `choice("a", "b")` for anything else. Knobs of a part follow in a section `inside`.
///
/// ```ignore
/// knobs! {
///     /// Settings; times in microseconds.
///     pub struct Config {
///         /// How often a leader is heard of.
///         heartbeat: u64 = 50_000, "raft.heartbeat" "heartbeat interval", time(1_000..=60_000_000);
///     }
/// }
/// ```
macro_rules! knobs {
    (
        $(#[$meta:meta])*
        $vis:vis struct $Config:ident {
            $(
                $(#[$doc:meta])*
                $f:ident : $t:ty = $default:expr
                $(, $id:literal $title:literal, $unit:ident $(($($limits:tt)*))?)? ;
            )*
        }
        $(inside {
            $($outer:ident . $inner:ident : $it:ty,
                $iid:literal $ititle:literal, $iunit:ident $(($($ilimits:tt)*))? ;)*
        })?
    ) => {
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        $(#[$meta])*
        $vis struct $Config { $($(#[$doc])* pub $f: $t),* }

        impl Default for $Config {
            fn default() -> Self {
                $Config { $($f: $default),* }
            }
        }

        impl $Config {
            /// What people may turn.
            pub const KNOBS: &'static [$crate::core::config::Knob<$Config>] = &[
                $($(
                    $crate::core::declare::knob!(
                        $f: $t, $id $title, $unit $(($($limits)*))?
                    ),
                )?)*
                $($(
                    $crate::core::declare::knob!(
                        $outer.$inner: $it, $iid $ititle, $iunit $(($($ilimits)*))?
                    ),
                )*)?
            ];
        }
    };
}

/// One knob over a field: `net.low: u64, "net.low" "shortest delay", time(1..=60_000_000)`.
macro_rules! knob {
    (
        $($path:ident).+ : $t:ty, $id:literal $title:literal, $unit:ident $(($($limits:tt)*))?
    ) => {{
        const LIMITS: ($crate::core::config::Unit, i64, i64) =
            $crate::core::declare::limits!($unit $t $(; $($limits)*)?);
        $crate::core::config::Knob {
            id: $id,
            title: $title,
            unit: LIMITS.0,
            min: LIMITS.1,
            max: LIMITS.2,
            get: |c| <$t as $crate::core::declare::Setting>::number(c.$($path).+),
            set: |c, v| c.$($path).+ = <$t as $crate::core::declare::Setting>::of(v),
        }
    }};
}

/// Unit and bounds of a knob.
macro_rules! limits {
    (time $t:ty; $range:expr) => {
        $crate::core::declare::limits!(@ Time $range)
    };
    (count $t:ty; $range:expr) => {
        $crate::core::declare::limits!(@ Count $range)
    };
    (share $t:ty; $range:expr) => {
        $crate::core::declare::limits!(@ Share $range)
    };
    (rate $t:ty; $range:expr) => {
        $crate::core::declare::limits!(@ Rate $range)
    };
    (@ $Unit:ident $range:expr) => {{
        const RANGE: std::ops::RangeInclusive<i64> = $range;
        ($crate::core::config::Unit::$Unit, *RANGE.start(), *RANGE.end())
    }};
    (switch $t:ty) => {
        ($crate::core::config::Unit::Switch, 0, 1)
    };
    (choice $t:ty) => {{
        const NAMES: &[&str] = <$t as $crate::core::declare::Choice>::NAMES;
        ($crate::core::config::Unit::Choice(NAMES), 0, NAMES.len() as i64 - 1)
    }};
    (choice $t:ty; $($name:literal),+ $(,)?) => {{
        const NAMES: &[&str] = &[$($name),+];
        ($crate::core::config::Unit::Choice(NAMES), 0, NAMES.len() as i64 - 1)
    }};
    ($($other:tt)*) => {
        compile_error!(concat!(
            "a knob's unit is time(1..=9), count(..), share(..), rate(..), switch, choice or ",
            "choice(\"a\", \"b\"), not ",
            stringify!($($other)*)
        ))
    };
}

pub(crate) use {choices, knob, knobs, limits};

#[cfg(test)]
mod tests {
    use crate::core::config::{Unit, turn};

    choices! {
        /// A colour.
        pub enum Colour {
            /// The first.
            Red = "red",
            /// The second.
            Blue = "blue",
        }
    }

    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    pub struct Part {
        pub depth: u32,
    }

    knobs! {
        /// Settings.
        pub struct Config {
            /// A time.
            pause: u64 = 5, "t.pause" "pause", time(1..=60_000_000);
            /// No knob turns it.
            part: Part = Part { depth: 3 };
            /// A colour.
            colour: Colour = Colour::Blue, "t.colour" "colour", choice;
            /// A number with names.
            place: u8 = 1, "t.place" "place", choice("a", "b", "c");
        }
        inside {
            part.depth: u32, "t.depth" "depth", count(0..=9);
        }
    }

    #[test]
    fn a_declaration_is_a_struct_its_defaults_and_its_knobs() {
        let mut c = Config::default();
        let ids: Vec<&str> = Config::KNOBS.iter().map(|k| k.id).collect();
        assert_eq!(ids, ["t.pause", "t.colour", "t.place", "t.depth"]);
        let got: Vec<i64> = Config::KNOBS.iter().map(|k| (k.get)(&c)).collect();
        assert_eq!(got, [5, 1, 1, 3]);
        assert_eq!(Config::KNOBS[1].unit, Unit::Choice(&["red", "blue"]));
        assert_eq!((Config::KNOBS[2].min, Config::KNOBS[2].max), (0, 2));
        for (id, value) in [("t.pause", 9), ("t.colour", 0), ("t.place", 2), ("t.depth", 7)] {
            assert_eq!(turn(Config::KNOBS, &mut c, id, value), Some(Ok(())));
        }
        let turned = Config { pause: 9, part: Part { depth: 7 }, colour: Colour::Red, place: 2 };
        assert_eq!(c, turned);
        assert!(turn(Config::KNOBS, &mut c, "t.depth", 10).is_some_and(|done| done.is_err()));
    }
}
