//! What a challenge asks for, held against each step of a search.

use crate::core::trace::Trace;
use crate::core::view::Event;
use crate::core::world::World;
use crate::stories::condition::Condition;
use crate::stories::moment::Moment;
use crate::stories::names::Given;

/// A condition that a search looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal(Condition);

impl Goal {
    /// Reads a condition. Time is left out of a search: one that asks for it is refused.
    pub fn read(text: &str) -> Result<Self, String> {
        let condition = Condition::read(text)?;
        match condition.asks_time() {
            true => Err(format!("'{condition}' asks for the time, which a search leaves out")),
            false => Ok(Goal(condition)),
        }
    }

    /// Does it ask how operations ended?
    pub fn needs_trace(&self) -> bool {
        self.0.asks_operations()
    }

    /// Is it true of a state whatever the servers are called?
    pub fn names_nobody(&self) -> bool {
        self.0.names_nobody()
    }

    /// Does it ask who is down, or what was lost?
    pub fn needs_faults(&self) -> bool {
        self.0.asks_faults()
    }

    /// Does this world have what it speaks of?
    pub fn check(&self, world: &World) -> Result<(), String> {
        let (trace, given) = (Trace::default(), Given::new());
        self.0.check(&Moment::new(world, None, &trace, &given))?;
        Ok(())
    }

    /// Does it hold after a step?
    pub(super) fn holds(&self, world: &World, last: &Event, trace: Option<&Trace>) -> bool {
        let (none, given) = (Trace::default(), Given::new());
        let moment = Moment::new(world, Some(last), trace.unwrap_or(&none), &given);
        self.0.holds(&moment) == Ok(true)
    }
}
