//! Searches in the page: a bug is found and shown, a search is stopped, what was searched is said,
//! a challenge is solved; and the page stays smooth meanwhile.

use browser::{Browser, Look, Server, Session, dist, session};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
/// Searches share the machine with everything else that is tested.
const LATER: Duration = Duration::from_secs(90);

/// The page at a fragment of its address, paused.
fn open(fragment: &str, look: Look) -> Option<(Server, Session)> {
    let folder = dist()?;
    let mut s = session(Browser::Chromium, look)?;
    let server = Server::for_test(&folder);
    s.goto(&format!("{}{fragment}", server.url()));
    s.wait_for_boot();
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    if s.is("document.querySelector('[data-playing=true]')") {
        s.click("#play");
        s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    }
    s.run("document.querySelector('#rail-prove').click()");
    Some((server, s))
}

/// Turns a mutant on, as a reader does.
fn mutate(s: &mut Session, mutant: &str) {
    s.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    s.eval(&format!("document.querySelector('[data-mutant=\"{mutant}\"]').click()"));
    s.wait_until("document.querySelector('.search .offer')", SOON);
}

fn set(s: &mut Session, css: &str, value: &str) {
    s.run(&format!(
        "const e = document.querySelector('{css}'); e.value = '{value}'; \
         e.dispatchEvent(new Event('change', {{ bubbles: true }}));"
    ));
}

/// Everything but the search out of the way, for a picture.
fn tidy(s: &mut Session) {
    s.run(
        "document.querySelectorAll('.rail details').forEach(d => d.open = d.matches('.challenges')); \
         document.querySelector('#search').scrollIntoView();",
    );
}

fn quiet(s: &mut Session) {
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

#[test]
fn a_bug_is_offered_found_and_played() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    mutate(&mut s, "volatile-vote");
    assert!(s.text(".search .offer").contains("Election"), "{}", s.text(".search .offer"));
    set(&mut s, "#search-way", "check");
    s.click("#search-go");
    s.wait_until("document.querySelector('#search-progress progress')", SOON);
    tidy(&mut s);
    s.screenshot("search-progress");
    s.wait_until("document.querySelector('#search-outcome .verdict')", LATER);
    let told = s.eval("document.querySelector('#search-outcome').textContent");
    let told = told.as_str().unwrap_or_default().to_string();
    assert!(told.contains("is violated"), "{told}");
    assert!(told.contains("Searched with at most"), "{told}");
    s.wait_until("document.querySelectorAll('#captions li').length >= 7", SOON);
    assert!(
        s.is("document.querySelector('#journal .name').value == 'counter-example'"),
        "its branch"
    );
    s.screenshot("search-found");
    // It plays by itself to the violation, and stops there.
    s.wait_until("document.querySelector('#captions .breaks[aria-current]')", LATER);
    s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    assert!(s.is("document.querySelector('.pill.bad')"), "the verdict bar says so");
    assert_ne!(s.text("#clock"), "0.000 s", "its steps are apart from each other");
    tidy(&mut s);
    s.screenshot("search-played");
    s.wait_until("location.hash.startsWith('#s=')", SOON);
    // The link leads to the same violation.
    let link =
        s.eval("document.querySelector('#search-link').hash").as_str().unwrap_or("").to_string();
    s.eval("location.hash = ''");
    s.wait_until("document.querySelector('.page-home')", SOON);
    s.eval(&format!("location.hash = {link:?}"));
    s.wait_until("document.querySelector('.pill.bad')", SOON);
    quiet(&mut s);
}

#[test]
fn a_small_search_says_exactly_what_it_searched() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    s.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    set(&mut s, "#search-way", "check");
    for (place, value) in [(0, "1"), (1, "0"), (2, "1")] {
        set(&mut s, &format!("[data-bound=\"{place}\"]"), value);
    }
    s.click("#search-go");
    s.wait_until("document.querySelector('#search-outcome .verdict')", LATER);
    let told = s.text("#search-outcome");
    assert!(told.contains("No violation within these bounds"), "{told}");
    assert!(told.contains("at most 1 timer, 1 crash; no operations"), "{told}");
    assert!(told.contains("down to level"), "{told}");
    tidy(&mut s);
    s.screenshot("search-none");
    // A bound that is none is one sentence.
    s.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    set(&mut s, "[data-bound=\"2\"]", "many");
    s.click("#search-go");
    s.wait_until("document.querySelector('.notice')", SOON);
    assert!(s.text(".notice").contains("Crashes: a number up to 255"), "{}", s.text(".notice"));
    quiet(&mut s);
}

