//! What must come before what in every legal order of reads and writes, as far as it follows
//! from which write each read saw. It narrows a search; it does not replace it.

use super::relation::BitRelation;

/// The start, as the source of a read.
pub const INIT: usize = usize::MAX;

/// Reads and writes of one key.
#[derive(Clone, Debug, Default)]
pub struct KeyAccesses {
    /// Events that write it.
    pub writers: Vec<usize>,
    /// Events that read it, and the event each saw.
    pub reads: Vec<(usize, usize)>,
    /// Spans of a snapshot that writes it, from reading to writing; two may not overlap.
    pub spans: Vec<(usize, usize)>,
}

/// Closes `order` under: a write before the read is before the write it saw; a write after the
/// write it saw is after the read; of two spans, one ends before the other begins. False if
/// something would have to come before itself.
pub fn saturate(order: &mut BitRelation, keys: &[KeyAccesses]) -> bool {
    order.close();
    for key in keys {
        for &(r, w) in key.reads.iter().filter(|x| x.1 != INIT && x.0 != x.1) {
            order.add_closed(w, r);
        }
    }
    loop {
        let mut changed = false;
        let mut add = |order: &mut BitRelation, a: usize, b: usize| {
            if !order.has(a, b) {
                order.add_closed(a, b);
                changed = true;
            }
        };
        for key in keys {
            for &(r, w) in &key.reads {
                for &o in key.writers.iter().filter(|&&o| o != w && o != r) {
                    if w == INIT || order.has(w, o) {
                        add(order, r, o);
                    } else if order.has(o, r) {
                        add(order, o, w);
                    }
                }
            }
            for &(r1, w1) in &key.spans {
                for &(r2, w2) in key.spans.iter().filter(|s| s.0 != r1) {
                    if order.has(r2, w1) {
                        add(order, w2, r1);
                    }
                }
            }
        }
        if order.cyclic() {
            return false;
        }
        if !changed {
            return true;
        }
    }
}
