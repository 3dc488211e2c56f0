//! The scene kit and time in a real browser: stories, the journal, undo, branches, moments in
//! words, links, exports, comparison.

use browser::{Browser, Look, Server, Session, dist, session};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(15);
const LATER: Duration = Duration::from_secs(90);

/// A scene, paused.
fn paused(fragment: &str, look: Look) -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut s = session(Browser::Chromium, look)?;
    let server = Server::for_test(&dist);
    s.goto(&format!("{}{fragment}", server.url()));
    s.wait_for_boot();
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    if s.is("document.querySelector('[data-playing=true]')") {
        s.click("#play");
        s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    }
    Some((server, s))
}

fn quiet(s: &mut Session) {
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

fn text(s: &mut Session, expression: &str) -> String {
    s.eval(expression).as_str().unwrap_or_default().to_owned()
}

fn number(s: &mut Session, expression: &str) -> f64 {
    s.eval(expression).as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
}

/// Goes to a moment in words.
fn until(s: &mut Session, words: &str) {
    s.click("#until");
    s.wait_until("document.querySelector('#find')", SOON);
    s.type_into("#find", words);
    std::thread::sleep(Duration::from_millis(50));
    s.key("Enter");
    s.wait_until("!document.querySelector('#find')", SOON);
}

/// Presses a letter while a node has the focus.
fn verb(s: &mut Session, node: u32, key: &str) {
    s.eval(&format!("document.querySelector('#stage [data-node=\"{node}\"]').focus()"));
    s.key(key);
}

const ENTRIES: &str = "document.querySelectorAll('#journal ol li').length";
const BRANCHES: &str = "document.querySelectorAll('.branches li').length";
const PHASE: &str = "document.querySelector('#story')?.dataset.phase";

/// Sets the value of an input as typing and leaving it would.
fn set(s: &mut Session, css: &str, value: &str) {
    s.wait_until(&format!("document.querySelector({css:?})"), SOON);
    s.run(&format!(
        "const e = document.querySelector({css:?}); e.value = {value:?}; \
         e.dispatchEvent(new Event('change', {{ bubbles: true }}));"
    ));
}

#[test]
fn a_story_is_told_asked_left_and_come_back_to() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    s.click("#rail-story");
    s.click("[data-story=leader]");
    s.wait_until("document.querySelector('#story .words')", SOON);
    assert!(s.text("#story .words").starts_with("Five servers"));
    s.screenshot("kit-story");
    // As with a clicker: forth through the first four steps.
    for step in 1..=4 {
        s.eval("document.activeElement.blur()");
        while text(&mut s, PHASE) != "Done" {
            s.key("PageDown");
            std::thread::sleep(Duration::from_millis(100));
        }
        if step < 4 {
            s.key("PageDown");
            s.wait_until(
                &format!(
                    "document.querySelector('#story header .mono').innerText == '{}/8'",
                    step + 1
                ),
                SOON,
            );
        }
    }
    s.key("PageDown");
    s.wait_until(&format!("{PHASE} == 'Asked'"), SOON);
    let words = s.text("#story .words");
    assert!(!words.contains('{') && words.contains("still believes it leads"), "{words}");
    assert!(s.is("document.querySelector('#story .noun').innerText.startsWith('S')"));
    s.screenshot("kit-story-asked");
    // A wrong prediction, and what happened.
    s.click("#story .question li:nth-child(1) button");
    s.wait_until(&format!("{PHASE} != 'Asked'"), SOON);
    if text(&mut s, PHASE) == "Running" {
        s.click("#story-next");
    }
    s.wait_until(&format!("{PHASE} == 'Done'"), LATER);
    let said = s.text("#story .question .bad");
    assert!(said.contains("Nothing, until its own timeout"), "{said}");
    s.screenshot("kit-story-answered");
    let stamp = s.text(".stamp");
    // One's own way is a branch; the story waits.
    s.eval("document.querySelector('#stage [data-node=\"4\"]').focus()");
    s.key("c");
    s.wait_until("document.querySelector('#story-return')", SOON);
    assert!(s.text("#story .notice").contains("a branch of your own"));
    assert!(s.is(&format!("{BRANCHES} == 2")));
    s.screenshot("kit-story-left");
    s.click("#story-return");
    s.wait_until(&format!("document.querySelector('.stamp').innerText == {stamp:?}"), SOON);
    s.wait_until("document.querySelector('#story .words')", SOON);
    // On to the end, where a knob is handed over.
    for _ in 0..8 {
        if s.is("document.querySelector('#story .unlocked')") {
            break;
        }
        s.click("#story-next");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(s.is("document.querySelector('#story [data-knob=\"net.loss\"]')"));
    s.screenshot("kit-story-end");
    s.click("#story-next");
    s.wait_until("!document.querySelector('#story')", SOON);
    quiet(&mut s);
}

#[test]
fn a_story_fits_a_telephone_and_runs_by_itself() {
    let Some((_server, mut s)) = paused("#raft/run", Look::size(360, 740)) else { return };
    s.click("#tab-story");
    s.click("[data-story=leader]");
    s.wait_until("document.querySelector('#story .words')", SOON);
    s.wait_until(&format!("{PHASE} == 'Done'"), LATER);
    s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    let over = number(&mut s, "document.documentElement.scrollWidth - innerWidth");
    assert!(over <= 0.0, "{over} px too wide");
    s.eval("scrollTo(0, 0)");
    s.screenshot("kit-story-narrow");
    s.set_look(Look::size(360, 740).dark());
    s.click("#tab-faults");
    s.screenshot("kit-rail-narrow-dark");
    quiet(&mut s);
}

#[test]
fn what_was_done_is_moved_switched_off_taken_out_and_undone() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until(&mut s, "next leader change");
    verb(&mut s, 3, "p");
    s.wait_until(&format!("{ENTRIES} == 1"), SOON);
    until(&mut s, "900ms");
    verb(&mut s, 4, "c");
    s.wait_until(&format!("{ENTRIES} == 2"), SOON);
    s.wait_until("document.querySelector('#stage [data-node=\"4\"].crashed')", SOON);
    s.screenshot("kit-journal");
    let digest = "document.querySelector('.stamp').innerText";
    let before = text(&mut s, digest);
    // Off and on again leads to the same bytes.
    s.click("#journal ol li:nth-child(2) input[type=checkbox]");
    s.wait_until("!document.querySelector('#stage [data-node=\"4\"].crashed')", SOON);
    s.wait_until("document.querySelector('#journal li.off')", SOON);
    s.click("#journal ol li.off input[type=checkbox]");
    s.wait_until(&format!("{digest} == {before:?}"), SOON);
    // Earlier in time.
    set(&mut s, "#journal ol li:nth-child(2) .at", "0.4s");
    s.wait_until(
        "document.querySelector('#journal ol li:nth-child(2) .at, #journal ol li .at').value",
        SOON,
    );
    s.wait_until(&format!("{digest} != {before:?}"), SOON);
    assert!(
        s.is("[...document.querySelectorAll('#journal .at')].some(e => e.value.startsWith('0.4'))")
    );
    // Out, and back by keys.
    s.click("#journal ol li:nth-child(1) .drop");
    s.wait_until(&format!("{ENTRIES} == 1"), SOON);
    s.eval("document.activeElement.blur()");
    s.key("Control+z");
    s.wait_until(&format!("{ENTRIES} == 2"), SOON);
    s.key("Control+z");
    s.wait_until(&format!("{digest} == {before:?}"), SOON);
    s.key("Control+Shift+z");
    s.wait_until(&format!("{digest} != {before:?}"), SOON);
    s.key("Control+z");
    s.wait_until(&format!("{digest} == {before:?}"), SOON);
    // Dragged by its grip.
    let (x, y) = s.centre("#journal ol li:nth-child(1) .grip");
    s.drag((x, y), (x + 60.0, y));
    s.wait_until(&format!("{digest} != {before:?}"), SOON);
    quiet(&mut s);
}

