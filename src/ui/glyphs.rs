//! The few signs of the frame, drawn as strokes.

use yew::prelude::*;

/// The wordmark's sign: a full dot before an open one.
pub fn wordmark() -> Html {
    html! {
        <svg class="glyph-mark" viewBox="0 0 28 16" width="28" height="16" aria-hidden="true">
            <path d="M5 12 19.5 5.2" />
            <circle class="full" cx="4" cy="12.4" r="3" />
            <circle cx="22.6" cy="3.8" r="2.9" />
        </svg>
    }
}

/// A sign from one path in a box of 16.
pub fn sign(path: &'static str) -> Html {
    html! {
        <svg class="glyph-sign" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d={path} />
        </svg>
    }
}

/// A bar and a triangle to the left.
pub const START: &str = "M3 3v10M12.5 3 5.5 8l7 5z";
/// A triangle to the left.
pub const BACK: &str = "M11 3 4 8l7 5z";
/// A triangle to the right.
pub const FORTH: &str = "M5 3l7 5-7 5z";
/// A triangle and a flag to the right.
pub const NEXT: &str = "M3.5 3l7 5-7 5zM13 3v10";
/// A full triangle.
pub const PLAY: &str = "M4.5 2.5 13 8l-8.5 5.5z";
/// Two bars.
pub const PAUSE: &str = "M5 3v10M11 3v10";
/// Two strokes across.
pub const CLOSE: &str = "M4 4l8 8M12 4l-8 8";
/// A half-full disc.
pub const THEME: &str = "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11zM8 2.5v11";
/// A glass.
pub const FIND: &str = "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9zM10.5 10.5 14 14";
