//! Liveness: behaviours that never reach what was promised.
//!
//! A counter-example to "eventually P" is a stem and a cycle of states without P, around which no
//! weakly fair class of actions ([`StateMachine::fairness`]) stays enabled without being taken; or a stem
//! that ends where no fair action is enabled, so that nothing need happen any more. A step that
//! changes nothing is no step (as in WF_vars of TLA+). Steps out of the state constraint count as
//! enabled but are not followed.
//!
//! A strongly connected component of states without P holds such a cycle exactly if the walk
//! through all of it is one (Lichtenstein and Pnueli 1985), so looking at each component suffices.

use super::model::{ModelProperty, Quantifier, StateMachine};
use super::report::Bounds;
use super::table::Table;
use crate::core::hash::fingerprint;
use crate::core::sorted::{SortedMap, SortedSet};
use std::collections::VecDeque;

const NONE: u32 = u32::MAX;

/// A behaviour that violates an [`Quantifier::Eventually`] property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasso<S, A> {
    /// The property's name.
    pub property: &'static str,
    /// Where it is stated.
    pub cite: &'static str,
    /// The steps from an initial state to the cycle.
    pub stem: Vec<A>,
    /// The steps repeated for ever; empty if nothing need happen any more.
    pub cycle: Vec<A>,
    /// The states of stem and cycle, one more than there are steps.
    pub states: Vec<S>,
}

/// The answer to a liveness question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liveness<S, A> {
    /// Every fair behaviour gets there.
    Holds,
    /// This one does not.
    Violated(Lasso<S, A>),
    /// No violation among the states visited, but the bounds cut the search.
    Unknown,
}

struct GraphEdge {
    /// `NONE` if it leaves the states without P, or the constraint.
    to: u32,
    choice: u16,
    class: Option<u32>,
}

/// The states without P that are reached through such states only.
struct Graph {
    parents: Vec<(u32, u16)>,
    edges: Vec<Vec<GraphEdge>>,
    complete: bool,
}

/// Looks for a fair behaviour on which `property` never becomes true. It answers within the bounds
/// or until `should_stop`; symmetry and reduction are not used.
pub fn lasso<M: StateMachine>(
    model: &M,
    property: &ModelProperty<M>,
    bounds: Bounds,
    should_stop: &mut dyn FnMut() -> bool,
) -> Liveness<M::State, M::Action> {
    if property.kind != Quantifier::Eventually {
        return Liveness::Holds;
    }
    let graph = build(model, property, bounds, should_stop);
    match graph.violation() {
        Some((node, cycle)) => match graph.tell(model, property, node, &cycle) {
            Some(lasso) => Liveness::Violated(lasso),
            None => Liveness::Unknown,
        },
        None if graph.complete => Liveness::Holds,
        None => Liveness::Unknown,
    }
}

/// The breadth-first construction of the graph.
struct GraphBuilder<'a, M: StateMachine> {
    model: &'a M,
    property: &'a ModelProperty<M>,
    index: Table<u32>,
    queue: VecDeque<M::State>,
    graph: Graph,
    edge_count: u64,
}

fn build<M: StateMachine>(
    model: &M,
    property: &ModelProperty<M>,
    bounds: Bounds,
    should_stop: &mut dyn FnMut() -> bool,
) -> Graph {
    let graph = Graph { parents: Vec::new(), edges: Vec::new(), complete: false };
    let (index, queue) = (Table::new(), VecDeque::new());
    let mut builder = GraphBuilder { model, property, index, queue, graph, edge_count: 0 };
    let mut initial = Vec::new();
    model.init(&mut initial);
    for (choice, state) in initial.into_iter().enumerate().take(usize::from(u16::MAX)) {
        builder.admit(state, NONE, choice as u16);
    }
    while let Some(state) = builder.queue.pop_front() {
        if builder.full(&bounds) || should_stop() {
            return builder.graph;
        }
        builder.expand(&state);
    }
    builder.graph.complete = true;
    builder.graph
}

