//! The keyboard. Letters act on a node only while a node has the focus.

use super::frame::{Ask, Dialog};
use super::model::Pick;
use super::tale::Tell;
use super::verbs;
use happened_before::core::ids::NodeId;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// What a key asks for, if it is the page's.
pub fn ask(event: &KeyboardEvent) -> Option<Ask> {
    if event.alt_key() || event.default_prevented() {
        return None;
    }
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let tag = target.as_ref().map(|t| t.tag_name().to_lowercase()).unwrap_or_default();
    let key = event.key();
    if key == "Escape" {
        return Some(Ask::Escape);
    }
    let kind = target.as_ref().and_then(|t| t.get_attribute("type"));
    let pressed = matches!(kind.as_deref(), Some("checkbox" | "range"));
    let typing = matches!(tag.as_str(), "input" | "textarea" | "select") && !pressed;
    if event.ctrl_key() || event.meta_key() {
        // What is typed is undone where it is typed.
        return match key.as_str() {
            "z" | "Z" if !typing => Some(Ask::Undo(event.shift_key())),
            "y" if !typing => Some(Ask::Undo(true)),
            "k" => Some(Ask::Dialog(Some(Dialog::Find))),
            _ => None,
        };
    }
    let typing = typing || pressed && !matches!(key.as_str(), "/" | "." | "," | "[" | "]");
    let pressing = matches!(tag.as_str(), "button" | "a" | "summary");
    if typing {
        return None;
    }
    if let Some(node) = target.as_ref().and_then(focused_node)
        && let Some(ask) = on_node(&key, node, target.as_ref()?)
    {
        return Some(ask);
    }
    match key.as_str() {
        " " if !pressing => Some(Ask::Toggle),
        "." => Some(Ask::Step(1)),
        "," => Some(Ask::Step(-1)),
        "]" => Some(Ask::Interesting(true)),
        "[" => Some(Ask::Interesting(false)),
        "?" => Some(Ask::Help(true)),
        "/" | "u" => Some(Ask::Dialog(Some(Dialog::Find))),
        "m" => Some(Ask::NextMain),
        "n" => Some(Ask::NextBranch(1)),
        "N" => Some(Ask::NextBranch(-1)),
        "PageDown" => Some(Ask::Tell(Tell::Next)),
        "PageUp" => Some(Ask::Tell(Tell::Previous)),
        "Home" if !pressing => Some(Ask::Seek(0)),
        _ => None,
    }
}

/// The node that an element on the stage stands for.
pub fn focused_node(element: &Element) -> Option<NodeId> {
    element.get_attribute("data-node")?.parse().ok().map(NodeId)
}

fn on_node(key: &str, node: NodeId, element: &Element) -> Option<Ask> {
    match key {
        "Enter" | " " => Some(Ask::Pick(Some(Pick::Node(node)))),
        "ArrowRight" | "ArrowDown" => neighbour(element, node, 1),
        "ArrowLeft" | "ArrowUp" => neighbour(element, node, -1),
        _ => verbs::by_key(key).map(|verb| Ask::Verb(node, verb)),
    }
}

/// The node before or after, around.
fn neighbour(element: &Element, node: NodeId, by: i32) -> Option<Ask> {
    let svg = element.closest("svg").ok().flatten()?;
    let count = svg.query_selector_all("[data-node]").ok()?.length() as i32;
    let next = (i32::from(node.0) + by).rem_euclid(count.max(1));
    Some(Ask::FocusNode(NodeId(next as u16)))
}
