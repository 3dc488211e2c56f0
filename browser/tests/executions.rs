//! Clocks over scenes, recorded executions and the blackboard, in a real browser.

use browser::{Browser, Look, Server, Session, dist, session};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const LATER: Duration = Duration::from_secs(60);

fn open(fragment: &str) -> Option<(Server, Session)> {
    let dist = dist()?;
    let mut session = session(Browser::Chromium, Look::default())?;
    let server = Server::for_test(&dist);
    session.goto(&format!("{}{fragment}", server.url()));
    session.wait_for_boot();
    Some((server, session))
}

fn number(s: &mut Session, expression: &str) -> f64 {
    s.eval(expression).as_f64().unwrap_or_else(|| panic!("{expression} is no number"))
}

/// Waits for the example and opens the form.
fn example(s: &mut Session) {
    s.wait_until("document.querySelector('.import-diagram .dot')", LATER);
    s.wait_until("document.querySelector('.notice').textContent.startsWith('An example')", SOON);
    s.run("document.querySelector('.import-form').open = true");
}

fn quiet(s: &mut Session) {
    assert_eq!(s.console_errors(), Vec::<String>::new());
}

/// A log of random messages between five hosts, made in the page, on `window.log`.
fn make_log(s: &mut Session, events: u32) {
    s.run(&format!(
        "const v=[0,1,2,3,4].map(()=>[0,0,0,0,0]); let x=1; const out=[];\
         for (let i=0;i<{events};i++) {{ x=(x*1103515245+12345)%2147483648; const a=(x>>8)%5, b=(x>>16)%5;\
         if (i%2) v[a]=v[a].map((c,k)=>Math.max(c,v[b][k])); v[a][a]++;\
         out.push('h'+a+' {{'+v[a].map((c,k)=>'\"h'+k+'\":'+c).filter((t,k)=>v[a][k]).join(', ')+'}}\\nevent '+i+' of h'+a); }}\
         window.log=out.join('\\n')+'\\n';"
    ));
}

/// Drops `window.log` on the page and gives the milliseconds until the picture is there.
fn drop_log(s: &mut Session) -> f64 {
    let done = s.eval_async(
        "new Promise(done => {\
         const d=new DataTransfer(); d.items.add(new File([window.log],'made.log'));\
         const t=performance.now();\
         document.querySelector('.page-tool').dispatchEvent(new DragEvent('drop',{dataTransfer:d,bubbles:true,cancelable:true}));\
         const events=window.log.split('{').length-1+' events';\
         const look=()=>document.querySelector('.import-diagram svg').ariaLabel?.includes(events)\
           ? requestAnimationFrame(()=>done(performance.now()-t)) : setTimeout(look,4); look(); })",
    );
    done.as_f64().unwrap_or_else(|| panic!("{done}"))
}

#[test]
fn vectors_stand_at_the_events_of_any_scene() {
    let Some((_server, mut s)) = open("#raft/run") else { return };
    s.wait_until("document.querySelector('#stage [data-node]')", SOON);
    s.run("const c=document.querySelector('#chips'); c.selectedIndex=2; c.dispatchEvent(new Event('change',{bubbles:true}))");
    // While time runs they are painted; once it stands they are elements.
    std::thread::sleep(std::time::Duration::from_secs(2));
    s.click("#play");
    s.wait_until("document.querySelectorAll('#time .chip').length > 2", SOON);
    assert!(s.is(
        "[...document.querySelectorAll('#time .chip')].some(c => /S\\d:\\d/.test(c.textContent))"
    ));
    s.screenshot("clocks-raft");
    quiet(&mut s);
}

#[test]
fn a_dropped_log_shows_its_cones() {
    let Some((_server, mut s)) = open("#import") else { return };
    example(&mut s);
    make_log(&mut s, 400);
    drop_log(&mut s);
    let spots = "document.querySelectorAll('.import-diagram .dot').length";
    assert!(number(&mut s, spots) > 20.0);
    s.click("#turn");
    for _ in 0..30 {
        s.click("#turn");
    }
    s.wait_until(
        "document.querySelector('.import-diagram .past') && document.querySelector('.compared')",
        SOON,
    );
    assert!(s.text(".import-event").contains("beside it"), "{}", s.text(".import-event"));
    s.type_into("#import-search", "event 333 ");
    s.wait_until("document.querySelector('#found').textContent.includes('1 event')", SOON);
    s.click("#turn");
    s.wait_until("document.querySelector('.import-event').textContent.includes('event 333')", SOON);
    s.click("#collapse");
    s.screenshot("clocks-import");
    quiet(&mut s);
}

