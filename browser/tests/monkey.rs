//! A monkey at the page: clicks, keys, strokes, wheels, sizes, back and forth, addresses, as a seed
//! decides. Whatever it does, the page goes on.
//!
//! `HB_SEED` names the seed, `HB_SCENES` the scenes (separated by commas), `HB_ACTIONS` how much it
//! does in each; `cargo xtask soak` runs all scenes with several seeds.

use browser::{Browser, Look, Server, Session, dist, session};
use happened_before::protocols::CATALOG;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Done in each scene.
const ACTIONS: u64 = 300;
/// Between two sizes of the window.
const BATCH: u64 = 15;
/// Scenes of a day.
const SCENES: usize = 3;
/// Pages that are no scenes: the list, recorded executions, the blackboard.
const OTHERS: [&str; 3] = ["", "import", "board"];
const SOON: Duration = Duration::from_secs(20);

/// Sizes of the window, those of people and those that nobody has.
const SIZES: [(u32, u32); 12] = [
    (1440, 900),
    (1440, 900),
    (1000, 700),
    (720, 450),
    (360, 740),
    (1440, 300),
    (360, 300),
    (1920, 1080),
    (1, 300),
    (320, 1),
    (1, 1),
    (240, 240),
];

/// A number out of several: splitmix64.
fn mix(all: &[u64]) -> u64 {
    all.iter().fold(0, |state, n| {
        let z = (state ^ n).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn number(name: &str) -> Option<u64> {
    variable(name).map(|v| v.parse().unwrap_or_else(|_| panic!("{name} is a number, not '{v}'")))
}

/// The day's own number, so that each day tries something else and a failure can be repeated.
fn seed() -> u64 {
    let day = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() / 86_400);
    number("HB_SEED").unwrap_or(day)
}

fn pages() -> Vec<&'static str> {
    CATALOG.iter().map(|s| s.id).chain(OTHERS).collect()
}

/// Lets it loose in a page; what went wrong, with what it had done before.
fn loose(
    server: &Server,
    s: &mut Session,
    page: &str,
    seed: u64,
    actions: u64,
) -> Result<(), String> {
    s.set_look(Look::default());
    s.goto("about:blank");
    s.goto(&format!("{}#{page}", server.url()));
    s.wait_for_boot();
    let scenes: Vec<&str> = CATALOG.iter().map(|s| s.id).collect();
    let home: Vec<&str> = std::iter::once(page).chain(scenes).collect();
    s.run(
        &include_str!("monkey.js")
            .replace("SEED", &(seed as u32).to_string())
            .replace("SCENES", &format!("{home:?}")),
    );
    let mut done = 0;
    while done < actions {
        let (w, h) = SIZES[(mix(&[seed, done]) % SIZES.len() as u64) as usize];
        s.set_look(Look::size(w, h));
        // At once: the page has not heard of its new size.
        let said = s.eval_async(&format!("await monkey({})", BATCH.min(actions - done)));
        done += said["done"].as_u64().unwrap_or(BATCH);
        let told = |said: &serde_json::Value, key: &str| {
            let list = said[key].as_array().cloned().unwrap_or_default();
            list.iter().map(|v| v.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        let mut wrong = told(&said, "wrong");
        if wrong.is_empty() {
            real(s, seed, done);
            wrong = s.console_errors();
        }
        if !wrong.is_empty() {
            return Err(format!(
                "#{page}, seed {seed}, after {done} actions at {w} x {h}:\n{}\nit did, the last at \
                 the end:\n{}\n{}",
                wrong.join("\n"),
                told(&said, "log").join("\n"),
                said["hash"]
            ));
        }
    }
    alive(s, page)
}

/// A press, a stroke or a key of the browser's own making.
fn real(s: &mut Session, seed: u64, nth: u64) {
    let draw = |k: u64, below: f64| (mix(&[seed, nth, k]) % 1_000) as f64 / 1_000.0 * below;
    let (w, h) = (s.eval("innerWidth"), s.eval("innerHeight"));
    let (w, h) = (w.as_f64().unwrap_or(1.0), h.as_f64().unwrap_or(1.0));
    let at = |k: u64| (draw(k, w).floor(), draw(k + 1, h).floor());
    match mix(&[seed, nth, 9]) % 4 {
        0 => s.click_at(at(1)),
        1 => s.drag(at(1), at(3)),
        2 => {
            s.click_at(at(1));
            s.click_at(at(1));
        }
        _ => s.key(["Tab", ".", "ArrowRight", "Enter", "Escape"][(mix(&[seed, nth]) % 5) as usize]),
    }
}

/// The page is not half dead: it still follows its address, and a step is a step.
fn alive(s: &mut Session, page: &str) -> Result<(), String> {
    s.set_look(Look::default());
    s.run("location.hash = ''");
    s.wait_until("document.querySelector('.home')", SOON);
    s.run("location.hash = '#raft'");
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    s.run("document.activeElement?.blur()");
    s.wait_until("document.querySelector('[data-playing]')", SOON);
    if s.is("document.querySelector('[data-playing=true]')") {
        s.run("document.querySelector('#play').click()");
        s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    }
    let stamp = s.eval("document.querySelector('.stamp').textContent");
    s.run("document.querySelector('#step').click()");
    s.wait_until(&format!("document.querySelector('.stamp').textContent != {stamp}"), SOON);
    match s.console_errors() {
        errors if errors.is_empty() => Ok(()),
        errors => Err(format!("#{page}, afterwards:\n{}", errors.join("\n"))),
    }
}

/// Each page with each seed; one session for all, so that they are walked in a row.
fn walk(pages: &[&str], seeds: &[u64]) {
    let Some(dist) = dist() else { return };
    let Some(mut s) = session(Browser::Chromium, Look::default()) else { return };
    let server = Server::for_test(&dist);
    let actions = number("HB_ACTIONS").unwrap_or(ACTIONS);
    let mut wrong = Vec::new();
    for page in pages {
        for seed in seeds {
            let begun = std::time::Instant::now();
            let ended = loose(&server, &mut s, page, *seed, actions);
            let took = begun.elapsed().as_secs();
            match &ended {
                Ok(()) => println!("#{page}, seed {seed}: {actions} actions in {took} s"),
                Err(why) => println!("#{page}, seed {seed}: FAILED\n{why}"),
            }
            wrong.extend(ended.err());
        }
    }
    assert!(wrong.is_empty(), "{} of {}", wrong.len(), pages.len() * seeds.len());
}

#[test]
fn no_sequence_of_inputs_stops_the_page() {
    let (seed, all) = (seed(), pages());
    println!("HB_SEED={seed} repeats this");
    let named = variable("HB_SCENES");
    let chosen: Vec<&str> = match &named {
        Some(list) => list.split(',').collect(),
        None => (0..SCENES as u64).map(|n| all[(seed + n * 7) as usize % all.len()]).collect(),
    };
    walk(&chosen, &[seed]);
}

#[test]
#[ignore = "takes half an hour: `cargo xtask soak`"]
fn every_scene_with_several_seeds() {
    let first = seed();
    println!("HB_SEED={first} repeats this");
    walk(&pages(), &[first, first + 1, first + 2]);
}