#[test]
fn branches_are_named_deleted_and_switched() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until(&mut s, "next leader change");
    s.click("#step");
    s.click("#step-back");
    s.click("#step-back");
    verb(&mut s, 1, "p");
    s.wait_until(&format!("{BRANCHES} == 2"), SOON);
    set(&mut s, ".branches .name", "without S2");
    s.wait_until("document.querySelector('.branches .name').value == 'without S2'", SOON);
    s.eval("document.activeElement.blur()");
    s.key("n");
    s.wait_until("document.querySelector('.branches .here .name').value == 'main'", SOON);
    assert!(s.text(".branches").contains("without S2"));
    // Side by side.
    s.click(".branches .compare");
    s.wait_until("document.querySelector('#side .side-stage [data-node]')", SOON);
    s.click("#next");
    s.click("#next");
    s.wait_until("document.querySelector('#to-parting')", SOON);
    assert!(s.is("document.querySelectorAll('.differences li').length > 0"));
    assert!(s.is(
        "document.querySelector('#stage .differs') && document.querySelector('#side .differs')"
    ));
    s.screenshot("kit-compare");
    s.set_look(Look::size(360, 740).dark());
    s.screenshot("kit-compare-narrow-dark");
    s.set_look(Look::default());
    s.click("#side-close");
    s.wait_until("!document.querySelector('#side')", SOON);
    s.click(".branches li:nth-child(2) .drop");
    s.wait_until("!document.querySelector('.branches')", SOON);
    s.click("#undo");
    s.wait_until(&format!("{BRANCHES} == 2"), SOON);
    assert!(s.text(".branches").contains("without S2"));
    quiet(&mut s);
}

