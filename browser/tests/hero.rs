//! What a newcomer sees: each scene opens on its telling moment, plays it again, and offers one thing
//! to do.

use browser::{Browser, Look, Server, Session, dist, session};
use happened_before::protocols::CATALOG;
use happened_before::stories::hero::Opening;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(15);
const LATER: Duration = Duration::from_secs(60);

fn open(fragment: &str, look: Look) -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut s = session(Browser::Chromium, look)?;
    let server = Server::for_test(&dist);
    s.goto(&format!("{}{fragment}", server.url()));
    s.wait_for_boot();
    Some((server, s))
}

fn quiet(s: &mut Session) {
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

fn cursor(s: &mut Session) -> u64 {
    let step = "Number(document.querySelector('.stamp').textContent.match(/(\\d+) event/)[1])";
    s.eval(step).as_f64().unwrap_or_default() as u64
}

/// Every scene: its sentence is the headline, its run gets to the moment, its buttons are there, and
/// the address stays what it was until somebody touches it.
#[test]
fn every_scene_plays_its_opening_to_its_moment() {
    let Some((server, mut s)) = open("", Look::default()) else { return };
    for scene in CATALOG {
        let (_, _, reel) = Opening::play(scene).expect(scene.id);
        s.goto(&format!("{}#{}", server.url(), scene.id));
        s.wait_for_boot();
        s.wait_until("document.querySelector('#headline')", SOON);
        assert_eq!(s.text("#headline"), scene.hero.caption, "{}", scene.id);
        assert!(s.is("document.querySelector('[data-playing=true]')"), "{}: stands", scene.id);
        assert!(s.is("!document.querySelector('.inspector').offsetParent"), "{}", scene.id);
        let labels =
            s.eval("[...document.querySelectorAll('#next-acts .act')].map(b => b.innerText)");
        let wanted: Vec<&str> = scene.hero.next.iter().map(|n| n.label).collect();
        assert_eq!(labels, serde_json::json!(wanted), "{}", scene.id);
        let step = "Number(document.querySelector('.stamp').textContent.match(/(\\d+) event/)[1])";
        s.wait_until(&format!("{step} >= {}", reel.moment.step), LATER);
        assert!(s.is(&format!("location.hash == '#{}'", scene.id)), "{}", scene.id);
        s.screenshot(&format!("hero-{}", scene.id));
        // And again, from its beginning: all do so by the same code.
        if scene.id == "raft" {
            s.wait_until(&format!("{step} < {}", reel.moment.step), LATER);
        }
    }
    quiet(&mut s);
}

#[test]
fn a_button_of_an_opening_does_what_it_says() {
    let Some((_server, mut s)) = open("#cap", Look::default()) else { return };
    s.wait_until("document.querySelector('#next-acts .act')", SOON);
    s.click("#next-acts [data-next='0']");
    let broken = "document.querySelector('.pill.bad[data-property=linearizable]')";
    s.wait_until(broken, LATER);
    s.wait_until("document.querySelector('[data-playing=false]')", LATER);
    assert!(s.text(".preset-chip").contains("1 setting changed"), "{}", s.text(".preset-chip"));
    quiet(&mut s);
}

#[test]
fn without_motion_it_shows_the_moment_and_waits() {
    let Some((_server, mut s)) = open("#raft", Look::default().still()) else { return };
    let scene = happened_before::protocols::scene("raft").expect("raft");
    let (_, _, reel) = Opening::play(scene).expect("raft");
    s.wait_until("document.querySelector('#headline')", SOON);
    assert!(s.is("document.querySelector('[data-playing=false]')"));
    assert_eq!(cursor(&mut s), reel.moment.step);
    s.click("#play");
    s.wait_until("document.querySelector('[data-playing=true]')", SOON);
    quiet(&mut s);
}

#[test]
fn whoever_touches_it_takes_the_run_over() {
    let Some((_server, mut s)) = open("#raft", Look::default()) else { return };
    s.wait_until("document.querySelector('#headline')", SOON);
    s.click("#step");
    s.wait_until("document.querySelector('[data-playing=false]')", SOON);
    s.wait_until("location.hash.length > 20", SOON);
    quiet(&mut s);
}

#[test]
fn any_picture_can_be_the_large_one() {
    let Some((_server, mut s)) = open("#consistent-hashing", Look::default()) else { return };
    s.wait_until("document.querySelector('.main-picture .arc')", SOON);
    let wide = |s: &mut Session, css: &str| {
        s.eval(&format!("document.querySelector('{css}').getBoundingClientRect().width"))
            .as_f64()
            .unwrap_or_default()
    };
    assert!(wide(&mut s, "#stage") < wide(&mut s, ".main-picture"));
    s.click("[data-main=Servers]");
    s.wait_until("!document.querySelector('.main-picture')", SOON);
    assert!(wide(&mut s, "#stage") > wide(&mut s, ".lenses"));
    s.eval("document.activeElement.blur()");
    s.key("m");
    s.wait_until("document.querySelector('.main-time')", SOON);
    s.key("m");
    s.wait_until("document.querySelector('.main-picture .arc')", SOON);
    quiet(&mut s);
}

/// The list of scenes, with a picture of each, stands in the page itself.
#[test]
fn the_list_of_scenes_is_there_before_the_program() {
    let Some(dist) = dist() else { return };
    let html = std::fs::read_to_string(dist.join("index.html")).expect("the page");
    for scene in CATALOG {
        let card = html.split(&format!("href=\"#{}\"", scene.id)).nth(1).expect(scene.id);
        let card = card.split("</a>").next().unwrap_or_default();
        assert!(card.contains("<svg") && card.contains("aria-label="), "{}", scene.id);
    }
}

#[test]
fn a_wrong_name_finds_the_scene_that_was_meant() {
    let Some((_server, mut s)) = open("#hashing", Look::default()) else { return };
    s.wait_until("document.querySelector('.crumbs h1')", SOON);
    assert_eq!(s.text(".crumbs h1"), "Consistent hashing");
    s.wait_until("document.querySelector('.caption .notice')", SOON);
    quiet(&mut s);
}
