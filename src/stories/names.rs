//! Names of nodes as people use them: `S3`, `leader`, `follower`, `rest`, and names given on the
//! way.

use crate::core::ids::{NodeId, NodeSet};
use crate::core::sorted::SortedMap;
use crate::core::view::{Border, NodeView, Shape, Status, WorldView};

/// Names given by `name old = leader`.
pub type Given = SortedMap<String, NodeId>;

fn is_client(n: &NodeView) -> bool {
    n.shape == Shape::Client
}

/// Who leads: of the nodes that think they do and are up, the one of the highest epoch.
pub fn leader(view: &WorldView) -> Option<NodeId> {
    let leading = view
        .nodes
        .iter()
        .filter(|n| n.look.border == Border::Double && n.status != Status::Crashed);
    leading.max_by_key(|n| n.look.epoch).map(|n| n.id)
}

/// The node of a name, or one sentence.
pub fn node(view: &WorldView, given: &Given, name: &str) -> Result<NodeId, String> {
    if let Some(id) = given.get(name) {
        return Ok(*id);
    }
    if let Some(n) = view.nodes.iter().find(|n| *n.name == *name) {
        return Ok(n.id);
    }
    let lead = leader(view);
    let follower = |skip: usize| {
        let all = view
            .nodes
            .iter()
            .filter(|n| !is_client(n) && n.status == Status::Up && Some(n.id) != lead);
        all.map(|n| n.id).nth(skip)
    };
    let found = match name {
        "leader" => lead,
        "follower" => follower(0),
        "follower2" => follower(1),
        "follower3" => follower(2),
        "follower4" => follower(3),
        "crashed" => view.nodes.iter().find(|n| n.status == Status::Crashed).map(|n| n.id),
        _ => return Err(format!("nobody is called '{name}'")),
    };
    found.ok_or_else(|| format!("there is no {name} now"))
}

/// The groups of `a b | c | rest`, clients included; who is in no group is with the first.
pub fn groups(view: &WorldView, given: &Given, text: &str) -> Result<Vec<NodeSet>, String> {
    let mut groups = Vec::new();
    let mut rest = None;
    let mut named = NodeSet::EMPTY;
    for part in text.split('|') {
        let mut set = NodeSet::EMPTY;
        for word in part.split_whitespace() {
            if word == "rest" {
                rest = Some(groups.len());
                continue;
            }
            let id = node(view, given, word)?;
            set.insert(id);
            named.insert(id);
        }
        groups.push(set);
    }
    let left: NodeSet = view.nodes.iter().map(|n| n.id).filter(|n| !named.has(*n)).collect();
    groups[rest.unwrap_or(0)].0 |= left.0;
    Ok(groups)
}