#[test]
fn moments_are_found_in_words() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until(&mut s, "next leader change");
    assert!(s.text(".said").contains("BecomeLeader"), "{}", s.text(".said"));
    until(&mut s, "node 3 applies index 2");
    s.eval("document.activeElement.blur()");
    s.key("/");
    s.wait_until("document.activeElement.id == 'find'", SOON);
    assert!(s.is("document.querySelectorAll('#found [role=option]').length > 5"));
    s.screenshot("kit-find");
    s.type_into("#find", "timeout S");
    s.wait_until(
        "[...document.querySelectorAll('#found li')].some(l => l.innerText.startsWith('event'))",
        SOON,
    );
    s.key("ArrowDown");
    s.key("Enter");
    s.wait_until("document.querySelector('#inspector .head')", SOON);
    until(&mut s, "the moon rises");
    s.wait_until("document.querySelector('.notice')", SOON);
    assert!(s.text(".notice").contains("annot read condition"), "{}", s.text(".notice"));
    quiet(&mut s);
}

#[test]
fn the_address_holds_all_of_it_and_back_goes_back() {
    let Some((server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until(&mut s, "next leader change");
    s.wait_until("location.hash.startsWith('#s=')", SOON);
    verb(&mut s, 3, "p");
    s.wait_until(&format!("{ENTRIES} == 1"), SOON);
    s.click("#step-back");
    s.click("#step-back");
    verb(&mut s, 2, "p");
    s.wait_until(&format!("{BRANCHES} == 2"), SOON);
    s.click("#lists");
    std::thread::sleep(Duration::from_millis(900));
    let (stamp, address) = (s.text(".stamp"), text(&mut s, "location.href"));
    println!("two branches, two interventions: {} characters", address.len() - server.url().len());
    assert!(address.len() - server.url().len() < 300, "{}", address.len());
    s.goto("about:blank");
    s.goto(&address);
    s.wait_for_boot();
    s.wait_until(&format!("document.querySelector('.stamp')?.innerText == {stamp:?}"), SOON);
    assert!(s.is(&format!("{BRANCHES} == 2")) && s.is("document.querySelector('.list-events')"));
    // Deliberate steps are the browser's steps.
    verb(&mut s, 0, "p");
    s.wait_until("document.querySelector('#stage [data-node=\"0\"].paused')", SOON);
    s.eval("history.back()");
    s.wait_until("!document.querySelector('#stage [data-node=\"0\"].paused')", SOON);
    s.wait_until(&format!("document.querySelector('.stamp').innerText == {stamp:?}"), SOON);
    s.eval("history.forward()");
    s.wait_until("document.querySelector('#stage [data-node=\"0\"].paused')", SOON);
    quiet(&mut s);
}

/// Catches what the page would save, as base64 by name.
const CATCH: &str = "window.saved = {}; const make = URL.createObjectURL; const blobs = new Map(); \
    URL.createObjectURL = b => { const u = make.call(URL, b); blobs.set(u, b); return u; }; \
    HTMLAnchorElement.prototype.click = function () { if (this.download) { \
    const [name, blob] = [this.download, blobs.get(this.href)]; \
    blob.arrayBuffer().then(a => { window.saved[name] = new Uint8Array(a); }); } };";

/// Drops bytes that were saved on the page.
const DROP: &str = "const d = new DataTransfer(); d.items.add(new File([window.saved[NAME]], NAME)); \
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: d, bubbles: true, cancelable: true }));";

#[test]
fn pictures_films_and_texts_leave_and_come_back() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    s.run(CATCH);
    until(&mut s, "next leader change");
    verb(&mut s, 3, "p");
    s.wait_until(&format!("{ENTRIES} == 1"), SOON);
    let stamp = s.text(".stamp");
    s.click("#sheet-open");
    s.wait_until("document.querySelector('.sheet')", SOON);
    s.screenshot("kit-sheet");
    set(&mut s, "#film-from", "0.1s");
    set(&mut s, "#film-to", "0.12s");
    for (button, file, head) in [
        ("#svg", "raft-7.svg", "<svg"),
        ("#png-1", "raft-7.png", "\u{89}PNG"),
        ("#gif", "raft-7.gif", "GIF89a"),
        ("#webm", "raft-7.webm", "\u{1a}E\u{df}\u{a3}"),
        ("#text-json", "raft-7.json", "{"),
        ("#text-trace", "raft-7.txt", " "),
        ("#text-mermaid", "raft-7.mmd", "sequenceDiagram"),
        ("#save-session", "raft-7.run.txt", "http"),
    ] {
        s.wait_until(&format!("document.querySelector('{button}:not(:disabled)')"), LATER);
        s.click(button);
        s.wait_until(&format!("window.saved[{file:?}]"), LATER);
        let start = text(
            &mut s,
            &format!(
                "String.fromCharCode(...window.saved[{file:?}].slice(0, {}))",
                head.chars().count()
            ),
        );
        assert_eq!(start, head, "{file}");
        println!("{file}: {} bytes", number(&mut s, &format!("window.saved[{file:?}].length")));
    }
    let gif = s.eval_async(
        "(async () => { const d = new ImageDecoder({ data: window.saved['raft-7.gif'], type: 'image/gif' }); \
         await d.tracks.ready; await d.completed; return d.tracks.selectedTrack.frameCount; })()",
    );
    assert_eq!(gif.as_f64(), Some(21.0), "frames of the film");
    let film = text(
        &mut s,
        "btoa(window.saved['raft-7.webm'].reduce((t, b) => t + String.fromCharCode(b), ''))",
    );
    // Every one of them opens the run again.
    for file in ["raft-7.png", "raft-7.gif", "raft-7.svg", "raft-7.run.txt", "raft-7.webm"] {
        s.eval("document.querySelector('#sheet-close')?.click()");
        s.wait_until("!document.querySelector('.sheet')", SOON);
        s.click("#restart");
        s.wait_until(&format!("{ENTRIES} == 0"), SOON);
        s.run(&DROP.replace("NAME", &format!("{file:?}")));
        s.wait_until(&format!("document.querySelector('.stamp').innerText == {stamp:?}"), SOON);
    }
    s.run(&DROP.replace("window.saved[NAME]", "'nothing'").replace("NAME", "'x.txt'"));
    s.wait_until("document.querySelector('.notice')", SOON);
    assert!(s.text(".notice").contains("no run in this file"), "{}", s.text(".notice"));
    quiet(&mut s);
    // The film is one: the page's own policy lets no video in, an empty page does.
    s.goto("about:blank");
    let seen = s.eval_async(&format!(
        "new Promise(done => {{ const v = document.createElement('video'); \
         v.onloadeddata = () => done([v.videoWidth, v.duration]); \
         v.onerror = () => done(v.error.message); v.src = 'data:video/webm;base64,{film}'; }})"
    ));
    assert_eq!(seen[0].as_f64(), Some(640.0), "{seen}");
    assert_eq!(seen[1].as_f64(), Some(1.05), "{seen}");
}

#[test]
fn a_film_can_be_cancelled() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    s.click("#sheet-open");
    set(&mut s, "#film-from", "0s");
    set(&mut s, "#film-to", "2s");
    s.click("#gif");
    s.wait_until("document.querySelector('.sheet-said').innerText.startsWith('Frame')", LATER);
    s.click("#cancel:not([hidden])");
    s.wait_until("document.querySelector('.sheet-said').innerText.startsWith('Cancelled')", LATER);
    quiet(&mut s);
}

