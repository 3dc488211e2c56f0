//! A reliable link between two processes over one that loses, doubles and reorders: messages are
//! numbered, and what is not acknowledged is sent again. Kept on disk, so that a restart reconnects.

use crate::core::declare::fields;
use crate::core::sorted::SortedMap;

/// One end of a link. What is sent is kept until the other end has acknowledged it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel<M> {
    /// Messages ever sent.
    pub sent: u32,
    /// Those not acknowledged, the oldest first; the last has number `sent`.
    pub unacknowledged: Vec<M>,
    /// All up to this number have been taken.
    pub got: u32,
    /// Came before one that is still missing, by number.
    pub early: SortedMap<u32, M>,
}

impl<M> Default for Channel<M> {
    fn default() -> Self {
        Channel { sent: 0, unacknowledged: Vec::new(), got: 0, early: SortedMap::new() }
    }
}

/// What travels: a message with its number, or only an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Packet<M> {
    /// The message's number on the link, from 1; 0 if there is only the acknowledgement.
    pub nth: u32,
    /// The sender has taken all up to this number.
    pub ack: u32,
    /// The message.
    pub body: Option<M>,
}

// A link's own numbers are not lied about: they are below the protocol.
fields!(struct Packet<M> {
    nth: u32 as fixed = "place on the link",
    ack: u32 as fixed = "taken so far",
    body: Option<M> as part,
});
fields!(struct Channel<M> {
    sent: u32 as fixed,
    unacknowledged: Vec<M>,
    got: u32 as fixed,
    early: SortedMap<u32, M>,
});

impl<M: Clone> Channel<M> {
    /// Sends a message.
    pub fn send(&mut self, body: M) -> Packet<M> {
        self.sent += 1;
        self.unacknowledged.push(body.clone());
        Packet { nth: self.sent, ack: self.got, body: Some(body) }
    }

    /// Only says what has been taken.
    pub fn acknowledge(&self) -> Packet<M> {
        Packet { nth: 0, ack: self.got, body: None }
    }

    /// Everything not acknowledged, once more.
    pub fn again(&self) -> impl Iterator<Item = Packet<M>> {
        let first = self.sent - self.unacknowledged.len() as u32 + 1;
        let packet =
            |(nth, body): (u32, &M)| Packet { nth, ack: self.got, body: Some(body.clone()) };
        (first..).zip(&self.unacknowledged).map(packet)
    }

    /// Takes an acknowledgement.
    pub fn confirm(&mut self, ack: u32) {
        let first = self.sent - self.unacknowledged.len() as u32 + 1;
        let known = (ack.min(self.sent) + 1).saturating_sub(first) as usize;
        self.unacknowledged.drain(..known);
    }

    /// Has this message been taken or put aside before?
    pub fn knows(&self, nth: u32) -> bool {
        nth <= self.got || self.early.contains_key(&nth)
    }

    /// Puts a message in its place.
    pub fn arrive(&mut self, nth: u32, body: M) {
        self.early.insert(nth, body);
    }

    /// Takes the message whose turn it is, if it is there.
    pub fn take(&mut self) -> Option<(u32, M)> {
        let (nth, body) = (self.got + 1, self.early.remove(&(self.got + 1))?);
        self.got = nth;
        Some((nth, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is lost, doubled or reordered on the way, the other end takes everything once
        /// and in order, as soon as enough of it is sent again.
        #[test]
        fn everything_comes_once_and_in_order(fates in prop::collection::vec(0u8..5, 1..80)) {
            let (mut a, mut b) = (Channel::default(), Channel::default());
            let mut air: Vec<Packet<u32>> = Vec::new();
            let mut taken = Vec::new();
            let mut receive = |b: &mut Channel<u32>, p: Packet<u32>| {
                let body = p.body.expect("a message");
                if !b.knows(p.nth) {
                    b.arrive(p.nth, body);
                }
                while let Some((_, m)) = b.take() {
                    taken.push(m);
                }
            };
            let mut n = 0;
            for fate in fates {
                match fate {
                    0 => { n += 1; air.push(a.send(n)); }
                    1 => { air.pop(); }
                    2 => air.extend(a.again()),
                    3 => a.confirm(b.acknowledge().ack),
                    _ => if !air.is_empty() { let p = air.swap_remove(air.len() / 2); receive(&mut b, p) },
                }
            }
            for p in a.again().collect::<Vec<_>>() {
                receive(&mut b, p);
            }
            a.confirm(b.acknowledge().ack);
            prop_assert!(a.unacknowledged.is_empty());
            prop_assert_eq!(taken, (1..=n).collect::<Vec<_>>());
        }
    }
}