impl<M: StateMachine> GraphBuilder<'_, M> {
    fn full(&self, bounds: &Bounds) -> bool {
        let queue = self.queue.capacity() * size_of::<M::State>();
        let edges = self.edge_count * size_of::<GraphEdge>() as u64;
        let bytes = self.index.bytes() + queue as u64 + edges + 40 * self.index.len();
        self.index.len() >= bounds.max_states.min(u64::from(NONE) - 1)
            || bytes > bounds.memory_bytes
    }

    /// The node of a state, or `NONE` if it has P or is outside.
    fn admit(&mut self, state: M::State, parent: u32, choice: u16) -> u32 {
        if !self.model.within(&state) || (self.property.holds)(self.model, &state) {
            return NONE;
        }
        let node = self.graph.parents.len() as u32;
        if let Some(known) = self.index.insert(fingerprint(&state), node) {
            return known;
        }
        self.graph.parents.push((parent, choice));
        self.queue.push_back(state);
        node
    }

    fn expand(&mut self, state: &M::State) {
        let node = self.graph.edges.len() as u32;
        let mut actions = Vec::new();
        self.model.actions(state, &mut actions);
        let mut edges = Vec::new();
        for (choice, action) in (0..u16::MAX).zip(&actions) {
            let next = self.model.next(state, action).filter(|n| n != state);
            let Some(next) = next else { continue };
            let class = self.model.fairness(action);
            edges.push(GraphEdge { to: self.admit(next, node, choice), choice, class });
        }
        self.edge_count += edges.len() as u64;
        self.graph.edges.push(edges);
    }
}

impl Graph {
    /// Nodes up to here were expanded.
    fn expanded(&self) -> usize {
        self.edges.len()
    }

    fn fair(&self, node: u32) -> SortedSet<u32> {
        self.edges[node as usize].iter().filter_map(|e| e.class).collect()
    }

    /// The shallowest node from which a fair behaviour never leaves, and the cycle from it.
    fn violation(&self) -> Option<(u32, Vec<u16>)> {
        let stuck = (0..self.expanded() as u32).find(|n| self.fair(*n).is_empty());
        let mut best: Option<(u32, Vec<u16>)> = stuck.map(|node| (node, Vec::new()));
        for component in self.components() {
            let Some(start) = component.first().copied() else { continue };
            if best.as_ref().is_some_and(|(node, _)| *node <= start) {
                continue;
            }
            if let Some(cycle) = self.fair_cycle(&component) {
                best = Some((start, cycle));
            }
        }
        best
    }

    /// Strongly connected components of two nodes or more, each in ascending order (Tarjan 1972,
    /// with the recursion on a stack of its own).
    fn components(&self) -> Vec<Vec<u32>> {
        let n = self.expanded();
        let (mut order, mut low) = (vec![NONE; n], vec![NONE; n]);
        let mut on_stack = vec![false; n];
        let (mut stack, mut work, mut out) = (Vec::new(), Vec::new(), Vec::new());
        let mut clock = 0;
        for root in 0..n {
            if order[root] == NONE {
                work.push((root, 0));
            }
            while let Some((node, edge)) = work.pop() {
                if edge == 0 {
                    (order[node], low[node]) = (clock, clock);
                    clock += 1;
                    stack.push(node as u32);
                    on_stack[node] = true;
                }
                let Some(e) = self.edges[node].get(edge) else {
                    if low[node] == order[node] {
                        let at = stack.iter().rposition(|s| *s == node as u32).unwrap_or(0);
                        let mut component = stack.split_off(at);
                        component.iter().for_each(|s| on_stack[*s as usize] = false);
                        component.sort_unstable();
                        if component.len() > 1 {
                            out.push(component);
                        }
                    }
                    if let Some((parent, _)) = work.last() {
                        low[*parent] = low[*parent].min(low[node]);
                    }
                    continue;
                };
                work.push((node, edge + 1));
                let to = e.to as usize;
                if to < n && order[to] == NONE {
                    work.push((to, 0));
                } else if to < n && on_stack[to] {
                    low[node] = low[node].min(order[to]);
                }
            }
        }
        out
    }