#[test]
fn the_kit_says_where_it_comes_from() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until(&mut s, "next leader change");
    assert!(s.text("#preset").contains('@'), "{}", s.text("#preset"));
    assert!(s.text(".preset .small").len() > 10);
    s.eval("document.querySelectorAll('.rail details').forEach(d => d.open = true)");
    s.wait_until("document.querySelectorAll('.legend li').length > 2", SOON);
    assert!(s.text(".about").contains("Leaves out"));
    s.screenshot("kit-rail");
    s.set_look(Look::default().dark());
    s.eval("document.querySelector('.legend').scrollIntoView()");
    s.screenshot("kit-rail-dark");
    // What is not turned beside what is, on the same draws.
    s.set_look(Look::default());
    s.eval("document.querySelector('[data-mutant]').click()");
    s.wait_until("document.querySelector('#preset-beside')", SOON);
    s.run(
        "const e = document.querySelector('#preset-beside'); e.selectedIndex = 1; \
         e.dispatchEvent(new Event('change', { bubbles: true }));",
    );
    s.wait_until("document.querySelector('#side')", SOON);
    s.wait_until("document.querySelector('#side [data-node]')", SOON);
    quiet(&mut s);
}

/// Puts another scene beside the run.
fn beside(s: &mut Session, scene: &str) {
    s.run(&format!(
        "const e = document.querySelector('#preset-beside'); e.value = ' scene {scene}'; \
         e.dispatchEvent(new Event('change', {{ bubbles: true }}));"
    ));
    s.wait_until("document.querySelector('#side [data-node]')", SOON);
}

