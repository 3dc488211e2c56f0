//! What a hunt brings home: a run that the page can show.

use crate::check::shrink::Violating;
use crate::check::solve;
use crate::check::worlds::{Found, GOAL};
use crate::core::config::Setup;
use crate::protocols::Scene;
use crate::share::link::Link;
use crate::stories::Challenge;
use serde::Serialize;

/// A run that breaks a property or reaches a goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The property; `goal` for a goal.
    pub property: &'static str,
    /// Interventions.
    pub length: u64,
    /// The run, its cursor where it breaks.
    pub link: String,
    /// The seed that found it, if one did.
    pub seed: Option<u64>,
    /// The first step of the violation.
    pub step: u64,
    /// For a challenge: what a solution spends, how it begins, and how it goes on half-way.
    pub hints: Vec<String>,
}

/// Where a violation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Find {
    pub property: &'static str,
    seed: Option<u64>,
}

impl Find {
    pub fn searched(property: &'static str) -> Find {
        Find { property, seed: None }
    }

    pub fn seeded(property: &'static str, seed: u64) -> Find {
        Find { property, seed: Some(seed) }
    }

    pub fn hit(self, small: &Violating) -> Hit {
        let Violating { setup, journal, step, at, .. } = small;
        let link = Link { cursor: *step, time: *at, ..Link::new(setup.clone(), journal.clone()) };
        Hit {
            property: self.property,
            length: small.length(),
            link: link.fragment(),
            seed: self.seed,
            step: *step,
            hints: Vec::new(),
        }
    }
}

/// A challenge's shortest solution.
pub(super) fn solution(
    scene: &Scene,
    setup: &Setup,
    challenge: &Challenge,
    found: Found,
) -> Result<Hit, String> {
    let link = solve::witness(scene, setup, challenge.until, &found)?;
    let hints = solve::hints(scene, setup, &found)?;
    let (length, step) = (found.length() as u64, link.cursor);
    Ok(Hit { property: GOAL, length, link: link.fragment(), seed: None, step, hints })
}
