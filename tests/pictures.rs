//! Pictures that `hb` draws by itself: the same pixels every time, sizes as asked for, and the run's
//! link inside.

use happened_before::cli::{self, Host, Output};
use happened_before::core::sorted::SortedMap;
use happened_before::scene::poster::small;
use happened_before::scene::svg_text::{bare, escape};
use happened_before::share::carry;
use happened_before::share::link::Link;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
struct Files {
    all: Mutex<SortedMap<String, Vec<u8>>>,
    /// How often it may be asked whether to stop; 0 is for ever.
    patience: u64,
    asked: AtomicU64,
}

impl Host for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let found = self.all.lock().unwrap().get(path).cloned();
        found.ok_or_else(|| format!("{path}: no such file"))
    }
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.all.lock().unwrap().insert(path.into(), bytes.into());
        Ok(())
    }
    fn stdin(&self) -> Result<String, String> {
        Ok(String::new())
    }
    fn clock_ms(&self) -> u64 {
        0
    }
    fn cancelled(&self) -> bool {
        self.patience > 0 && self.asked.fetch_add(1, Ordering::Relaxed) >= self.patience
    }
}

fn hb(line: &str, files: &Files) -> Output {
    let args: Vec<String> = line.split_whitespace().map(String::from).collect();
    cli::call(&args, files)
}

/// The file that a line writes as `x`.
fn drawn(line: &str) -> Vec<u8> {
    let files = Files::default();
    let told = hb(&format!("{line} --out x"), &files);
    assert_eq!((told.code, &told.stdout[..]), (0, ""), "{told:?}");
    files.read("x").unwrap()
}

/// Decodes a film with another program's decoder: its size, and each frame's delay and pixels as
/// they stand on the screen.
fn decode(film: &[u8]) -> (u16, u16, Vec<(u16, Vec<u8>)>) {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(film).expect("a GIF");
    let (w, h) = (decoder.width(), decoder.height());
    let mut screen = vec![0u8; usize::from(w) * usize::from(h) * 4];
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().expect("a frame") {
        let width = usize::from(frame.width);
        for (i, pixel) in frame.buffer.chunks_exact(4).enumerate().filter(|(_, p)| p[3] > 0) {
            let (x, y) = (usize::from(frame.left) + i % width, usize::from(frame.top) + i / width);
            let at = (y * usize::from(w) + x) * 4;
            screen[at..at + 4].copy_from_slice(pixel);
        }
        frames.push((frame.delay, screen.clone()));
    }
    (w, h, frames)
}

const SPAN: &str = "export raft --seed 5 --to gif --from 300ms --until 312ms --speed 1/50";

#[test]
fn a_film_is_the_same_every_time_and_opens_its_run() {
    let film = drawn(SPAN);
    assert_eq!(film, drawn(SPAN), "the same bytes");
    let (w, h, frames) = decode(&film);
    assert_eq!((w, h, frames.len()), (640, 420, 12));
    assert!(frames.iter().all(|(delay, _)| *delay == 5));
    // Messages move: no two frames are alike, and all of the first is painted.
    assert!(frames.windows(2).all(|f| f[0].1 != f[1].1));
    assert!(frames[0].1.chunks_exact(4).all(|p| p[3] == 255));
    let link = Link::decode(&carry::find(&film).expect("its link")).unwrap();
    assert_eq!((link.setup.scene.as_str(), link.setup.seed, link.time), ("raft", 5, 312_000));
    let dark = drawn(&format!("{SPAN} --theme dark"));
    let corner = |film: &[u8]| decode(film).2[0].1[0];
    assert!(corner(&dark) < 64 && corner(&film) > 192);
}

#[test]
fn a_picture_is_as_large_as_asked_for_and_has_letters() {
    let size = |png: &[u8]| {
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        (side(16), side(20))
    };
    let export = "export raft --seed 5 --until 400ms --to";
    let stage = drawn(&format!("{export} png --view stage"));
    assert_eq!(size(&stage), (820, 520));
    assert_eq!(size(&drawn(&format!("{export} png --view diagram --scale 2"))), (2000, 640));
    assert_eq!(stage, drawn(&format!("{export} png --view stage")), "the same bytes");
    assert!(stage.len() > 8_000, "{} bytes is an empty picture", stage.len());
    let svg = drawn(&format!("{export} svg"));
    for file in [&stage, &svg] {
        let link = Link::decode(&carry::find(file).expect("its link")).unwrap();
        assert_eq!((link.setup.seed, link.time), (5, 400_000));
    }
}

#[test]
fn a_span_that_cannot_be_filmed_is_said_in_a_sentence() {
    let files = Files::default();
    let says = |line: &str| {
        let told = hb(&format!("export raft {line} --out x"), &files);
        assert_eq!((told.code, told.stdout.as_str()), (64, ""), "{told:?}");
        told.stderr.trim_start_matches("hb: ").trim().to_string()
    };
    assert_eq!(
        says("--to gif --from 3s --until 2s"),
        "--from 3s is not before the end of the run, 2s"
    );
    assert_eq!(
        says("--to gif --from 0s --until 2s --speed 1/50"),
        "at this --speed the span takes 2000 frames, and a film has at most 600: take a shorter \
         one, or --speed 1/14"
    );
    assert_eq!(
        says("--to gif --speed 0"),
        "--speed takes a share of true speed such as 1/50 or 2, not '0'"
    );
    assert_eq!(says("--to gif --from soon"), "--from takes a time such as 5s or 150ms, not 'soon'");
    assert_eq!(says("--to png --scale 9"), "--scale of a png is 1 to 4");
    assert_eq!(says("--to png --theme pink"), "--theme is one of light, dark, print, not 'pink'");
    assert_eq!(says("--to json --theme dark"), "'--theme' is not understood here");
    let told = hb("export raft --to png --until 1s", &files);
    assert_eq!(told.stderr, "hb: a picture is no text: --out FILE says where it goes\n");
}