#[test]
fn two_protocols_meet_the_same_faults() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    until(&mut s, "next leader change");
    // Three of five servers crash.
    for node in [0, 1, 2] {
        verb(&mut s, node, "c");
        s.wait_until(&format!("{ENTRIES} == {}", node + 1), SOON);
    }
    beside(&mut s, "leaderless");
    assert!(s.text("#side h2").starts_with("Beside: "), "{}", s.text("#side h2"));
    assert_eq!(s.text("#carried"), "All 3 interventions are carried over.");
    let crashed = "document.querySelectorAll('#side [data-node].crashed').length";
    s.wait_until(&format!("{crashed} == 3"), SOON);
    until(&mut s, "6s");
    s.wait_until("document.querySelector('#to-parting')", SOON);
    let parting = s.text("#parting");
    assert!(parting.starts_with("They first differ at "), "{parting}");
    assert!(parting.contains(" here, "), "{parting}");
    assert!(s.text(".differences").contains("Operations answered: "), "{}", s.text(".differences"));
    for (name, look) in [
        ("kit-protocols", Look::default()),
        ("kit-protocols-dark", Look::default().dark()),
        ("kit-protocols-narrow", Look::size(360, 740)),
    ] {
        s.set_look(look);
        std::thread::sleep(Duration::from_millis(400));
        s.screenshot(name);
        assert!(s.is("document.documentElement.scrollWidth <= innerWidth"), "{name} is too wide");
    }
    s.set_look(Look::default());
    // A protocol that clients ask nothing of the same kind: that is said, too.
    beside(&mut s, "lamport");
    s.wait_until(
        "document.querySelector('#parting').innerText.includes('only what you see')",
        SOON,
    );
    s.click("#side-close");
    s.wait_until("!document.querySelector('#side')", SOON);
    quiet(&mut s);
}

