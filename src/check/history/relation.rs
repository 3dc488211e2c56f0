//! Relations over the numbers below n, as rows of bits.

/// A relation; `has(a, b)` reads "a before b".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitRelation {
    n: usize,
    words: usize,
    rows: Vec<u64>,
}

impl BitRelation {
    /// The empty relation.
    pub fn new(n: usize) -> BitRelation {
        let words = n.div_ceil(64);
        BitRelation { n, words, rows: vec![0; n * words] }
    }

    /// Adds a pair; true if it was not there.
    pub fn add(&mut self, a: usize, b: usize) -> bool {
        let word = &mut self.rows[a * self.words + b / 64];
        let new = *word & (1 << (b % 64)) == 0;
        *word |= 1 << (b % 64);
        new
    }

    /// Whether the pair is there.
    pub fn has(&self, a: usize, b: usize) -> bool {
        self.rows[a * self.words + b / 64] & (1 << (b % 64)) != 0
    }

    /// What comes before `b`.
    pub fn before(&self, b: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.n).filter(move |&a| self.has(a, b))
    }

    /// The pairs of either.
    pub fn union(&self, other: &BitRelation) -> BitRelation {
        let mut out = self.clone();
        out.rows.iter_mut().zip(&other.rows).for_each(|(a, b)| *a |= b);
        out
    }

    /// Pairs joined by a pair of this relation and then one of `other`.
    pub fn then(&self, other: &BitRelation) -> BitRelation {
        let mut out = BitRelation::new(self.n);
        for a in 0..self.n {
            for k in (0..self.n).filter(|&k| self.has(a, k)) {
                for w in 0..self.words {
                    out.rows[a * self.words + w] |= other.rows[k * self.words + w];
                }
            }
        }
        out
    }

    /// Adds every pair that follows by transitivity (Warshall).
    pub fn close(&mut self) {
        for k in 0..self.n {
            let row = self.rows[k * self.words..(k + 1) * self.words].to_vec();
            for a in 0..self.n {
                if a != k && self.has(a, k) {
                    let mine = &mut self.rows[a * self.words..(a + 1) * self.words];
                    mine.iter_mut().zip(&row).for_each(|(m, r)| *m |= r);
                }
            }
        }
    }

    /// Closes the relation over one new pair; it was closed before.
    pub fn add_closed(&mut self, a: usize, b: usize) {
        if self.has(a, b) {
            return;
        }
        let mut row = self.rows[b * self.words..(b + 1) * self.words].to_vec();
        row[b / 64] |= 1 << (b % 64);
        for x in 0..self.n {
            if x == a || self.has(x, a) {
                let mine = &mut self.rows[x * self.words..(x + 1) * self.words];
                mine.iter_mut().zip(&row).for_each(|(m, r)| *m |= r);
            }
        }
    }

    /// Whether something comes before itself; the relation must be closed.
    pub fn cyclic(&self) -> bool {
        (0..self.n).any(|i| self.has(i, i))
    }

    /// An order of `items` that keeps the relation, which must be closed and acyclic: what has
    /// fewer predecessors comes first.
    pub fn order(&self, items: &[usize]) -> Vec<usize> {
        let mut out = items.to_vec();
        out.sort_by_cached_key(|&x| items.iter().filter(|&&y| self.has(y, x)).count());
        out
    }
}