#[test]
fn a_film_that_is_stopped_keeps_its_first_frames() {
    // Once while the run is played, then once a frame.
    let files = Files { patience: 5, ..Files::default() };
    let told = hb(&format!("{SPAN} --out x"), &files);
    assert_eq!(told.code, 2, "{told:?}");
    let frames = decode(&files.read("x").unwrap()).2.len();
    assert!((1..12).contains(&frames), "{frames} frames");
    let whole = decode(&drawn(SPAN)).2;
    assert_eq!(decode(&files.read("x").unwrap()).2[..], whole[..frames]);
}

/// Ten thousand operations, of which the window shows the last few hundred milliseconds: what is
/// drawn is what is in sight, and drawing it again takes no longer than a short run does.
#[test]
fn of_a_long_history_only_what_is_in_sight_is_drawn() {
    use happened_before::core::config::Setup;
    use happened_before::core::session::Session;
    use happened_before::scene::history::HistoryPicture;
    use happened_before::scene::index::Index;
    use happened_before::scene::{PX, Size};
    let knobs = [("clients", 20), ("client.interval", 20_000)];
    let knobs = knobs.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
    let scene = happened_before::protocols::scene("leaderless").expect("in the catalogue");
    let setup = Setup { scene: "leaderless".into(), knobs, seed: 3, ..Setup::default() };
    let mut run = Session::new(scene.build, setup, Vec::new()).expect("a run");
    let draw = |run: &Session| {
        let (view, index) = (run.view(), Index::of(run.trace()));
        let window = (run.time().saturating_sub(400_000), run.time());
        let history = HistoryPicture {
            view: &view,
            trace: run.trace(),
            index: &index,
            calls: (scene.info)().calls,
            window,
            size: Size { w: 340 * PX, h: HistoryPicture::height(20) },
            full: true,
            points: &[],
            core: &[],
        };
        history.scene(run.time()).items.len()
    };
    while run.trace().ops.len() < 1_000 {
        run.forward();
    }
    let short = draw(&run);
    while run.trace().ops.len() < 10_000 {
        run.forward();
    }
    let long = draw(&run);
    println!("{short} items after 1,000 operations, {long} after 10,000");
    assert!(long < 2 * short && long < 400, "{short}, {long}");
}

/// The list of scenes that stands in the page before any program runs: each scene's opening, small.
#[test]
fn posters_are_those_of_the_scenes() {
    use happened_before::protocols::{CATALOG, sections};
    let mut all = String::new();
    for (title, entries) in sections() {
        let class = format!("family of-{}", entries.len());
        all.push_str(&format!("<section class=\"{class}\">\n<h2>{title}</h2>\n<ul>\n"));
        for entry in entries {
            let scene = CATALOG.iter().find(|s| s.id == entry.id).expect("in the index");
            let picture = bare(&small(scene).expect(scene.id)).replace('\n', "");
            all.push_str(&format!(
                "<li><a class=\"scene-card\" href=\"#{}\"><div class=\"mini\">{picture}</div>\
                 <strong>{}</strong><span>{}</span></a></li>\n",
                scene.id,
                escape(scene.title),
                escape(scene.line)
            ));
        }
        all.push_str("</ul>\n</section>\n");
    }
    expect_test::expect_file!["../www/home.html"].assert_eq(&all);
}

/// What can be searched for in the whole guide: a line each, its kind, its words, its address.
#[test]
fn everything_that_can_be_gone_to_is_in_the_index() {
    use happened_before::protocols::CATALOG;
    let mut all = String::new();
    for scene in CATALOG {
        let mut line = |kind: &str, words: &str, part: &str| {
            let address =
                if part.is_empty() { scene.id.into() } else { format!("{}/{part}", scene.id) };
            all.push_str(&format!("{kind}\t{words}\t{address}\n"));
        };
        line("scene", &format!("{}: {}", scene.title, scene.line), "");
        for phrase in scene.seed_phrases {
            line("word", phrase, "");
        }
        for preset in scene.presets {
            line(
                "system",
                &format!("{} {}, in {}", preset.title, preset.version, scene.title),
                preset.id,
            );
        }
        for story in scene.stories {
            let kind = if story.source.is_some() { "published run" } else { "story" };
            line(kind, &format!("{}, in {}", story.title, scene.title), story.id);
        }
        for challenge in scene.challenges {
            line("challenge", &format!("{} ({})", challenge.goal, scene.title), challenge.id);
        }
        for property in (scene.info)().properties {
            line("claim", &format!("{}: {}", property.title, property.claim), "");
        }
    }
    expect_test::expect_file!["../www/search.txt"].assert_eq(&all);
}
