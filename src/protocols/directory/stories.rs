//! Its story, its re-enactment and its challenges.

use crate::stories::{Challenge, Story};

pub(super) const STORIES: &[Story] = &[];
pub(super) const CHALLENGES: &[Challenge] = &[];
