//! Names of nodes as people use them: `S3`, `leader`, `follower`, `rest`, and names given on the
//! way.

use crate::core::ids::NodeId;
use crate::core::sorted::SortedMap;
use crate::core::view::{Border, NodeShape, NodeView, Status, WorldView};
use std::fmt;

/// Names given by `name old = leader`.
pub type Given = SortedMap<String, NodeId>;

fn is_client(n: &NodeView) -> bool {
    n.shape == NodeShape::Client
}

/// What is spoken of and is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nobody has this name.
    Nobody(String),
    /// Nobody is this at the moment.
    NotNow(String),
    /// A process has no such field.
    Field { who: String, field: String },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Missing::Nobody(name) => write!(f, "nobody is called '{name}'"),
            Missing::NotNow(name) => write!(f, "there is no {name} now"),
            Missing::Field { who, field } => write!(f, "{who} has no field '{field}'"),
        }
    }
}

impl From<Missing> for String {
    fn from(what: Missing) -> String {
        what.to_string()
    }
}

/// The nodes that are up and think that they lead.
pub fn leading(view: &WorldView) -> impl Iterator<Item = &NodeView> {
    let leads = |n: &&NodeView| n.look.border == Border::Double && n.status != Status::Crashed;
    view.nodes.iter().filter(leads)
}

/// Who leads: of the nodes that think they do and are up, the one of the highest epoch.
pub fn leader(view: &WorldView) -> Option<NodeId> {
    leading(view).max_by_key(|n| n.look.epoch).map(|n| n.id)
}

/// The node of a name.
pub fn node(view: &WorldView, given: &Given, name: &str) -> Result<NodeId, Missing> {
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
        _ => return Err(Missing::Nobody(name.into())),
    };
    found.ok_or_else(|| Missing::NotNow(name.into()))
}
