//! The scene page in a real browser: it runs, it can be broken, it says what it did.

use browser::{Browser, Look, Server, Session, dist, session};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(90);

/// The page at a fragment of its address.
fn open(fragment: &str, look: Look) -> Option<(Server, Session)> {
    open_in(Browser::Chromium, fragment, look)
}

fn open_in(browser: Browser, fragment: &str, look: Look) -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut session = session(browser, look)?;
    let server = Server::for_test(&dist);
    session.goto(&format!("{}{fragment}", server.url()));
    session.wait_for_boot();
    assert_eq!(session.eval("document.documentElement.dataset.boot"), "ready");
    Some((server, session))
}

/// A scene that has been paused right after it was opened.
fn paused(fragment: &str, look: Look) -> Option<(Server, Session)> {
    let (server, mut s) = open(fragment, look)?;
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    if s.is("document.querySelector('[data-playing=true]')") {
        s.click("#play");
        s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    }
    Some((server, s))
}

/// Goes to the first thing of interest that a selector in the caption can tell.
fn until_elected(s: &mut Session) {
    for _ in 0..20 {
        if said(s).contains("BecomeLeader") {
            return;
        }
        let before = said(s);
        s.click("#next");
        s.wait_until(&format!("document.querySelector('.said').innerText != {before:?}"), SOON);
    }
    panic!("nobody was elected: {}", said(s));
}

fn said(s: &mut Session) -> String {
    s.eval("document.querySelector('.said')?.innerText || ''").as_str().unwrap_or_default().into()
}

fn number(s: &mut Session, expression: &str) -> f64 {
    s.eval(expression).as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
}

/// The time under the cursor, in seconds.
fn clock(s: &mut Session) -> f64 {
    number(s, "parseFloat(document.querySelector('#clock').textContent)")
}

fn cursor(s: &mut Session) -> f64 {
    number(s, "Number(document.querySelector('.stamp').textContent.match(/(\\d+) event/)[1])")
}

fn quiet(s: &mut Session) {
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

/// A stroke from left to right through the stage, `share` of the way down.
fn stroke(s: &mut Session, share: f64) {
    let side = |what: &str, s: &mut Session| {
        number(s, &format!("document.querySelector('#stage').getBoundingClientRect().{what}"))
    };
    let (x, w) = (side("x", s), side("width", s));
    let (y, h) = (side("y", s), side("height", s));
    let at = y + h * share;
    s.drag((x + 4.0, at), (x + w - 4.0, at));
}

#[test]
fn an_election_happens_by_itself_and_is_named() {
    let Some((_server, mut s)) = open("#raft/run", Look::default()) else { return };
    s.wait_until("document.querySelector('[data-playing=true]')", SOON);
    s.wait_until("document.querySelector('.said').innerText.includes('BecomeLeader')", LATER);
    assert!(said(&mut s).contains("term 1"), "{}", said(&mut s));
    assert!(s.is("document.querySelector('#stage .leads')"), "the leader is drawn as one");
    s.screenshot("page-election");
    quiet(&mut s);
}

#[test]
fn what_moves_is_painted_and_what_stands_is_made_of_elements() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    for _ in 0..12 {
        if s.is("document.querySelectorAll('#stage .message').length > 2") {
            break;
        }
        s.click("#step");
    }
    assert!(s.is("document.querySelectorAll('#stage .message').length > 2"));
    assert!(s.is("document.querySelector('#stage canvas').hidden"));
    s.click("#play");
    s.wait_until("!document.querySelector('#stage canvas').hidden", SOON);
    assert_eq!(number(&mut s, "document.querySelectorAll('#stage .message').length"), 0.0);
    assert_eq!(number(&mut s, "document.querySelectorAll('#time .way').length"), 0.0);
    // The canvas is lent to a worker; a copy of it can be read.
    let ink = "(() => { const c = document.querySelector('#stage canvas'); \
               const d = document.createElement('canvas'); [d.width, d.height] = [c.width, c.height]; \
               const pen = d.getContext('2d'); pen.drawImage(c, 0, 0); \
               return pen.getImageData(0, 0, d.width, d.height).data.some(v => v); })()";
    s.wait_until(ink, SOON);
    s.screenshot("page-painted");
    s.click("#play");
    s.wait_until("document.querySelector('#stage canvas').hidden", SOON);
    assert!(s.is("document.querySelectorAll('#time .dot').length > 5"));
    quiet(&mut s);
}

