//! A picture as SVG text: tests, posters, exports.

use super::geometry::{Point, Track, number};
use super::style::{self, Theme};
use super::{Anchor, Drawing, Item, Shape};
use std::fmt::Write;

/// A picture that refers to classes only, for a page that brings the style sheets.
pub fn bare(scene: &Drawing) -> String {
    document(scene, None)
}

/// A picture that stands alone: its style sheet is inside, with every colour written out.
pub fn standalone(scene: &Drawing, theme: Theme) -> String {
    document(scene, Some(theme))
}

/// The transform that moves a group.
pub fn translate(at: Point) -> String {
    let mut s = String::from("translate(");
    number(&mut s, at.x);
    s.push(' ');
    number(&mut s, at.y);
    s.push(')');
    s
}

fn document(scene: &Drawing, theme: Option<Theme>) -> String {
    let mut out = String::with_capacity(4096);
    out.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"scene\" role=\"img\"");
    attribute(&mut out, "aria-label", &scene.title);
    length(&mut out, "width", scene.size.w);
    length(&mut out, "height", scene.size.h);
    out.push_str(" viewBox=\"0 0 ");
    number(&mut out, scene.size.w);
    out.push(' ');
    number(&mut out, scene.size.h);
    out.push_str("\">\n");
    let _ = writeln!(out, "<title>{}</title>", escape(&scene.title));
    if !scene.desc.is_empty() {
        let _ = writeln!(out, "<desc>{}</desc>", escape(&scene.desc));
    }
    if let Some(theme) = theme {
        let _ = writeln!(out, "<style>{}</style>", escape(&style::sheet(theme)));
        out.push_str("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    }
    for item in &scene.items {
        write_item(&mut out, item);
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

/// Text safe inside elements and attribute values; characters that XML forbids are left out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => out.push(c),
        }
    }
    out
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"{}\"", escape(value));
}

fn length(out: &mut String, name: &str, v: i32) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    number(out, v);
    out.push('"');
}

fn lengths(out: &mut String, all: &[(&str, i32)]) {
    for (name, v) in all {
        length(out, name, *v);
    }
}

/// The element's name and its own attributes.
fn open(out: &mut String, item: &Item) -> &'static str {
    let tag = match item.shape {
        Shape::Rect { .. } => "rect",
        Shape::Circle { .. } => "circle",
        Shape::Line { .. } => "line",
        Shape::Path(_) | Shape::Arc { .. } => "path",
        Shape::Text { .. } => "text",
        Shape::Group { .. } => "g",
    };
    out.push('<');
    out.push_str(tag);
    let class = match &item.shape {
        Shape::Text { face, .. } => format!("{} {}", face.class(), item.class),
        _ => item.class.to_string(),
    };
    if !class.is_empty() {
        attribute(out, "class", class.trim_end());
    }
    match &item.shape {
        Shape::Rect { x, y, w, h, r } => {
            lengths(out, &[("x", *x), ("y", *y), ("width", *w), ("height", *h)]);
            if *r > 0 {
                length(out, "rx", *r);
            }
        }
        Shape::Circle { x, y, r } => lengths(out, &[("cx", *x), ("cy", *y), ("r", *r)]),
        Shape::Line { a, b } => {
            lengths(out, &[("x1", a.x), ("y1", a.y), ("x2", b.x), ("y2", b.y)]);
        }
        Shape::Path(d) => attribute(out, "d", d),
        Shape::Arc { r, share } => attribute(out, "d", &Track::dial(*r, *share).0),
        Shape::Text { x, y, size, anchor, .. } => {
            lengths(out, &[("x", *x), ("y", *y), ("font-size", *size)]);
            match anchor {
                Anchor::Start => {}
                Anchor::Middle => attribute(out, "text-anchor", "middle"),
                Anchor::End => attribute(out, "text-anchor", "end"),
            }
        }
        Shape::Group { at, .. } => {
            if *at != Point::default() {
                attribute(out, "transform", &translate(*at));
            }
        }
    }
    tag
}

fn write_item(out: &mut String, item: &Item) {
    let tag = open(out, item);
    if let Some(target) = &item.target {
        attribute(out, "data-target", &target.to_string());
    }
    if item.hidden {
        attribute(out, "visibility", "hidden");
    }
    let title = item.title.as_deref().filter(|t| !t.is_empty());
    match &item.shape {
        Shape::Text { text, .. } => {
            out.push('>');
            write_title(out, title);
            out.push_str(&escape(text));
        }
        Shape::Group { items, .. } => {
            out.push('>');
            write_title(out, title);
            for inner in items {
                write_item(out, inner);
            }
        }
        _ if title.is_some() => {
            out.push('>');
            write_title(out, title);
        }
        _ => {
            out.push_str("/>");
            return;
        }
    }
    let _ = write!(out, "</{tag}>");
}

fn write_title(out: &mut String, title: Option<&str>) {
    if let Some(t) = title {
        let _ = write!(out, "<title>{}</title>", escape(t));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Size, Target};
    use expect_test::expect;

    #[test]
    fn markup_in_names_is_harmless() {
        let mut s = Drawing::new(Size::px(40, 20), "a \"<b>\" & c");
        let face = (super::super::Typeface::Mono, 105, Anchor::End);
        s.items.push(Item::text("name", Point::new(15, -5), face, "</text><script>\u{0}\u{8}"));
        s.items.push(
            Item::circle("dot", Point::new(0, 1), 25).title("x < y").target(Target::Event(3)),
        );
        expect![[r#"
            <svg xmlns="http://www.w3.org/2000/svg" class="scene" role="img" aria-label="a &quot;&lt;b&gt;&quot; &amp; c" width="40" height="20" viewBox="0 0 40 20">
            <title>a &quot;&lt;b&gt;&quot; &amp; c</title>
            <text class="mono name" x="1.5" y="-0.5" font-size="10.5" text-anchor="end">&lt;/text&gt;&lt;script&gt;</text>
            <circle class="dot" cx="0" cy="0.1" r="2.5" data-target="event:3"><title>x &lt; y</title></circle>
            </svg>
        "#]]
        .assert_eq(&bare(&s));
    }
}