#[test]
fn an_impossible_log_names_its_first_impossible_line() {
    let Some((_server, mut s)) = open("#import") else { return };
    example(&mut s);
    s.run("window.log='a {\"a\":1}\\nfine\\nb {\"b\":1, \"a\":7}\\nhow?\\n'");
    s.run("const t=document.querySelector('#import-text'); t.value=window.log; t.dispatchEvent(new Event('input',{bubbles:true}))");
    s.click("#import-read");
    s.wait_until("document.querySelector('.notice[role=alert]')", LATER);
    let said = s.text(".notice");
    assert!(said.contains("line 3") && said.contains("a:7"), "{said}");
    quiet(&mut s);
}

#[test]
fn a_parser_without_end_is_stopped() {
    let Some((_server, mut s)) = open("#import") else { return };
    example(&mut s);
    s.run("for (const [q,v] of [['#import-parser','(?<host>(a+)+)(?<clock>b)(?<event>c)'],['#import-text','a'.repeat(60)]])\
           { const t=document.querySelector(q); t.value=v; t.dispatchEvent(new Event('input',{bubbles:true})); }");
    s.click("#import-read");
    s.wait_until("document.querySelector('.notice[role=alert]')", LATER);
    assert!(s.text(".notice").contains("was stopped"), "{}", s.text(".notice"));
}

/// Run alone: `cargo test -p browser --test executions -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn import_to_drawn() {
    for events in [1_000, 8_000, 10_000, 100_000] {
        let mut all = Vec::new();
        let mut nodes = 0.0;
        for _ in 0..3 {
            let Some((_server, mut s)) = open("#import") else { return };
            example(&mut s);
            make_log(&mut s, events);
            // The worker fetches its program when the page is opened.
            std::thread::sleep(Duration::from_secs(3));
            all.push(drop_log(&mut s));
            nodes = number(&mut s, "document.querySelectorAll('.import-diagram svg *').length");
        }
        all.sort_by(f64::total_cmp);
        println!(
            "{events} events: {:.0} ms from drop to drawn (of 3: {all:.0?}), {nodes} elements",
            all[1]
        );
    }
}

/// The main thread's work a frame while a log of 10,000 events is scrolled and zoomed, in windows of
/// a quarter of a second. Run alone, as above.
#[test]
#[ignore = "a measurement"]
fn scroll_and_zoom() {
    let Some((_server, mut s)) = open("#import") else { return };
    example(&mut s);
    make_log(&mut s, 10_000);
    drop_log(&mut s);
    for (name, wheel) in [
        ("scroll", "{deltaX:40,bubbles:true,cancelable:true}"),
        ("zoom", "{deltaY:n%80<40?9:-9,ctrlKey:true,bubbles:true,cancelable:true}"),
    ] {
        s.run(&format!(
            "window.drawn=0; window.going={name:?}; const d=document.querySelector('.import-diagram'); let n=0;\
             const go=()=>{{ if (window.going!=={name:?}) return; n++; window.drawn++;\
             d.dispatchEvent(new WheelEvent('wheel',{wheel})); requestAnimationFrame(go); }}; go();"
        ));
        s.cdp("Performance.enable", serde_json::json!({}));
        std::thread::sleep(Duration::from_secs(1));
        let counters = |s: &mut Session| {
            let all = s.cdp("Performance.getMetrics", serde_json::json!({}));
            let metric = |name: &str| {
                let found = all["metrics"].as_array().into_iter().flatten();
                found
                    .filter(|m| m["name"] == name)
                    .find_map(|m| m["value"].as_f64())
                    .unwrap_or(f64::NAN)
            };
            (metric("TaskDuration"), metric("ThreadTime"), number(s, "window.drawn"))
        };
        let (mut task, mut thread) = (Vec::new(), Vec::new());
        let mut before = counters(&mut s);
        for _ in 0..32 {
            std::thread::sleep(Duration::from_millis(250));
            let now = counters(&mut s);
            let frames = (now.2 - before.2).max(1.0);
            task.push((now.0 - before.0) * 1000.0 / frames);
            thread.push((now.1 - before.1) * 1000.0 / frames);
            before = now;
        }
        task.sort_by(f64::total_cmp);
        thread.sort_by(f64::total_cmp);
        println!(
            "{name}: task {:.2} ms a frame (95%: {:.2}), processor {:.2} ms (95%: {:.2})",
            task[16], task[30], thread[16], thread[30]
        );
    }
    s.run("window.going=''");
}

