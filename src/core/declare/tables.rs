//! Tables of names: mutants, timers, presets; and the lines of `impl Protocol` that are alike.

/// Named one-line bugs: `NAME "id" breaks "property": "What if ...?";`. A mutant's number is its place
/// in the list; links carry it, so new ones come last.
///
/// Gives `mutant::NAME` for [`Context::mutant`] and the table `MUTANTS`.
///
/// [`Context::mutant`]: crate::core::protocol::Context::mutant
macro_rules! mutants {
    ($($NAME:ident $id:literal breaks $property:literal: $what:literal;)*) => {
        /// Numbers of the mutants: places in the table.
        pub mod mutant {
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum Place { $($NAME),* }
            $(
                #[doc = $what]
                pub const $NAME: u8 = Place::$NAME as u8;
            )*
        }

        const MUTANTS: &[$crate::core::protocol::Mutant] = &[
            $($crate::core::protocol::Mutant { id: $id, what: $what, breaks: $property }),*
        ];
    };
}

/// Timers with their names; a timer's code is its place in the list.
macro_rules! timers {
    (
        $(#[$meta:meta])*
        $vis:vis enum $Timer:ident { $($(#[$doc:meta])* $V:ident = $name:literal),* $(,)? }
    ) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $(#[$meta])*
        $vis enum $Timer { $($(#[$doc])* $V),* }

        impl $crate::core::protocol::TimerName for $Timer {
            const ALL: &'static [(Self, &'static str)] = &[$(($Timer::$V, $name)),*];
        }
    };
}

/// Parameter sets: `"id" "title", "version", "source": "knob" = value, ...;`. The first is where the
/// scene starts.
macro_rules! presets {
    (
        $(#[$meta:meta])*
        $vis:vis $NAME:ident:
        $($id:tt $title:literal, $version:literal, $source:literal: $($knob:literal = $value:expr),*;)*
    ) => {
        $(#[$meta])*
        $vis const $NAME: &[$crate::protocols::Preset] = &[
            $($crate::protocols::Preset {
                id: $id,
                title: $title,
                version: $version,
                source: $source,
                values: &[$(($knob, $value)),*],
            }),*
        ];
    };
}

/// The types of a protocol under their usual names, and the tables: `Config` (with its knobs),
/// `State`, `Durable`, `Message`, `Timer`, `Op`, `Ret`, `Observer`, no `Token`; `MUTANTS`,
/// `PROPERTIES`, and an observer that looks by `see`. What has another name is given:
/// `usual_parts! { State = (); Ret = u64; }`, in the order above.
macro_rules! usual_parts {
    (
        $(Config = $config:ty;)?
        $(State = $state:ty;)?
        $(Durable = $durable:ty;)?
        $(Message = $message:ty;)?
        $(Timer = $timer:ty;)?
        $(Op = $op:ty;)?
        $(Ret = $ret:ty;)?
        $(Token = $token:ty;)?
    ) => {
        type Config = $crate::core::declare::or!($($config)?, Config);
        type State = $crate::core::declare::or!($($state)?, State);
        type Durable = $crate::core::declare::or!($($durable)?, Durable);
        type Message = $crate::core::declare::or!($($message)?, Message);
        type Timer = $crate::core::declare::or!($($timer)?, Timer);
        type Op = $crate::core::declare::or!($($op)?, Op);
        type Ret = $crate::core::declare::or!($($ret)?, Ret);
        type Observer = Observer;
        type Token = $crate::core::declare::or!($($token)?, ());

        fn knobs() -> &'static [$crate::core::config::Knob<Self::Config>] {
            <Self::Config>::KNOBS
        }
        fn mutants() -> &'static [$crate::core::protocol::Mutant] {
            MUTANTS
        }
        fn properties() -> &'static [$crate::core::protocol::Property<Self>] {
            PROPERTIES
        }
        fn observe(observer: &mut Observer, seen: &$crate::core::protocol::Seen<Self>) {
            observer.see(seen);
        }
    };
}

/// The first type, if it is given.
macro_rules! or {
    (, $usual:ty) => {
        $usual
    };
    ($given:ty, $usual:ty) => {
        $given
    };
}

pub(crate) use {mutants, or, presets, timers, usual_parts};
