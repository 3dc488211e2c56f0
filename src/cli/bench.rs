//! `hb bench`: what the engine costs on this machine, natively and in the wasm alike.

use super::{Answer, Args, HOLDS, Host};
use crate::core::config::Setup;
use crate::core::random::{Stream, below, draw};
use crate::core::session::Session;
use crate::protocols::scene;
use serde_json::json;

/// Runs `hb bench [SCENE] [--events N] [--seed N]`.
pub fn run(args: &mut Args, host: &dyn Host) -> Answer {
    let events = args.number("--events")?.unwrap_or(100_000).clamp(1_000, 10_000_000);
    let seed = args.number("--seed")?.unwrap_or(7);
    let id = args.positional().unwrap_or_else(|| "raft".into());
    args.done()?;
    let scene = scene(&id)?;
    let setup = Setup { scene: id.clone(), seed, ..Setup::default() };

    let mut world = (scene.build)(&setup)?;
    let start = host.clock_ms();
    for _ in 0..events {
        world.step();
    }
    let steps_ms = (host.clock_ms() - start).max(1);
    let simulated = world.now();

    let forks = 20_000u64;
    let start = host.clock_ms();
    for _ in 0..forks {
        std::hint::black_box(world.fork());
    }
    let fork_ms = host.clock_ms() - start;

    let mut session = Session::new(scene.build, setup, Vec::new())?;
    let start = host.clock_ms();
    session.seek(events);
    let recorded_ms = (host.clock_ms() - start).max(1);
    let seeks = 400u64;
    let mut slowest = 0;
    let start = host.clock_ms();
    for k in 0..seeks {
        let before = host.clock_ms();
        session.seek(below(draw(seed, Stream::Nemesis, k), events));
        slowest = slowest.max(host.clock_ms() - before);
    }
    let seek_ms = host.clock_ms() - start;

    let heap = heap(&id, seed, host)?;
    let report = json!({
        "scene": id,
        "events": events,
        "simulated_us": simulated,
        "events_per_second": events * 1000 / steps_ms,
        "step_ns": steps_ms * 1_000_000 / events,
        "recorded_step_ns": recorded_ms * 1_000_000 / events,
        "times_real_time": simulated / 1000 / steps_ms,
        "fork_ns": fork_ms * 1_000_000 / forks,
        "seek_us": seek_ms * 1000 / seeks,
        "slowest_seek_ms": slowest,
        "checkpoints": session.checkpoints(),
        "heap_bytes_60s": heap,
    });
    Ok((HOLDS, format!("{report:#}\n")))
}

/// Bytes that a session of 60 simulated seconds holds, with its record and its checkpoints.
fn heap(id: &str, seed: u64, host: &dyn Host) -> Result<Option<u64>, String> {
    let scene = scene(id)?;
    let setup = Setup { scene: id.into(), seed, ..Setup::default() };
    let Some(before) = host.heap() else { return Ok(None) };
    let mut session = Session::new(scene.build, setup, Vec::new())?;
    session.advance_to(60_000_000, u64::MAX);
    let after = host.heap().map(|now| now.wrapping_sub(before));
    drop(session);
    Ok(after)
}
