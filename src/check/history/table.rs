//! Tables of the search, without hash maps of the standard library.

/// Mixes words into one; used only to spread keys over buckets, never for equality.
fn spread(words: impl Iterator<Item = u32>) -> u64 {
    let mut h: u64 = 0x9e37_79b9_7f4a_7c15;
    for w in words {
        h = (h ^ u64::from(w)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h ^= h >> 32;
    }
    h
}

/// Which configurations were visited: (model state, operations done), with dominance.
///
/// A configuration that has used up no fewer of the maybe-applied operations than a visited one,
/// all else being equal, can reach nothing the visited one cannot.
pub struct Visited {
    /// Words of a record: link to the next in its bucket, model state, certain, optional.
    width: usize,
    certain: usize,
    records: Vec<u32>,
    buckets: Vec<u32>,
    len: u32,
}

const NONE: u32 = u32::MAX;

impl Visited {
    /// A table for positions on `certain` chains and `optional` classes.
    pub fn new(certain: usize, optional: usize) -> Visited {
        let width = 2 + certain + optional;
        Visited { width, certain, records: Vec::new(), buckets: vec![NONE; 64], len: 0 }
    }

    /// Words held.
    pub fn words(&self) -> usize {
        self.records.len()
    }

    /// Records a configuration; false if a visited one is at least as good.
    pub fn insert(&mut self, state: u32, at: &[u32]) -> bool {
        let (certain, optional) = at.split_at(self.certain);
        let slot = self.slot(state, certain);
        let mut next = self.buckets[slot];
        while next != NONE {
            let r = self.record(next);
            if r[1] == state && r[2..2 + self.certain] == *certain {
                let used = &r[2 + self.certain..];
                if used.iter().zip(optional).all(|(a, b)| a <= b) {
                    return false;
                }
            }
            next = r[0];
        }
        self.records.push(self.buckets[slot]);
        self.records.push(state);
        self.records.extend_from_slice(at);
        self.buckets[slot] = self.len;
        self.len += 1;
        if self.len as usize > self.buckets.len() {
            self.grow();
        }
        true
    }

    fn record(&self, i: u32) -> &[u32] {
        let at = i as usize * self.width;
        &self.records[at..at + self.width]
    }

    fn slot(&self, state: u32, certain: &[u32]) -> usize {
        let h = spread(std::iter::once(state).chain(certain.iter().copied()));
        (h as usize) & (self.buckets.len() - 1)
    }

    fn grow(&mut self) {
        self.buckets = vec![NONE; self.buckets.len() * 4];
        for i in 0..self.len {
            let at = i as usize * self.width;
            let state = self.records[at + 1];
            let slot = self.slot(state, &self.records[at + 2..at + 2 + self.certain]);
            self.records[at] = self.buckets[slot];
            self.buckets[slot] = i;
        }
    }
}

/// A map from pairs of words to a word; open addressing.
pub struct PairTable {
    slots: Vec<(u32, u32, u32)>,
    len: usize,
}

impl PairTable {
    /// An empty map.
    pub fn new() -> PairTable {
        PairTable { slots: vec![(NONE, NONE, 0); 64], len: 0 }
    }

    /// The word stored under `(a, b)`.
    pub fn get(&self, a: u32, b: u32) -> Option<u32> {
        let (x, y, v) = self.slots[self.find(a, b)];
        ((x, y) == (a, b)).then_some(v)
    }

    /// Stores a word under `(a, b)`; `a` is never `u32::MAX`.
    pub fn put(&mut self, a: u32, b: u32, v: u32) {
        if (self.len + 1) * 2 > self.slots.len() {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![(NONE, NONE, 0); old.len() * 2];
            for (a, b, v) in old.into_iter().filter(|s| s.0 != NONE) {
                let at = self.find(a, b);
                self.slots[at] = (a, b, v);
            }
        }
        let at = self.find(a, b);
        self.len += usize::from(self.slots[at].0 == NONE);
        self.slots[at] = (a, b, v);
    }

    fn find(&self, a: u32, b: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = spread([a, b].into_iter()) as usize & mask;
        while self.slots[at].0 != NONE && (self.slots[at].0, self.slots[at].1) != (a, b) {
            at = (at + 1) & mask;
        }
        at
    }
}
