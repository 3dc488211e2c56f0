//! The keyboard. Letters act on a node only while a node has the focus.

use super::frame::Ask;
use super::model::Pick;
use super::verbs;
use happened_before::core::ids::NodeId;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// What a key asks for, if it is the page's.
pub fn ask(event: &KeyboardEvent) -> Option<Ask> {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
        return None;
    }
    let target = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    let tag = target.as_ref().map(|t| t.tag_name().to_lowercase()).unwrap_or_default();
    let key = event.key();
    if key == "Escape" {
        return Some(Ask::Escape);
    }
    let typing = matches!(tag.as_str(), "input" | "textarea" | "select");
    let pressing = matches!(tag.as_str(), "button" | "a" | "summary");
    if typing {
        return None;
    }
    if let Some(node) = target.as_ref().and_then(focused_node) {
        if let Some(ask) = on_node(&key, node, target.as_ref()?) {
            return Some(ask);
        }
    }
    match key.as_str() {
        " " if !pressing => Some(Ask::Toggle),
        "." => Some(Ask::Step(1)),
        "," => Some(Ask::Step(-1)),
        "]" => Some(Ask::Interesting(true)),
        "[" => Some(Ask::Interesting(false)),
        "?" => Some(Ask::Help(true)),
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