#[test]
fn a_second_scene_shows_in_the_same_frame() {
    let Some((_server, mut s)) = paused("#lamport/run", Look::default()) else { return };
    for _ in 0..30 {
        s.click("#step");
    }
    s.wait_until("document.querySelectorAll('#time [data-target^=\"event:\"]').length > 3", SOON);
    assert!(s.is("document.querySelectorAll('.pill').length >= 1"));
    s.screenshot("page-lamport");
    quiet(&mut s);
}

#[test]
fn a_drag_across_the_links_cuts_them() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    stroke(&mut s, 0.62);
    s.wait_until("document.querySelector('#stage .wall')", SOON);
    assert!(s.text("#journal").contains("partition"), "{}", s.text("#journal"));
    s.wait_until("document.querySelector('.lens.matrix .scene')?.children.length", SOON);
    s.click("#next");
    s.click("#next");
    s.screenshot("page-cut");
    quiet(&mut s);
}

#[test]
fn a_node_crashes_by_click_and_restarts_by_key() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    let at = s.centre("#stage [data-node=\"0\"] .body");
    s.click_at(at);
    s.wait_until("document.querySelector('[data-verb=c]')", SOON);
    s.click("[data-verb=c]");
    s.wait_until("document.querySelector('#stage [data-node=\"0\"].crashed')", SOON);
    s.eval("document.querySelector('#stage [data-node=\"0\"]').focus()");
    s.key("r");
    s.wait_until("!document.querySelector('#stage [data-node=\"0\"].crashed')", SOON);
    // Letters do nothing while no node has the focus.
    s.eval("document.activeElement.blur()");
    s.key("c");
    assert!(!s.is("document.querySelector('#stage .crashed')"));
    // From node to node by arrows.
    s.eval("document.querySelector('#stage [data-node=\"0\"]').focus()");
    s.key("ArrowRight");
    s.wait_until("document.activeElement.dataset.node == '1'", SOON);
    s.key("c");
    s.wait_until("document.querySelector('#stage [data-node=\"1\"].crashed')", SOON);
    assert_eq!(number(&mut s, "document.querySelectorAll('#journal ol li').length"), 3.0);
    quiet(&mut s);
}

#[test]
fn time_is_scrubbed_and_stepped_both_ways() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    let (steps, time) = (cursor(&mut s), clock(&mut s));
    s.click("#step");
    s.wait_until(
        &format!("document.querySelector('.stamp').textContent.includes('{} event')", steps + 1.0),
        SOON,
    );
    s.click("#step-back");
    s.wait_until(
        &format!("document.querySelector('.stamp').textContent.includes('{steps} event')"),
        SOON,
    );
    let (x, y) = s.centre("#line .knob");
    s.drag((x, y), (x - 60.0, y));
    s.wait_until(
        &format!("parseFloat(document.querySelector('#clock').textContent) < {time}"),
        SOON,
    );
    assert!(cursor(&mut s) < steps);
    s.click("#to-start");
    s.wait_until("document.querySelector('.stamp').textContent.includes('0 events')", SOON);
    s.eval("document.activeElement.blur()");
    s.key(".");
    s.wait_until("document.querySelector('.stamp').textContent.includes('1 event')", SOON);
    quiet(&mut s);
}

