//! Judges of client-operation histories. They know nothing but histories: no node, no message.
//!
//! A [`History`] is filled while a run goes on (or by an importer) and judged by
//! [`linearizable`], [`sequential`], [`views`] (PRAM, causal, sessions), [`convergence`] and
//! [`txn`]. Every verdict is
//! computed, three-valued, and carries its witness.

pub mod convergence;
mod explain;
pub mod frontier;
pub mod incremental;
pub mod lattice;
pub mod linearizable;
pub mod model;
pub mod orders;
pub mod placed;
mod relation;
mod saturate;
mod search;
pub mod sequential;
pub mod sessions;
mod states;
mod table;
pub mod txn;
pub mod views;
pub mod watch;

use serde::{Deserialize, Serialize};
use std::fmt;

pub use incremental::Incremental;
pub use model::{ObjectModel, replay};

/// A value as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OpValue {
    /// No value: a register that was never written, an empty queue.
    Nil,
    /// The answer was not recorded: it matches any value.
    Any,
    /// True or false, such as the answer of a compare-and-set.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Str(String),
    /// A list, such as the elements of a set or the steps of a transaction.
    List(Vec<OpValue>),
    /// Pairs in the order of their keys.
    Map(Vec<(OpValue, OpValue)>),
}

impl OpValue {
    /// A text value.
    pub fn text(s: &str) -> OpValue {
        OpValue::Str(s.to_string())
    }
}

impl fmt::Display for OpValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpValue::Nil => out.write_str("nil"),
            OpValue::Any => out.write_str("?"),
            OpValue::Bool(b) => write!(out, "{b}"),
            OpValue::Int(n) => write!(out, "{n}"),
            OpValue::Str(s) => write!(out, "{s:?}"),
            OpValue::List(all) => {
                out.write_str("[")?;
                for (i, v) in all.iter().enumerate() {
                    write!(out, "{}{v}", if i > 0 { " " } else { "" })?;
                }
                out.write_str("]")
            }
            OpValue::Map(pairs) => {
                out.write_str("{")?;
                for (i, (k, v)) in pairs.iter().enumerate() {
                    write!(out, "{}{k} {v}", if i > 0 { ", " } else { "" })?;
                }
                out.write_str("}")
            }
        }
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What a client asked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum F { $($(#[$doc])* $name,)* }

        impl F {
            /// Every function, in the order of the declaration.
            pub const ALL: &'static [F] = &[$(F::$name,)*];

            /// The name used in histories.
            pub fn name(self) -> &'static str {
                match self { $(F::$name => $text,)* }
            }
        }
    };
}

functions! {
    /// Read a register or a whole set; answers its value.
    Read = "read",
    /// Write a register; one argument.
    Write = "write",
    /// Compare-and-set; arguments: expected and new. Answers whether it was applied.
    Cas = "cas",
    /// Read a key of a store; answers its value.
    Get = "get",
    /// Write a key of a store; one argument.
    Put = "put",
    /// Append to the text of a key; one argument.
    Append = "append",
    /// Take the lock.
    Acquire = "acquire",
    /// Give the lock back.
    Release = "release",
    /// Add an element to a set.
    Add = "add",
    /// Remove an element from a set.
    Remove = "remove",
    /// Ask whether an element is in a set.
    Contains = "contains",
    /// Put at the tail of a queue.
    Enqueue = "enqueue",
    /// Take from the head of a queue; answers the element, or nil when empty.
    Dequeue = "dequeue",
    /// Put on a stack.
    Push = "push",
    /// Take from a stack; answers the element, or nil when empty.
    Pop = "pop",
    /// How many elements there are.
    Len = "len",
    /// Several reads and writes at once; arguments are `[f key value]`.
    Txn = "txn",
}

impl F {
    /// The function of that name.
    pub fn parse(name: &str) -> Option<F> {
        F::ALL.iter().copied().find(|f| f.name() == name)
    }
}

/// How an operation ended, as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OpOutcome {
    /// Still under way.
    Open,
    /// Done, with this answer (`Nil` where the function has none).
    Ok(OpValue),
    /// Certainly not done.
    Fail,
    /// Timed out: maybe done, now or at any later time.
    Unknown,
}

/// One operation of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryOp {
    /// Position among the invocations, from 0.
    pub id: u32,
    /// The client. One process has one operation at a time.
    pub process: u32,
    /// The object acted on, where there are several.
    pub key: Option<String>,
    /// What was asked.
    pub f: F,
    /// With what.
    pub args: Vec<OpValue>,
    /// Position of the invocation in the history (or its time in microseconds).
    pub invoke: u64,
    /// Position of the answer, on the same axis; none while there is none.
    pub ret: Option<u64>,
    /// How it ended.
    pub outcome: OpOutcome,
}

impl HistoryOp {
    /// The answer, if it is known.
    pub fn answer(&self) -> Option<&OpValue> {
        match &self.outcome {
            OpOutcome::Ok(v) => Some(v),
            _ => None,
        }
    }

    /// True when the operation certainly took effect before its return.
    pub fn completed(&self) -> bool {
        matches!(self.outcome, OpOutcome::Ok(_))
    }

