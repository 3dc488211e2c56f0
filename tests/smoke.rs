use happened_before::core::config::Setup;
use happened_before::core::session::Session;
use happened_before::protocols::CATALOG;

#[test]
fn smoke() {
    for scene in CATALOG {
        let setup = Setup { scene: scene.id.into(), seed: 7, ..Setup::default() };
        let mut s = Session::new(scene.build, setup, vec![]).unwrap();
        let t = std::time::Instant::now();
        assert!(s.advance_to(10_000_000, u64::MAX));
        println!("{} {} events {:?} {:016x}", scene.id, s.cursor(), t.elapsed(), s.digest());
        for e in s.trace().events.iter().filter(|e| e.notes.contains(&"BecomeLeader")) {
            println!("{e:?}");
        }
        let v = s.view();
        for n in &v.nodes {
            println!("{} {} {:?} {:?}", n.name, n.look.role, n.look.durable, n.look.volatile);
        }
        println!("{:?} {:?}", v.verdicts, v.facts);
        println!(
            "{:?}",
            s.trace().ops.iter().map(|o| format!("{:?}", o.end)).take(12).collect::<Vec<_>>()
        );
        let d = s.digest();
        let c = s.cursor();
        s.seek(c / 2);
        s.seek(c);
        assert_eq!(d, s.digest());
    }
}
