//! The page: a Yew application over the pure core library.
#[cfg(target_arch = "wasm32")]
mod ui;

#[cfg(target_arch = "wasm32")]
fn main() {
    ui::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!(
        "This is the page; `cargo xtask open` builds and serves it. The command line is `hb`."
    );
    std::process::exit(64);
}
