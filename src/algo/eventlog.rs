//! Appending to a stream with an expected version, as EventStoreDB does it: optimistic
//! concurrency, and retries that do nothing twice.

/// What a writer claims of the stream it appends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Any,
    /// It does not exist (version -1).
    NoStream,
    /// It exists.
    Exists,
    /// Its last event has this number, from 0.
    Version(u64),
}

/// Why nothing was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongExpectedVersion {
    /// The number of the stream's last event, if it has one.
    pub current: Option<u64>,
}

/// What an append did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The events are new.
    Written,
    /// The events were already there: where they were asserted to go, or, if nothing was asserted,
    /// anywhere and in any order.
    AlreadyThere,
}

/// An append-only stream of events, each known by a unique id.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventLog<Id> {
    events: Vec<Id>,
}

impl<Id: Clone + PartialEq> EventLog<Id> {
    /// A stream that does not exist yet.
    pub fn new() -> Self {
        EventLog { events: Vec::new() }
    }

    /// The ids in order.
    pub fn events(&self) -> &[Id] {
        &self.events
    }

    /// Appends `ids` if the stream is as `expected`. A write whose events are already there is a
    /// success that changes nothing: at the asserted position in order, or, where none is asserted,
    /// anywhere. As in EventStoreDB its first event decides whether it is a retry; one of which only
    /// a part is there is refused.
    pub fn append(
        &mut self,
        expected: Expected,
        ids: &[Id],
    ) -> Result<Appended, WrongExpectedVersion> {
        let length = self.events.len() as u64;
        let wrong = WrongExpectedVersion { current: length.checked_sub(1) };
        let from = match expected {
            Expected::Exists if length == 0 => return Err(wrong),
            Expected::Any | Expected::Exists => {
                let mut there = ids.iter().map(|id| self.events.contains(id));
                if there.next() == Some(true) {
                    return there.all(|t| t).then_some(Appended::AlreadyThere).ok_or(wrong);
                }
                length
            }
            Expected::NoStream => 0,
            Expected::Version(version) => version.checked_add(1).ok_or(wrong)?,
        };
        if from < length && !ids.is_empty() {
            let there = &self.events[from as usize..];
            return there.starts_with(ids).then_some(Appended::AlreadyThere).ok_or(wrong);
        }
        if from != length {
            return Err(wrong);
        }
        self.events.extend_from_slice(ids);
        Ok(Appended::Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_retry_is_a_success_that_changes_nothing() {
        let mut log = EventLog::new();
        assert_eq!(log.append(Expected::NoStream, &[0, 1, 2]), Ok(Appended::Written));
        assert_eq!(log.append(Expected::NoStream, &[0, 1, 2]), Ok(Appended::AlreadyThere));
        assert_eq!(log.append(Expected::Version(0), &[1]), Ok(Appended::AlreadyThere));
        for retry in [&[1, 2][..], &[0, 2], &[2, 0], &[1, 1]] {
            assert_eq!(log.append(Expected::Any, retry), Ok(Appended::AlreadyThere));
            assert_eq!(log.append(Expected::Exists, retry), Ok(Appended::AlreadyThere));
        }
        // Where a version is asserted, the order counts.
        let moved = Err(WrongExpectedVersion { current: Some(2) });
        assert_eq!(log.append(Expected::NoStream, &[0, 2]), moved);
        assert_eq!(log.append(Expected::Any, &[2, 9]), moved);
        let wrong = Err(WrongExpectedVersion { current: Some(2) });
        assert_eq!(log.append(Expected::Version(1), &[9]), wrong);
        assert_eq!(log.append(Expected::Version(3), &[9]), wrong);
        assert_eq!(log.append(Expected::Version(2), &[0]), Ok(Appended::Written));
        assert_eq!(log.events(), [0, 1, 2, 0]);
    }

    #[test]
    fn a_stream_that_must_exist_must_exist() {
        let mut log = EventLog::new();
        assert_eq!(log.append(Expected::Exists, &[1]), Err(WrongExpectedVersion { current: None }));
        assert_eq!(
            log.append(Expected::Version(0), &[1]),
            Err(WrongExpectedVersion { current: None })
        );
        assert_eq!(log.append(Expected::Any, &[1]), Ok(Appended::Written));
        assert_eq!(log.append(Expected::Exists, &[2]), Ok(Appended::Written));
    }

    proptest! {
        /// Of two writers that both read version v, at most one succeeds in writing.
        #[test]
        fn one_of_two_racing_writers_wins(length in 0u64..6, version in 0u64..8) {
            let mut log = EventLog::new();
            (0..length).for_each(|id| { log.append(Expected::Any, &[id]).unwrap(); });
            let won = |r| r == Ok(Appended::Written);
            let first = won(log.append(Expected::Version(version), &[100]));
            let second = won(log.append(Expected::Version(version), &[200]));
            prop_assert_eq!(first, version + 1 == length);
            prop_assert!(!(first && second));
        }
    }
}