#[test]
fn a_session_too_long_for_an_address_is_said_and_saved_whole() {
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    s.run(CATCH);
    until(&mut s, "next leader change");
    // Long names fill an address quickly.
    verb(&mut s, 3, "p");
    for n in 2..100 {
        s.click("#fork");
        s.wait_until(&format!("{BRANCHES} == {n}"), SOON);
        set(&mut s, ".branches .here .name", &format!("{}{n}", "漢".repeat(36)));
        if n > 20 && number(&mut s, "location.hash.length") < 500.0 {
            break;
        }
    }
    let branches = number(&mut s, BRANCHES);
    s.click("#sheet-open");
    s.wait_until("document.querySelector('#left-out')", SOON);
    let said = s.text("#left-out");
    assert!(said.contains("too long for an address"), "{said}");
    assert!(said.contains("Save as a file"), "{said}");
    s.screenshot("kit-too-long");
    s.click("#save-session");
    s.wait_until("window.saved['raft-7.run.txt']", LATER);
    s.click("#sheet-close");
    s.click("#restart");
    s.wait_until(&format!("{BRANCHES} <= 1"), SOON);
    s.run(&DROP.replace("NAME", "'raft-7.run.txt'"));
    s.wait_until(&format!("{BRANCHES} == {branches}"), SOON);
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
fn axe_finds_no_fault_in_the_kit() {
    let Some(axe) = browser::axe() else { return };
    let Some((_server, mut s)) = paused("#raft/run", Look::default()) else { return };
    s.run(&axe);
    until(&mut s, "next leader change");
    verb(&mut s, 3, "p");
    s.click("#step-back");
    s.click("#step-back");
    verb(&mut s, 2, "p");
    s.wait_until(&format!("{BRANCHES} == 2"), SOON);
    s.eval("document.querySelectorAll('.rail details').forEach(d => d.open = true)");
    s.wait_until("document.querySelectorAll('.legend li').length > 2", SOON);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "rail");
    s.click(".branches .compare");
    s.wait_until("document.querySelector('#side [data-node]')", SOON);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "side by side");
    s.click("#side-close");
    s.click("#until");
    s.wait_until("document.querySelector('#found li')", SOON);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "find");
    s.key("Escape");
    s.click("#sheet-open");
    s.wait_until("document.querySelector('.sheet')", SOON);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "exports");
    s.set_look(Look::default().dark());
    assert_eq!(faults(&mut s), Vec::<String>::new(), "exports, dark");
    s.key("Escape");
    s.click("#rail-story");
    s.click("[data-story=leader]");
    s.wait_until("document.querySelector('#story .words')", SOON);
    assert_eq!(faults(&mut s), Vec::<String>::new(), "story, dark");
    s.set_look(Look::size(360, 740));
    assert_eq!(faults(&mut s), Vec::<String>::new(), "story, narrow");
}
