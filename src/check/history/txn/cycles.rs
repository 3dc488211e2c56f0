//! Cycles of a dependency graph, by the kinds of edges they need.

use super::names;
use crate::check::history::relation::BitRelation;
use crate::core::sorted::SortedSet;

/// Kinds of edges between transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// The second overwrote the first.
    Ww,
    /// The second read what the first wrote.
    Wr,
    /// The second overwrote what the first read.
    Rw,
    /// The second followed in the same session.
    Process,
    /// The second was invoked after the first had returned.
    Realtime,
}

/// Vertices of one strongly connected component may be so many.
const MAX_COMPONENT: usize = 2500;

/// Names of all cycles that are not implied by others of the same component; nothing if a
/// component is too large.
pub fn find(n: usize, edges: &SortedSet<(usize, usize, Edge)>) -> Option<SortedSet<&'static str>> {
    let mut found = SortedSet::new();
    for part in components(n, edges) {
        if part.len() > MAX_COMPONENT {
            return None;
        }
        found.extend(within(&part, edges));
    }
    Some(found)
}

fn within(part: &[usize], edges: &SortedSet<(usize, usize, Edge)>) -> SortedSet<&'static str> {
    let local = |v: usize| part.binary_search(&v).ok();
    let mine: Vec<(usize, usize, Edge)> =
        edges.iter().filter_map(|&(a, b, e)| Some((local(a)?, local(b)?, e))).collect();
    let mut found: SortedSet<&'static str> = SortedSet::new();
    let mut known: SortedSet<&'static str> = SortedSet::new();
    let variants: [(&[Edge], [&'static str; 5]); 3] = [
        (&[], ["G0", "G1c", "G-single-item", "G-nonadjacent-item", "G2-item"]),
        (
            &[Edge::Process],
            [
                "G0-process",
                "G1c-process",
                "G-single-item-process",
                "G-nonadjacent-item-process",
                "G2-item-process",
            ],
        ),
        (
            &[Edge::Process, Edge::Realtime],
            [
                "G0-realtime",
                "G1c-realtime",
                "G-single-item-realtime",
                "G-nonadjacent-item-realtime",
                "G2-item-realtime",
            ],
        ),
    ];
    for (extra, names) in variants {
        let present = kinds(part.len(), &mine, extra);
        for (name, present) in names.into_iter().zip(present) {
            if present && !known.contains(name) {
                found.insert(name);
                known.extend(names::implied(name));
            }
        }
    }
    found
}

/// Whether there are cycles of the five kinds, with `extra` edges allowed anywhere.
fn kinds(n: usize, edges: &[(usize, usize, Edge)], extra: &[Edge]) -> [bool; 5] {
    let closed = |allowed: &[Edge]| {
        let mut r = BitRelation::new(n);
        for &(a, b, e) in edges {
            if allowed.contains(&e) || extra.contains(&e) {
                r.add(a, b);
            }
        }
        r.close();
        r
    };
    let of = |e: Edge| edges.iter().filter(move |x| x.2 == e);
    let ww = closed(&[Edge::Ww]);
    let dep = closed(&[Edge::Ww, Edge::Wr]);
    let all = closed(&[Edge::Ww, Edge::Wr, Edge::Rw]);
    // Composed: dependencies, then one anti-dependency.
    let mut composed = BitRelation::new(n);
    for &(u, v, _) in of(Edge::Rw) {
        (0..n).filter(|&a| dep.has(a, u)).for_each(|a| {
            composed.add(a, v);
        });
    }
    composed.close();
    [
        ww.cyclic(),
        of(Edge::Wr).any(|&(a, b, _)| dep.has(b, a)),
        of(Edge::Rw).any(|&(a, b, _)| dep.has(b, a)),
        composed.cyclic(),
        of(Edge::Rw).any(|&(a, b, _)| all.has(b, a)),
    ]
}

/// Strongly connected components of two or more vertices, each sorted (Tarjan, iterative).
fn components(n: usize, edges: &SortedSet<(usize, usize, Edge)>) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); n];
    for &(a, b, _) in edges {
        out[a].push(b);
    }
    let (mut index, mut low) = (vec![usize::MAX; n], vec![0; n]);
    let (mut on, mut stack, mut next) = (vec![false; n], Vec::new(), 0);
    let mut parts = Vec::new();
    for root in 0..n {
        if index[root] != usize::MAX {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some(&mut (v, ref mut i)) = work.last_mut() {
            if *i == 0 {
                (index[v], low[v], on[v]) = (next, next, true);
                next += 1;
                stack.push(v);
            }
            if let Some(&w) = out[v].get(*i) {
                *i += 1;
                if index[w] == usize::MAX {
                    work.push((w, 0));
                } else if on[w] {
                    low[v] = low[v].min(index[w]);
                }
                continue;
            }
            work.pop();
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[v]);
            }
            if low[v] == index[v] {
                let mut part = Vec::new();
                while let Some(w) = stack.pop() {
                    on[w] = false;
                    part.push(w);
                    if w == v {
                        break;
                    }
                }
                part.sort_unstable();
                if part.len() > 1 {
                    parts.push(part);
                }
            }
        }
    }
    parts
}
