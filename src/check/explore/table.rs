//! An open-addressing table of 64-bit fingerprints.

/// Fingerprints with a small value each; `Table<()>` is a set of eight bytes a slot.
///
/// Linear probing at no more than three quarters full. Fingerprints must be well mixed in their
/// high bits.
#[derive(Clone, Debug)]
pub struct Table<V> {
    keys: Vec<u64>,
    values: Vec<V>,
    len: u64,
    shift: u32,
}

const FIRST_BITS: u32 = 10;

/// Zero marks a free slot, so its fingerprint borrows that of one.
#[inline]
fn key(fingerprint: u64) -> u64 {
    fingerprint | u64::from(fingerprint == 0)
}

impl<V: Copy + Default> Table<V> {
    /// An empty table.
    pub fn new() -> Self {
        Self::with_bits(FIRST_BITS)
    }

    fn with_bits(bits: u32) -> Self {
        let size = 1usize << bits;
        Table { keys: vec![0; size], values: vec![V::default(); size], len: 0, shift: 64 - bits }
    }

    /// How many fingerprints are in.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        self.keys.len() as u64 * (8 + size_of::<V>() as u64)
    }

    /// The slot that holds `key`, or the free one where it belongs.
    #[inline]
    fn slot(&self, key: u64) -> usize {
        let mask = self.keys.len() - 1;
        let mut at = (key >> self.shift) as usize;
        while self.keys[at & mask] != key && self.keys[at & mask] != 0 {
            at += 1;
        }
        at & mask
    }

    /// The value kept with a fingerprint.
    #[inline]
    pub fn get(&self, fingerprint: u64) -> Option<V> {
        let at = self.slot(key(fingerprint));
        (self.keys[at] != 0).then(|| self.values[at])
    }

    /// Whether a fingerprint is in.
    #[inline]
    pub fn contains(&self, fingerprint: u64) -> bool {
        self.keys[self.slot(key(fingerprint))] != 0
    }

    /// Adds a fingerprint. Gives back the value it already had, if it was in; that one stays.
    #[inline]
    pub fn insert(&mut self, fingerprint: u64, value: V) -> Option<V> {
        let key = key(fingerprint);
        let at = self.slot(key);
        if self.keys[at] != 0 {
            return Some(self.values[at]);
        }
        self.keys[at] = key;
        self.values[at] = value;
        self.len += 1;
        if self.len * 4 > self.keys.len() as u64 * 3 {
            self.grow();
        }
        None
    }

    #[cold]
    fn grow(&mut self) {
        let mut wider = Self::with_bits(64 - self.shift + 1);
        for (&key, &value) in self.keys.iter().zip(&self.values).filter(|(k, _)| **k != 0) {
            let at = wider.slot(key);
            wider.keys[at] = key;
            wider.values[at] = value;
        }
        wider.len = self.len;
        *self = wider;
    }
}

impl<V: Copy + Default> Default for Table<V> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::hash::fingerprint;
    use crate::core::sorted::SortedMap;

    #[test]
    fn agrees_with_an_ordered_map() {
        let mut table = Table::new();
        let mut model = SortedMap::new();
        for i in 0..20_000u32 {
            let fp = fingerprint(&(i % 7_000));
            let before = model.get(&fp).copied();
            model.entry(fp).or_insert(i);
            assert_eq!(table.insert(fp, i), before);
        }
        assert_eq!(table.len(), model.len() as u64);
        assert!(model.iter().all(|(fp, v)| table.get(*fp) == Some(*v)));
        assert!((0..7_000u32).all(|i| !table.contains(fingerprint(&(i, 'x')))));
    }

    #[test]
    fn extreme_keys_wrap_around() {
        let mut table = Table::new();
        let keys: Vec<u64> = (0..300).map(|i| u64::MAX - i).chain([0]).collect();
        assert!(keys.iter().all(|k| table.insert(*k, ()).is_none()));
        assert!(keys.iter().all(|k| table.contains(*k)));
        assert_eq!(table.insert(1, ()), Some(()), "zero and one share a slot");
    }
}
