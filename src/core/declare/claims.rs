//! Claims, and accusations that an observer makes against them.

use crate::core::ids::NodeId;
use crate::core::protocol::Witness;
use crate::core::sorted::SortedMap;
use std::hash::{Hash, Hasher};

/// Which claims are broken, each with the first witness. An observer that keeps one in its field
/// `accused` accuses while it looks; [`claims!`](super::claims) reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accusations(SortedMap<&'static str, Charge>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Charge {
    witness: Witness,
    excused: bool,
}

// To a search the words of an accusation matter less than its claim.
impl Hash for Accusations {
    fn hash<H: Hasher>(&self, h: &mut H) {
        self.0.keys().copied().collect::<Vec<&str>>().hash(h);
    }
}

impl Accusations {
    /// Says that a claim is broken, and why in a sentence; the first to say so is kept.
    pub fn accuse(&mut self, claim: &'static str, why: String, nodes: Vec<NodeId>) {
        self.accuse_unless(false, claim, why, nodes);
    }
    /// The same, but if it is excused (somebody has left what the claim assumes), then it counts as
    /// broken no more, whatever else happens.
    pub fn accuse_unless(
        &mut self,
        excused: bool,
        claim: &'static str,
        why: String,
        nodes: Vec<NodeId>,
    ) {
        self.0.entry(claim).or_insert(Charge { witness: Witness { why, nodes }, excused });
    }
    /// The same with a witness that is made already, if there is one.
    pub fn charge(&mut self, claim: &'static str, witness: Option<Witness>) {
        if let Some(Witness { why, nodes }) = witness {
            self.accuse(claim, why, nodes);
        }
    }
    /// Why a claim is broken, if it is.
    pub fn of(&self, claim: &str) -> Option<Witness> {
        self.0.get(claim).filter(|c| !c.excused).map(|c| c.witness.clone())
    }
    /// Has anybody accused a claim?
    pub fn has(&self, claim: &str) -> bool {
        self.0.get(claim).is_some()
    }
    /// Why a claim would be broken, were it not excused.
    pub fn excused(&self, claim: &str) -> Option<&Witness> {
        self.0.get(claim).filter(|c| c.excused).map(|c| &c.witness)
    }
}

/// Properties of a protocol: `"id" "title", "claim", "cite";`. A claim is broken once the observer's
/// `accused` says so, or, with `=> function`, once that says so of what is seen and the observer.
/// Whole properties are put in with `= property;`.
macro_rules! claims {
    (
        $(#[$meta:meta])*
        $vis:vis $NAME:ident of $P:ty:
        $($items:tt)*
    ) => {
        $(#[$meta])*
        $vis const $NAME: &[$crate::core::protocol::Property<$P>] =
            $crate::core::declare::claims!(@ [$P] [] $($items)*);
    };
    (@ [$P:ty] [$($done:tt)*]) => { &[$($done)*] };
    (@ [$P:ty] [$($done:tt)*] = $whole:expr; $($items:tt)*) => {
        $crate::core::declare::claims!(@ [$P] [$($done)* $whole,] $($items)*)
    };
    (@ [$P:ty] [$($done:tt)*]
        $id:literal $title:literal, $claim:literal, $cite:literal; $($items:tt)*) => {
        $crate::core::declare::claims!(
            @ [$P] [$($done)*]
            $id $title, $claim, $cite =>
                |_, observer: &<$P as $crate::core::protocol::Protocol>::Observer| {
                    observer.accused.of($id)
                };
            $($items)*
        )
    };
    (@ [$P:ty] [$($done:tt)*]
        $id:literal $title:literal, $claim:literal, $cite:literal => $check:expr; $($items:tt)*) => {
        $crate::core::declare::claims!(
            @ [$P] [$($done)* $crate::core::protocol::Property {
                id: $id,
                title: $title,
                claim: $claim,
                cite: $cite,
                kind: $crate::core::protocol::PropertyKind::Safety,
                check: $check,
            },]
            $($items)*
        )
    };
}

pub(crate) use claims;