#[test]
fn a_long_log_says_how_far_it_is_and_can_be_given_up() {
    let Some((_server, mut s)) = open("#import") else { return };
    example(&mut s);
    make_log(&mut s, 100_000);
    s.run("window.seen=[]; new MutationObserver(() => { const p=document.querySelector('.import-progress progress');\
           if (p) window.seen.push(p.value);\
           const cancel = document.querySelector('#import-cancel');\
           if (p && p.value > 0 && cancel && !window.given) { window.given = true; cancel.click(); } }).observe(document.body,{subtree:true,childList:true,attributes:true});\
           const d=new DataTransfer(); d.items.add(new File([window.log],'made.log'));\
           document.querySelector('.page-tool').dispatchEvent(new DragEvent('drop',{dataTransfer:d,bubbles:true,cancelable:true}));");
    // Pressed as soon as it is there: reading may be over before a driver gets to it.
    s.wait_until("window.given", LATER);
    s.wait_until("document.querySelector('.notice').textContent.includes('given up')", SOON);
    assert!(s.is("!document.querySelector('.import-diagram svg').ariaLabel.includes('100000')"));
    s.run("window.seen=[]");
    s.click("#import-read");
    s.wait_until(
        "document.querySelector('.import-diagram svg').ariaLabel.includes('100000 events')",
        LATER,
    );
    assert!(s.is("window.seen.every((v,i,a) => i===0 || v>=a[i-1])"), "{}", s.eval("window.seen"));
    assert!(s.is("new Set(window.seen).size > 4"), "{}", s.eval("window.seen"));
    quiet(&mut s);
}

#[test]
fn the_example_is_compared_with_its_twin() {
    let Some((_server, mut s)) = open("#import") else { return };
    example(&mut s);
    s.run("const c=document.querySelector('#compare'); c.selectedIndex=2; c.dispatchEvent(new Event('change',{bubbles:true}))");
    s.wait_until("document.querySelectorAll('.import-diagram').length === 2", SOON);
    assert!(
        s.is("/[1-9]\\d* events? only above/.test(document.querySelector('.tool').textContent)")
    );
    s.run("document.querySelector('.import-diagram').focus()");
    s.key("ArrowRight");
    s.wait_until("document.querySelector('.import-diagram .chosen')", SOON);
    s.screenshot("clocks-compare");
    // Pasted anywhere, a log is read at once.
    s.run("const d=new DataTransfer(); d.setData('text','a {\"a\":1}\\nhello\\n');\
           document.body.dispatchEvent(new ClipboardEvent('paste',{clipboardData:d,bubbles:true,cancelable:true}))");
    s.wait_until("document.querySelector('.import-hosts').textContent.includes('1 event')", LATER);
    quiet(&mut s);
}

#[test]
fn the_blackboard_writes_its_clocks_and_its_address() {
    let Some((server, mut s)) = open("#board") else { return };
    s.wait_until("document.querySelector('.board svg .host')", SOON);
    let line = |s: &mut Session, n: u32, x: f64| {
        let rect = |what: &str, s: &mut Session| {
            number(
                s,
                &format!("document.querySelector('.board svg').getBoundingClientRect().{what}"),
            )
        };
        let (left, top, w, h) = (rect("x", s), rect("y", s), rect("width", s), rect("height", s));
        (left + w * x, top + h * (f64::from(n) * 2.0 + 1.0) / 6.0)
    };
    let (a, b, c) = (line(&mut s, 0, 0.2), line(&mut s, 1, 0.5), line(&mut s, 2, 0.7));
    s.click_at(a);
    s.wait_until("document.querySelector('.board')?.textContent.includes('[A:1]')", SOON);
    let (from, to) = (line(&mut s, 0, 0.3), b);
    s.drag(from, to);
    s.wait_until("document.querySelector('.board')?.textContent.includes('[A:2, B:1]')", SOON);
    s.drag(b, c);
    s.wait_until("document.querySelector('.board')?.textContent.includes('[A:2, B:1, C:1]')", SOON);
    let address = s.eval("location.hash").as_str().unwrap_or_default().to_string();
    assert!(address.starts_with("#board/A.B.C/"), "{address}");
    s.screenshot("clocks-board");
    // Undone and done again.
    s.key("Control+z");
    s.wait_until(
        "!document.querySelector('.board')?.textContent.includes('[A:2, B:1, C:1]')",
        SOON,
    );
    s.click("#redo");
    s.wait_until("document.querySelector('.board')?.textContent.includes('[A:2, B:1, C:1]')", SOON);
    // A story of two steps, in the address too.
    s.type_into("#step-words", "First this");
    s.click("#step-more");
    s.wait_until("document.querySelector('#step-place').textContent === 'Step 2 of 2'", SOON);
    s.click("#ticks");
    s.wait_until("document.querySelectorAll('.board .tick-line').length === 4", SOON);
    let told = s.eval("location.hash").as_str().unwrap_or_default().to_string();
    assert!(told.contains("!First+this~"), "{told}");
    s.click("#step-fewer");
    s.wait_until("!document.querySelector('#step-place')", SOON);
    // By keyboard too: an event at C, and a message of it to A.
    s.click("#event-at-2");
    s.click("#send-to-0");
    s.wait_until("document.querySelector('.board')?.textContent.includes('[A:3, B:1, C:2]')", SOON);
    s.goto(&format!("{}{address}", server.url()));
    s.run("location.reload()");
    s.wait_for_boot();
    s.wait_until("document.querySelector('.board')?.textContent.includes('[A:2, B:1, C:1]')", SOON);
    quiet(&mut s);
}