#[test]
fn an_event_lights_its_past_and_future() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    for _ in 0..12 {
        s.click("#step");
    }
    s.wait_until("document.querySelectorAll('#time [data-target^=\"event:\"]').length > 12", SOON);
    let middle = "[...document.querySelectorAll('#time [data-target^=\"event:\"]')]\
                  .sort((a, b) => a.dataset.target.slice(6) - b.dataset.target.slice(6)).at(-14)";
    s.eval(&format!("({middle}).id = 'middle'"));
    let at = s.centre("#middle");
    s.click_at(at);
    s.wait_until("document.querySelector('#cone')", SOON);
    let words = s.text("#cone");
    assert!(words.contains("past of") && words.contains("future of"), "{words}");
    s.wait_until("document.querySelector('#time .dot.past, #time .dots.past')", SOON);
    assert!(s.is("document.querySelector('#time .dot.future, #time .dots.future')"), "{words}");
    s.screenshot("page-cone");
    s.key("Escape");
    s.wait_until("!document.querySelector('#cone')", SOON);
    quiet(&mut s);
}

#[test]
fn acting_in_the_past_starts_a_branch() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    s.click("#step-back");
    s.click("#step-back");
    let at = s.centre("#stage [data-node=\"1\"] .body");
    s.click_at(at);
    s.wait_until("document.querySelector('[data-verb=p]')", SOON);
    s.click("[data-verb=p]");
    s.wait_until("document.querySelectorAll('.branches li').length == 2", SOON);
    assert!(s.is("document.querySelectorAll('#line [data-target^=\"branch:\"]').length == 2"));
    s.click(".branches li:first-child button");
    s.wait_until("!document.querySelector('#stage .paused')", SOON);
    quiet(&mut s);
}

#[test]
fn a_bug_is_caught_pinned_and_explained() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    // Half of the servers are enough to commit: cut them in two halves, each with its leader.
    s.click("#rail-break");
    s.eval("document.querySelector('details:has([data-mutant])').open = true");
    s.click(&format!("[data-mutant={MUTANT}]"));
    s.wait_until(&format!("document.querySelector('[data-mutant={MUTANT}]').checked"), SOON);
    break_it(&mut s);
    s.wait_until("document.querySelector('.pill.bad')", LATER);
    assert!(s.is("document.querySelector('#line .flag')"), "the first violation is pinned");
    s.click(".pill.bad");
    s.wait_until("document.querySelector('#witness')", SOON);
    assert!(s.text("#witness").len() > 20, "{}", s.text("#witness"));
    s.click("#to-violation");
    s.wait_until("document.querySelector('#cone')", SOON);
    s.screenshot("page-violation");
    quiet(&mut s);
}

/// Breaks an invariant without any fault, sooner or later.
const MUTANT: &str = "leader-rewrites";

/// Crashes leaders until something gives.
fn break_it(s: &mut Session) {
    for _ in 0..12 {
        if s.is("document.querySelector('.pill.bad')") {
            return;
        }
        until_elected(s);
        for _ in 0..6 {
            s.click("#step");
        }
        let leader =
            s.eval("document.querySelector('#stage .leads:not(.crashed)')?.dataset.node || ''");
        let leader = leader.as_str().unwrap_or_default().to_owned();
        if !leader.is_empty() {
            s.eval(&format!("document.querySelector('#stage [data-node=\"{leader}\"]').focus()"));
            s.key("c");
            s.click("#next");
            s.eval(&format!("document.querySelector('#stage [data-node=\"{leader}\"]').focus()"));
            s.key("r");
        }
        s.click("#next");
    }
}

