//! Places on a map: what a message takes from one to another. Servers stand in turn in the regions
//! of a map, and so do clients.

/// A map of places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Map {
    /// Everything is in one place.
    #[default]
    One,
    /// Virginia, Oregon, Ireland.
    Three,
    /// These, Tokyo and Singapore.
    Five,
}

/// What the places are called.
pub const NAMES: [&str; 5] = ["Virginia", "Oregon", "Ireland", "Tokyo", "Singapore"];

/// Where [`ROUND_TRIPS`] come from.
pub const SOURCE: &str = "average round trips between AWS regions in 2017, as tabled in A Computer Scientist Learns AWS, chapter 1";

/// Average round trips in tenths of a millisecond, in the order of [`NAMES`]. The source measures
/// each way on its own, which differ by a few per cent; this is the row of the region named first.
const ROUND_TRIPS: [[u32; 5]; 5] = [
    [0, 870, 806, 1453, 2167],
    [870, 0, 1370, 891, 1614],
    [806, 1370, 0, 2124, 2390],
    [1453, 891, 2124, 0, 738],
    [2167, 1614, 2390, 738, 0],
];

impl Map {
    /// All maps, in the order of the knob.
    pub const ALL: [Map; 3] = [Map::One, Map::Three, Map::Five];

    /// How many places it has.
    pub fn places(self) -> u16 {
        match self {
            Map::One => 1,
            Map::Three => 3,
            Map::Five => 5,
        }
    }

    /// Where server or client number `n` stands, counted from 0 each.
    pub fn place(self, n: u16) -> usize {
        usize::from(n % self.places())
    }

    /// What a place is called; nothing where there is only one.
    pub fn name(self, n: u16) -> Option<&'static str> {
        (self != Map::One).then(|| NAMES[self.place(n)])
    }

    /// Microseconds that a message takes between two places, besides what it takes within one: half
    /// of a round trip.
    pub fn way(self, from: usize, to: usize) -> u64 {
        u64::from(ROUND_TRIPS[from.min(4)][to.min(4)]) * 100 / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_as_long_back_and_no_detour_is_much_shorter() {
        for a in 0..5 {
            assert_eq!(Map::Five.way(a, a), 0);
            for b in 0..5 {
                assert_eq!(Map::Five.way(a, b), Map::Five.way(b, a));
                for c in 0..5 {
                    let detour = Map::Five.way(a, c) + Map::Five.way(c, b);
                    assert!(Map::Five.way(a, b) <= detour + detour / 10, "{a} {b} by {c}");
                }
            }
        }
        assert_eq!(Map::Three.way(0, 1), 43_500);
        assert_eq!((Map::Three.name(4), Map::One.name(4)), (Some("Oregon"), None));
    }
}
