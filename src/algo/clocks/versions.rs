//! The two ways in which siblings were told apart before dots, to compare with: one version vector
//! for all siblings of a key, counting the servers' writes; and a version vector a sibling, counting
//! the clients' (Preguica et al. 2010, section 2).

use super::VectorClock;

/// All siblings under one vector: a write that had not read all of them removes none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OneVector<K: Ord, V> {
    vector: VectorClock<K>,
    values: Vec<V>,
}

impl<K: Ord, V> Default for OneVector<K, V> {
    fn default() -> Self {
        OneVector { vector: VectorClock::default(), values: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> OneVector<K, V> {
    /// The siblings.
    pub fn values(&self) -> &[V] {
        &self.values
    }

    /// The same with another vector and other values.
    pub fn map(&self, vector: VectorClock<K>, value: impl FnMut(&V) -> V) -> Self {
        OneVector { vector, values: self.values.iter().map(value).collect() }
    }

    /// What a reader of all siblings has read.
    pub fn context(&self) -> &VectorClock<K> {
        &self.vector
    }

    /// Takes a write at `server` by a client that had read `context`.
    pub fn update(&mut self, server: &K, context: &VectorClock<K>, value: V) {
        if context.includes(&self.vector) {
            self.values.clear();
        }
        self.vector.merge(context);
        self.vector.increment(server);
        self.values.push(value);
    }

    /// Joins another replica's siblings.
    pub fn sync(&mut self, other: &Self) {
        if self.vector.includes(&other.vector) {
            return;
        }
        if other.vector.includes(&self.vector) {
            self.values.clear();
        }
        self.vector.merge(&other.vector);
        let new: Vec<V> =
            other.values.iter().filter(|v| !self.values.contains(v)).cloned().collect();
        self.values.extend(new);
    }
}

/// A vector a sibling, counting what each client wrote: exact, and as long as there are clients.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ByClient<K: Ord, V> {
    versions: Vec<(VectorClock<K>, V)>,
}

impl<K: Ord, V> Default for ByClient<K, V> {
    fn default() -> Self {
        ByClient { versions: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone> ByClient<K, V> {
    /// The siblings, each with its vector.
    pub fn versions(&self) -> &[(VectorClock<K>, V)] {
        &self.versions
    }

    /// The same with other values.
    pub fn map(&self, mut value: impl FnMut(&V) -> V) -> Self {
        ByClient { versions: self.versions.iter().map(|(v, w)| (v.clone(), value(w))).collect() }
    }

    /// What a reader of all siblings has read.
    pub fn context(&self) -> VectorClock<K> {
        let mut all = VectorClock::new();
        self.versions.iter().for_each(|(v, _)| all.merge(v));
        all
    }

    /// Takes the `nth` write of a client that had read `context`, its own last write included.
    pub fn update(&mut self, client: &K, nth: u64, context: &VectorClock<K>, value: V) {
        let mut vector = context.clone();
        vector.set(client.clone(), nth);
        self.versions.retain(|(v, _)| !vector.includes(v));
        self.versions.push((vector, value));
    }

    /// Joins another replica's siblings.
    pub fn sync(&mut self, other: &Self) {
        for (vector, value) in &other.versions {
            if self.versions.iter().any(|(v, _)| v.includes(vector)) {
                continue;
            }
            self.versions.retain(|(v, _)| !vector.includes(v));
            self.versions.push((vector.clone(), value.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algo::clocks::Siblings;

    type Clock = VectorClock<char>;

    /// Two clients write through one server in turn, each having read what it was told after its
    /// last write: two siblings by dots and by clients' vectors, and one more with every write under
    /// the server's one vector.
    #[test]
    fn one_vector_lets_siblings_explode() {
        let mut dotted = Siblings::new();
        let (mut one, mut by) = (OneVector::default(), ByClient::default());
        let mut read: [(Clock, Clock, Clock); 2] = Default::default();
        for nth in 0u64..12 {
            let client = (nth % 2) as usize;
            let (d, o, c) = read[client].clone();
            dotted.update(&'s', d, nth);
            one.update(&'s', &o, nth);
            by.update(&['m', 'n'][client], nth / 2 + 1, &c, nth);
            read[client] = (dotted.context(), one.context().clone(), by.context());
            let expected = (nth + 1).min(2) as usize;
            assert_eq!(dotted.versions().len(), expected, "dots, write {nth}");
            assert_eq!(by.versions().len(), expected, "clients, write {nth}");
            assert_eq!(one.values().len(), nth as usize + 1, "one vector, write {nth}");
        }
        assert_eq!(by.versions()[0].0.len(), 2, "a place a client");
    }

    #[test]
    fn replicas_agree_after_they_have_synchronised() {
        let (mut a, mut b) = (OneVector::default(), OneVector::default());
        a.update(&'a', &Clock::new(), 1);
        b.update(&'b', &Clock::new(), 2);
        a.sync(&b);
        b.sync(&a);
        assert_eq!((a.values().len(), b.values().len()), (2, 2));
        let (mut c, mut d) = (ByClient::default(), ByClient::default());
        c.update(&'m', 1, &Clock::new(), 1);
        d.sync(&c);
        d.update(&'n', 1, &d.context(), 2);
        c.sync(&d);
        assert_eq!(c.versions().len(), 1);
        assert_eq!(c.versions()[0].1, 2);
    }
}