#[test]
fn a_link_opens_the_same_moment_and_a_broken_one_says_so() {
    let Some((server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    s.click("#share");
    s.wait_until("location.hash.startsWith('#s=')", SOON);
    s.wait_until("document.querySelector('.notice')", SOON);
    let stamp = s.text(".stamp");
    let address = s.eval("location.href").as_str().unwrap_or_default().to_owned();
    s.goto("about:blank");
    s.goto(&address);
    s.wait_for_boot();
    s.wait_until(&format!("document.querySelector('.stamp')?.textContent == {stamp:?}"), SOON);
    s.goto("about:blank");
    s.goto(&format!("{}#s=1abcdef", server.url()));
    s.wait_for_boot();
    s.wait_until("document.querySelector('.notice')", SOON);
    assert!(s.text(".notice").starts_with("This link was cut short"), "{}", s.text(".notice"));
    assert!(
        s.is("document.querySelectorAll('#stage [data-node]').length > 3"),
        "the run is behind it"
    );
    quiet(&mut s);
}

#[test]
fn the_list_of_scenes_leads_there_and_back() {
    let Some((_server, mut s)) = open("", Look::default()) else { return };
    assert_eq!(s.text("h1"), "Distributed systems, running.");
    s.screenshot("page-home");
    s.click("a[href='#raft']");
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    s.eval("history.back()");
    s.wait_until("document.querySelector('.home')", SOON);
    quiet(&mut s);
}

#[test]
fn nothing_moves_by_itself_where_stillness_is_preferred() {
    let Some((_server, mut s)) = open("#raft/run", Look::default().dark().still()) else { return };
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    assert!(s.is("document.querySelector('[data-playing=false]')"));
    let time = clock(&mut s);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(clock(&mut s), time);
    s.screenshot("page-dark-still");
    quiet(&mut s);
}

#[test]
fn it_fits_a_telephone() {
    let look = Look::size(360, 740);
    let Some((_server, mut s)) = paused("#raft/run", look) else { return };
    until_elected_narrow(&mut s);
    let width = number(&mut s, "document.documentElement.scrollWidth");
    assert!(width <= 360.0, "{width} px wide");
    assert!(s.is(
        "document.querySelector('#stage').clientWidth == document.documentElement.clientWidth"
    ));
    assert_eq!(number(&mut s, "document.querySelector('#stage').clientHeight"), 300.0);
    assert!(s.text(".tally").contains("hold"));
    for tab in ["story", "log", "state", "faults", "events", "time"] {
        s.click(&format!("#tab-{tab}"));
        s.wait_until(&format!("document.querySelector('#tab-{tab}').ariaSelected == 'true'"), SOON);
        let width = number(&mut s, "document.documentElement.scrollWidth");
        assert!(width <= 360.0, "{tab}: {width} px wide");
        // Stage and transport stay in view, whatever is below them.
        let high = number(&mut s, "document.documentElement.scrollHeight");
        assert!(high <= 740.0, "{tab}: {high} px high");
        let play = number(&mut s, "document.querySelector('#play').getBoundingClientRect().bottom");
        assert!(play <= 740.0, "{tab}: the transport ends at {play} px");
        s.screenshot(&format!("page-narrow-{tab}"));
    }
    s.eval("scrollTo(0, 0)");
    stroke(&mut s, 0.62);
    s.wait_until("document.querySelector('#stage .wall, #stage .cut')", SOON);
    s.set_look(look.dark());
    s.screenshot("page-narrow-dark");
    quiet(&mut s);
}

fn until_elected_narrow(s: &mut Session) {
    s.click("#next");
    s.wait_until("document.querySelector('#clock').textContent", SOON);
}

#[test]
fn it_can_be_listened_to() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    assert!(
        s.is("document.querySelector('#stage [data-node][role=button]').ariaLabel.includes('S1')")
    );
    s.wait_until(
        "document.querySelector('[aria-live]').textContent.includes('BecomeLeader')",
        SOON,
    );
    s.click("#lists");
    s.wait_until("document.querySelectorAll('.list-events li').length > 10", SOON);
    assert!(s.is("document.querySelectorAll('.list-state tbody tr').length >= 5"));
    s.click(".list-events li:nth-child(3) button");
    s.wait_until("document.querySelector('#inspector .head')", SOON);
    s.screenshot("page-lists");
    s.eval("document.activeElement.blur()");
    s.key("?");
    s.wait_until("document.querySelector('[role=dialog]')", SOON);
    s.screenshot("page-help");
    s.key("Escape");
    s.wait_until("!document.querySelector('[role=dialog]')", SOON);
    quiet(&mut s);
}

#[test]
fn a_panic_leads_back_to_the_run() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    s.eval("hbBoot.panic('panicked at src/x.rs:1:1: for the test', '#raft')");
    s.wait_until("document.querySelector('.fault-panic')", SOON);
    assert!(s.text(".fault-panic").contains("for the test"));
    assert!(s.is("document.querySelector('.fault-panic a').href.endsWith('#raft')"));
    assert!(s.is("document.querySelectorAll('.fault-panic button').length == 3"));
    s.screenshot("page-panic");
}

