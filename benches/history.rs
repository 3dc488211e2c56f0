//! The judge of linearizability beside stateright's tester, over public etcd logs.
//!
//! Both judge the first operations of each log, then whole logs: ours with a witness or a core, the
//! peer with yes or no and for at most `HB_PEER_SECONDS` a log (1 if not set), in a process of its
//! own that is ended then. What it has not judged by then counts as that long.

use happened_before::check::history::linearizable::judge;
use happened_before::check::history::model::ObjectKind;
use happened_before::check::history::{
    Budget, F, History, HistoryOp, ObjectModel, OpOutcome, OpValue,
};
use happened_before::share::import::history::{Format, ReadingRules, read};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CasRegister(Option<i64>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Ask {
    Read,
    Write(i64),
    Cas(i64, i64),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Value(Option<i64>),
    Done,
    Swapped(bool),
}

impl SequentialSpec for CasRegister {
    type Op = Ask;
    type Ret = Answer;
    fn invoke(&mut self, op: &Ask) -> Answer {
        match *op {
            Ask::Read => Answer::Value(self.0),
            Ask::Write(v) => {
                self.0 = Some(v);
                Answer::Done
            }
            Ask::Cas(from, to) => {
                let hit = self.0 == Some(from);
                if hit {
                    self.0 = Some(to);
                }
                Answer::Swapped(hit)
            }
        }
    }
}

fn number(v: Option<&OpValue>) -> Option<i64> {
    match v {
        Some(OpValue::Int(n)) => Some(*n),
        _ => None,
    }
}

fn ask(op: &HistoryOp) -> Ask {
    let arg = |i| number(op.args.get(i)).unwrap_or(0);
    match op.f {
        F::Read => Ask::Read,
        F::Write => Ask::Write(arg(0)),
        _ => Ask::Cas(arg(0), arg(1)),
    }
}

fn answer(op: &HistoryOp) -> Answer {
    match op.answer() {
        Some(OpValue::Bool(b)) => Answer::Swapped(*b),
        v if op.f == F::Read => Answer::Value(number(v)),
        _ => Answer::Done,
    }
}

fn peer(history: &History) -> bool {
    let mut events: Vec<(u64, &HistoryOp, bool)> = Vec::new();
    for op in &history.ops {
        events.push((op.invoke, op, true));
        if op.completed() {
            events.push((op.ret.unwrap_or(u64::MAX), op, false));
        }
    }
    events.sort_by_key(|e| (e.0, !e.2));
    let mut tester = LinearizabilityTester::new(CasRegister(None));
    for (_, op, invoked) in events {
        let told = if invoked {
            tester.on_invoke(op.process, ask(op)).map(|_| ())
        } else {
            tester.on_return(op.process, answer(op)).map(|_| ())
        };
        told.expect("each process asks one thing at a time");
    }
    tester.is_consistent()
}

fn first(history: &History, n: usize) -> History {
    let mut ops: Vec<HistoryOp> = history.ops.iter().take(n).cloned().collect();
    let end = ops.last().map_or(0, |op| op.invoke);
    for op in ops.iter_mut().filter(|op| op.ret.is_some_and(|r| r > end)) {
        (op.ret, op.outcome) = (None, OpOutcome::Open);
    }
    History { ops }
}

fn logs() -> Vec<PathBuf> {
    let mine = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/porcupine/jepsen");
    let other = std::env::var_os("HB_CONFORMANCE").map(PathBuf::from);
    let other = other.map(|p| p.join("porcupine/jepsen")).filter(|p| p.is_dir());
    let all = std::fs::read_dir(other.unwrap_or(mine)).expect("the logs of the package");
    let mut all: Vec<PathBuf> = all.map(|f| f.expect("a file").path()).collect();
    all.sort();
    all
}

/// The peer's time for a whole log; none if it took longer than the limit.
fn whole(log: &Path, limit: Duration) -> Option<Duration> {
    let me = std::env::current_exe().expect("a path");
    let mut child = Command::new(me)
        .args([PEER.as_ref(), log.as_os_str()])
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    let start = Instant::now();
    loop {
        if child.try_wait().expect("its state").is_some() {
            return Some(start.elapsed());
        }
        if start.elapsed() > limit {
            child.kill().and_then(|()| child.wait()).expect("ended");
            return None;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Asks this program to judge one log by the peer.
const PEER: &str = "--peer";

fn main() {
    let reading = ReadingRules::usual(ObjectKind::CasRegister, Format::JepsenLog);
    let load = |p: &PathBuf| {
        read(&std::fs::read(p).expect("a log"), Format::JepsenLog, &reading).expect("a history")
    };
    let args: Vec<String> = std::env::args().collect();
    if let [_, peers, log] = &args[..]
        && peers == PEER
    {
        peer(&load(&PathBuf::from(log)));
        return;
    }
    let all: Vec<History> = logs().iter().map(load).collect();
    let model = ObjectModel::new(ObjectKind::CasRegister);
    let legal = |h: &History| judge(&model, h, &mut Budget::steps(u64::MAX)).name() == "ok";
    for n in [12, 16, 20] {
        let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
        for history in &all {
            let part = first(history, n);
            let start = Instant::now();
            let mine = legal(&part);
            ours += start.elapsed();
            let start = Instant::now();
            assert_eq!(peer(&part), mine);
            theirs += start.elapsed();
        }
        println!(
            "first {n} operations of {} logs: ours {ours:?}, stateright {theirs:?}",
            all.len()
        );
    }
    let start = Instant::now();
    let yes = all.iter().filter(|h| legal(h)).count();
    let ours = start.elapsed();
    let seconds = std::env::var("HB_PEER_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let limit = Duration::from_secs(seconds);
    let theirs: Vec<Option<Duration>> = logs().iter().map(|log| whole(log, limit)).collect();
    let finished = theirs.iter().flatten().count();
    let total: Duration = theirs.iter().map(|t| t.unwrap_or(limit)).sum();
    println!(
        "{} whole logs: ours {ours:?}, with witnesses and cores ({yes} legal); stateright {finished} of them within {limit:?} each, {total:?} in all",
        all.len()
    );
}
