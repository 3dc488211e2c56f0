//! What Voting and Paxos share: sets of acceptors, ballots and values as bits.

/// How many acceptors, values and ballots there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BallotCounts {
    /// Acceptors `a1, a2, ...`, at most 7.
    pub acceptors: u32,
    /// Values `v1, v2, ...`.
    pub values: u32,
    /// Ballots `0, 1, ...`.
    pub ballots: u32,
}

impl BallotCounts {
    /// The smallest sets of acceptors that are more than a half, as in the published
    /// configurations; or, for a mutant, exactly a half, rounded up.
    pub fn quorums(&self, minority: bool) -> Vec<u8> {
        let size = if minority { self.acceptors.div_ceil(2) } else { self.acceptors / 2 + 1 };
        let size = if minority && self.acceptors % 2 == 1 { size - 1 } else { size };
        (1..1u8 << self.acceptors).filter(|q| q.count_ones() == size.max(1)).collect()
    }

    /// The bit of the vote of `a` in ballot `b` for `v`.
    pub fn vote(&self, a: u32, b: u32, v: u32) -> u32 {
        (a * self.ballots + b) * self.values + v
    }

    /// The bits of all votes of `a` in ballot `b`.
    pub fn votes_at(&self, a: u32, b: u32) -> u64 {
        ((1 << self.values) - 1) << self.vote(a, b, 0)
    }

    /// Whether every acceptor of `q` has voted for `v` in `b`.
    pub fn all_voted(&self, votes: u64, q: u8, b: u32, v: u32) -> bool {
        members(q).all(|a| votes >> self.vote(a, b, v) & 1 == 1)
    }

    /// The set of values that a quorum has voted for in one ballot.
    pub fn chosen(&self, votes: u64, quorums: &[u8]) -> u64 {
        let mut chosen = 0;
        for v in 0..self.values {
            let at = |b: u32| quorums.iter().any(|q| self.all_voted(votes, *q, b, v));
            chosen |= u64::from((0..self.ballots).any(at)) << v;
        }
        chosen
    }

    /// The set of values that somebody has voted for in ballot `b`.
    pub fn voted_in(&self, votes: u64, b: u32) -> u64 {
        let of = |a| votes >> self.vote(a, b, 0) & ((1 << self.values) - 1);
        (0..self.acceptors).fold(0, |all, a| all | of(a))
    }
}

/// The elements of a set of acceptors.
pub fn members(set: u8) -> impl Iterator<Item = u32> {
    (0..8).filter(move |a| set >> a & 1 == 1)
}

/// The set for people: `{a1, a3}`.
pub fn set_name(set: u8) -> String {
    let names: Vec<String> = members(set).map(|a| format!("a{}", a + 1)).collect();
    format!("{{{}}}", names.join(", "))
}

/// Reads a nibble.
#[inline]
pub fn nibble(word: u32, i: u32) -> u32 {
    word >> (4 * i) & 15
}

/// Writes a nibble.
#[inline]
pub fn with_nibble(word: u32, i: u32, v: u32) -> u32 {
    word & !(15 << (4 * i)) | v << (4 * i)
}

/// All orders of `0..n`, for symmetry; `n` is small.
pub fn permutations(n: u32) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new()];
    for i in 0..n {
        let longer = all.iter().flat_map(|p: &Vec<u32>| {
            (0..=p.len()).map(move |at| {
                let mut q = p.clone();
                q.insert(at, i);
                q
            })
        });
        all = longer.collect();
    }
    all
}