#[test]
fn every_preference_has_its_look() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until_elected(&mut s);
    for (name, look) in [
        ("contrast", Look { more_contrast: true, ..Look::default() }),
        ("contrast-dark", Look { more_contrast: true, ..Look::default().dark() }),
        ("forced", Look { forced_colors: true, ..Look::default().dark() }),
        ("middle", Look::size(1000, 800)),
        ("zoomed", Look::size(720, 450)),
        ("present", Look::size(1920, 1080)),
    ] {
        s.set_look(look);
        std::thread::sleep(Duration::from_millis(200));
        let over = number(&mut s, "document.documentElement.scrollWidth - innerWidth");
        assert!(over <= 0.0, "{name}: {over} px too wide");
        s.screenshot(&format!("page-{name}"));
    }
    quiet(&mut s);
}

/// What axe-core finds, one line a fault.
fn faults(s: &mut Session) -> Vec<String> {
    let found = s.eval_async(
        "(await axe.run(document, { resultTypes: ['violations'] })).violations\
         .flatMap(v => v.nodes.map(n => v.id + ': ' + n.target.join(' ') + ' ' + n.html.slice(0, 120)))",
    );
    found.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

#[test]
fn axe_finds_no_fault() {
    let Some(axe) = browser::axe() else { return };
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    s.run(&axe);
    until_elected(&mut s);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "light");
    s.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
    let at = s.centre("#stage [data-node=\"0\"] .body");
    s.click_at(at);
    s.click("#lists");
    s.wait_until("document.querySelector('.list-events li')", SOON);
    stroke(&mut s, 0.62);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "everything open");
    s.set_look(Look::default().dark());
    assert_eq!(faults(&mut s), Vec::<String>::new(), "dark");
    s.click("#help-open");
    s.wait_until("document.querySelector('[role=dialog]')", SOON);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "help");
    s.click("#help-close");
    s.set_look(Look::size(360, 740));
    for tab in ["story", "log", "state", "faults", "events", "time"] {
        s.click(&format!("#tab-{tab}"));
        assert_eq!(faults(&mut s), Vec::<String>::new(), "narrow, {tab}");
    }
    s.eval("location.hash = ''");
    s.wait_until("document.querySelector('.home')", SOON);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "list of scenes");
}

#[test]
fn a_short_walk_in_firefox() {
    let Some((_server, mut s)) = open_in(Browser::Firefox, "#raft/run", Look::default()) else {
        return;
    };
    s.wait_until("document.querySelector('.said').innerText.includes('BecomeLeader')", LATER);
    s.wait_until("!document.querySelector('#stage canvas').hidden", SOON);
    s.click("#play");
    s.wait_until("document.querySelector('#stage canvas').hidden", SOON);
    s.screenshot("page-firefox");
    s.run("document.querySelector('#stage [data-node=\"1\"]').focus()");
    s.key("c");
    s.wait_until("document.querySelector('#stage [data-node=\"1\"].crashed')", SOON);
    let before = clock(&mut s);
    for _ in 0..8 {
        s.click("#step");
    }
    assert!(clock(&mut s) > before);
    quiet(&mut s);
}