    /// A cycle through a component on which every fair class is taken or somewhere disabled.
    fn fair_cycle(&self, component: &[u32]) -> Option<Vec<u16>> {
        let inside: SortedSet<u32> = component.iter().copied().collect();
        let mut classes: SortedMap<u32, Vec<u32>> = SortedMap::new();
        let mut enabled: SortedMap<u32, usize> = SortedMap::new();
        for &node in component {
            for class in self.fair(node) {
                *enabled.entry(class).or_default() += 1;
            }
            for e in self.edges[node as usize].iter().filter(|e| inside.contains(&e.to)) {
                classes.entry(e.class.unwrap_or(NONE)).or_default().push(node);
            }
        }
        let start = *component.first()?;
        let (mut at, mut cycle) = (start, Vec::new());
        for (class, count) in enabled {
            if count < component.len() {
                let off = |n: u32| !self.edges[n as usize].iter().any(|e| e.class == Some(class));
                at = self.walk(&inside, at, &off, &mut cycle)?;
                continue;
            }
            let sources: SortedSet<u32> = classes.get(&class)?.iter().copied().collect();
            at = self.walk(&inside, at, &|n| sources.contains(&n), &mut cycle)?;
            let mut edges = self.edges[at as usize].iter();
            let edge = edges.find(|e| e.class == Some(class) && inside.contains(&e.to))?;
            cycle.push(edge.choice);
            at = edge.to;
        }
        if cycle.is_empty() {
            let edge = self.edges[at as usize].iter().find(|e| inside.contains(&e.to))?;
            cycle.push(edge.choice);
            at = edge.to;
        }
        self.walk(&inside, at, &|n| n == start, &mut cycle)?;
        Some(cycle)
    }

    /// Appends a shortest walk inside the component from `from` to a node that is a `goal`.
    fn walk(
        &self,
        inside: &SortedSet<u32>,
        from: u32,
        goal: &dyn Fn(u32) -> bool,
        out: &mut Vec<u16>,
    ) -> Option<u32> {
        let mut came: SortedMap<u32, (u32, u16)> = SortedMap::from([(from, (NONE, 0))]);
        let mut queue = VecDeque::from([from]);
        while let Some(node) = queue.pop_front() {
            if goal(node) {
                let at = out.len();
                let mut step = came.get(&node);
                while let Some(&(before, choice)) = step.filter(|s| s.0 != NONE) {
                    out.insert(at, choice);
                    step = came.get(&before);
                }
                return Some(node);
            }
            for e in self.edges[node as usize].iter().filter(|e| inside.contains(&e.to)) {
                came.entry(e.to).or_insert_with(|| {
                    queue.push_back(e.to);
                    (node, e.choice)
                });
            }
        }
        None
    }

    /// The behaviour in terms of the model.
    fn tell<M: StateMachine>(
        &self,
        model: &M,
        property: &ModelProperty<M>,
        node: u32,
        cycle: &[u16],
    ) -> Option<Lasso<M::State, M::Action>> {
        let mut stem = Vec::new();
        let mut at = node;
        let first = loop {
            let (parent, choice) = self.parents[at as usize];
            if parent == NONE {
                break choice;
            }
            stem.push(choice);
            at = parent;
        };
        stem.reverse();
        let mut initial = Vec::new();
        model.init(&mut initial);
        let mut states = vec![initial.get(usize::from(first))?.clone()];
        let mut steps = Vec::new();
        for choice in stem.iter().chain(cycle) {
            let mut actions = Vec::new();
            let state = states.last()?;
            model.actions(state, &mut actions);
            let action = actions.get(usize::from(*choice))?.clone();
            let next = model.next(state, &action)?;
            states.push(next);
            steps.push(action);
        }
        let cycle = steps.split_off(stem.len());
        let (property, cite) = (property.name, property.cite);
        Some(Lasso { property, cite, stem: steps, cycle, states })
    }
}
