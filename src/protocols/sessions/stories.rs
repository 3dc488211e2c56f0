//! Its stories, its re-enactments and its challenges.

use crate::stories::{Ask, Challenge, Limits, Step, Story};

pub(super) const STORIES: &[Story] = &[];
pub(super) const CHALLENGES: &[Challenge] = &[];
