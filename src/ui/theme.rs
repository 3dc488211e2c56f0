//! Light or dark: the system's, unless the reader has chosen.

use super::dom;

const KEY: &str = "hb-theme";

/// Sets what the reader chose earlier.
pub fn restore() {
    if let Some(theme) = dom::recall(KEY).filter(|t| t == "light" || t == "dark") {
        let _ = dom::root().set_attribute("data-theme", &theme);
    }
}

/// Is it dark now?
pub fn is_dark() -> bool {
    match dom::root().get_attribute("data-theme").as_deref() {
        Some("dark") => true,
        Some("light") => false,
        _ => dom::media("(prefers-color-scheme: dark)"),
    }
}

/// Changes over; back at the system's own theme, the choice is forgotten.
pub fn toggle() {
    let dark = !is_dark();
    if dark == dom::media("(prefers-color-scheme: dark)") {
        let _ = dom::root().remove_attribute("data-theme");
        dom::keep(KEY, None);
    } else {
        let theme = if dark { "dark" } else { "light" };
        let _ = dom::root().set_attribute("data-theme", theme);
        dom::keep(KEY, Some(theme));
    }
}