    /// True when the operation, having answered what it did, cannot have changed anything.
    pub fn idle(&self) -> bool {
        let reads = |step: &OpValue| model::triple(step).is_some_and(|(f, ..)| !model::is_write(f));
        match (self.f, self.answer()) {
            (F::Cas, Some(OpValue::Bool(false))) => true,
            (F::Cas, Some(_)) => self.args.first() == self.args.get(1),
            (F::Dequeue | F::Pop, Some(OpValue::Nil)) => true,
            (F::Txn, _) => self.args.iter().all(reads),
            (f, _) => f.reads_only(),
        }
    }

    /// True when the operation may or may not have taken effect.
    pub fn maybe(&self) -> bool {
        matches!(self.outcome, OpOutcome::Open | OpOutcome::Unknown)
    }
}

impl fmt::Display for HistoryOp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.f.name())?;
        if let Some(key) = &self.key {
            write!(out, " {key}")?;
        }
        for a in &self.args {
            write!(out, " {a}")?;
        }
        match &self.outcome {
            OpOutcome::Open => out.write_str(" (still open)"),
            OpOutcome::Unknown => out.write_str(" (answer unknown)"),
            OpOutcome::Fail => out.write_str(" (failed)"),
            OpOutcome::Ok(OpValue::Nil) if !self.f.answers() => Ok(()),
            OpOutcome::Ok(v) => write!(out, " -> {v}"),
        }
    }
}

impl F {
    /// True for functions whose answer carries a value.
    pub fn answers(self) -> bool {
        !matches!(
            self,
            F::Write
                | F::Put
                | F::Append
                | F::Acquire
                | F::Release
                | F::Add
                | F::Remove
                | F::Enqueue
                | F::Push
        )
    }

    /// True for functions that never change the object.
    pub fn reads_only(self) -> bool {
        matches!(self, F::Read | F::Get | F::Contains | F::Len)
    }
}

/// Client operations in the order of their invocations. Grows while a run goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Operation `i` has id `i`.
    pub ops: Vec<HistoryOp>,
}

impl History {
    /// Records an invocation and answers its id.
    pub fn invoke(
        &mut self,
        process: u32,
        key: Option<String>,
        f: F,
        args: Vec<OpValue>,
        at: u64,
    ) -> u32 {
        let id = self.ops.len() as u32;
        let outcome = OpOutcome::Open;
        self.ops.push(HistoryOp { id, process, key, f, args, invoke: at, ret: None, outcome });
        id
    }

    /// Records how operation `id` ended. An id that was never invoked is ignored.
    pub fn complete(&mut self, id: u32, at: u64, outcome: OpOutcome) {
        if let Some(op) = self.ops.get_mut(id as usize) {
            op.ret = Some(at);
            op.outcome = outcome;
        }
    }
}

/// What a judge says, with its witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryVerdict {
    /// The history is allowed.
    Ok(Legal),
    /// It is not.
    Illegal(Illegal),
    /// It is not known.
    Unknown(Undecided),
}

/// Why there is no verdict.
pub(crate) const SPENT: &str = "the search budget was spent";

/// Why there is no verdict, and how far the search came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecided {
    /// One plain sentence without its full stop.
    pub because: String,
    /// The longest beginning of an order that was found: it explains the answers of the operations
    /// it holds. Empty where no order is searched for.
    pub order: Vec<u32>,
}

impl Undecided {
    /// Without an order.
    pub fn new(because: impl Into<String>) -> Undecided {
        Undecided { because: because.into(), order: Vec::new() }
    }
}

impl fmt::Display for Undecided {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.because)
    }
}

/// Why a history is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Legal {
    /// One order of operation ids that replays on the model; empty where the level asks for
    /// no single order.
    pub order: Vec<u32>,
    /// For levels that give each process its own view: process and its order.
    pub views: Vec<(u32, Vec<u32>)>,
}

/// Why a history is not allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Illegal {
    /// Operations that alone are already illegal, and of which none can be left out.
    pub core: Vec<u32>,
    /// Operations that explain why: still illegal even if every other operation invoked before
    /// the last of them returned may have happened at any time, or never. Contains `core`.
    pub cause: Vec<u32>,
    /// Adya's (or the session guarantee's) names, where the level has some.
    pub anomalies: Vec<String>,
    /// False if the budget was spent before `core` and `cause` were as small as they can be.
    pub minimal: bool,
    /// One plain sentence.
    pub because: String,
}

impl HistoryVerdict {
    /// `ok`, `illegal` or `unknown`.
    pub fn name(&self) -> &'static str {
        match self {
            HistoryVerdict::Ok(_) => "ok",
            HistoryVerdict::Illegal(_) => "illegal",
            HistoryVerdict::Unknown(_) => "unknown",
        }
    }
}

/// How long a judge may think. It never looks at a clock of its own.
pub struct Budget<'a> {
    /// Search steps left.
    pub steps: u64,
    /// Asked now and then; true stops the search.
    pub should_stop: &'a dyn Fn() -> bool,
}

impl Budget<'static> {
    /// A budget of so many steps that nothing else can stop.
    pub fn steps(steps: u64) -> Self {
        Budget { steps, should_stop: &|| false }
    }
}

impl Budget<'_> {
    /// Takes up to `want` steps; none when the budget is spent or the caller wants to stop.
    pub(crate) fn take(&mut self, want: u64) -> Option<u64> {
        if self.steps == 0 || (self.should_stop)() {
            return None;
        }
        let got = want.min(self.steps);
        self.steps -= got;
        Some(got)
    }
}