#[test]
fn a_search_is_stopped_and_the_page_stays_smooth() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    s.run(
        "window.long = []; new PerformanceObserver(l => { for (const e of l.getEntries()) \
         window.long.push(Math.round(e.duration)); }).observe({ type: 'longtask' });",
    );
    s.click("#search-go");
    s.wait_until("document.querySelector('#search-progress .mono')", LATER);
    s.eval("window.long = []");
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(s.eval("window.long.length"), 0, "tasks over 50 ms: {}", s.eval("window.long"));
    s.click("#search-go");
    s.wait_until("document.querySelector('#search-outcome')", SOON);
    let told = s.text("#search-outcome");
    assert!(told.contains("Stopped after") && told.contains("state"), "{told}");
    s.screenshot("search-stopped");
    quiet(&mut s);
}

#[test]
fn where_workers_are_refused_the_page_searches_itself() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    s.run("window.Worker = function () { throw new Error('refused'); };");
    mutate(&mut s, "short-quorum");
    s.click("#search-go");
    s.wait_until("document.querySelector('#search-progress')?.innerText.includes('refused')", SOON);
    s.wait_until("document.querySelector('#search-outcome .verdict.bad')", LATER);
    quiet(&mut s);
}

#[test]
fn several_processors_share_the_seeds() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    s.run("Object.defineProperty(navigator, 'hardwareConcurrency', { value: 4 });");
    mutate(&mut s, "no-consistency-check");
    s.click("#search-go");
    let workers = "document.querySelector('#search-progress')?.innerText.includes('3 workers')";
    s.wait_until(workers, LATER);
    s.wait_until("document.querySelector('#search-outcome .verdict.bad')", LATER);
    assert!(s.text("#search-outcome").contains("fault schedule of seed"));
    quiet(&mut s);
}

#[test]
fn a_challenge_is_attempted_judged_and_shown() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    s.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    s.click("#rail-break");
    let two = "[data-challenge=\"two-leaders\"]";
    s.click(&format!("{two} [data-do=try]"));
    s.wait_until(&format!("document.querySelector('{two} .budget')"), SOON);
    assert!(
        s.text(&format!("{two} .budget")).contains("0 steps so far. Left: 2 timeouts and 1 cut")
    );
    s.wait_until(&format!("document.querySelector('{two} .par')"), LATER);
    assert!(s.text(&format!("{two} .par")).contains("Par: 6 steps"), "{}", s.text(two));
    s.click(&format!("{two} [data-do=hint]"));
    s.wait_until(&format!("document.querySelector('{two} .hints li')"), SOON);
    s.screenshot("challenge-attempt");
    assert!(!s.is("document.querySelector('#shown')"), "nothing is shown yet");
    // A crash is not among what may be spent.
    s.eval("document.querySelector('#stage [data-node=\"0\"]').focus()");
    s.key("c");
    s.wait_until(&format!("document.querySelector('{two} .verdict.bad')"), SOON);
    assert!(s.text(two).contains("there was no crash left to spend"), "{}", s.text(two));
    s.click(&format!("{two} [data-do=show]"));
    s.wait_until("document.querySelectorAll('#captions li').length >= 6", SOON);
    s.wait_until(
        "document.querySelector('[data-playing=false]') && \
                  document.querySelector('#captions li:last-child [aria-current]')",
        LATER,
    );
    assert!(s.is("document.querySelectorAll('#stage .leads').length == 2"), "two lead");
    s.screenshot("challenge-solved");
    quiet(&mut s);
}

#[test]
fn an_impossible_challenge_says_how_many_states_prove_it() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    s.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    s.click("#rail-break");
    let never = "[data-challenge=\"two-leaders-one-term\"]";
    s.click(&format!("{never} [data-do=show]"));
    s.wait_until(&format!("document.querySelector('{never} .verdict.good')"), LATER);
    assert!(s.text(never).contains("all 12,940 states"), "{}", s.text(never));
    quiet(&mut s);
}

#[test]
fn the_search_is_at_hand_on_a_narrow_page_and_in_the_dark() {
    let Some((_server, mut s)) = open("#raft/run", Look::size(360, 740).dark()) else { return };
    s.click("#tab-faults");
    mutate(&mut s, "short-quorum");
    s.eval("document.querySelector('#search-go').click()");
    s.wait_until("document.querySelector('#search-outcome .verdict.bad')", LATER);
    tidy(&mut s);
    assert!(s.is("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out");
    s.screenshot("search-narrow-dark");
    quiet(&mut s);
}
