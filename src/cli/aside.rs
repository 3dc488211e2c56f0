//! Work that may not come back: a regular expression can go on for ever over one line. It runs on a
//! thread of its own, which is left behind if it does not stop when it is told to.

use super::Host;
use super::limit::{Scales, Stop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Between two looks at whether to stop.
const LOOK: Duration = Duration::from_millis(5);
/// Looks after which work that was told to stop is left behind.
const PATIENCE: u32 = 60;
/// Deeply nested patterns need more than usual.
const STACK: usize = 64 << 20;

/// Runs `work`, which gets a flag that is set when it is to stop. If it was stopped, the reason comes
/// with what it answered, if it did.
pub fn aside<T: Send + 'static>(
    host: &dyn Host,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> Result<(Option<T>, Option<Stop>), String> {
    let stopped = Arc::new(AtomicBool::new(false));
    let (answer, come) = channel();
    let told = stopped.clone();
    let run = move || drop(answer.send(work(&told)));
    let thread = thread::Builder::new().stack_size(STACK).spawn(run);
    let thread = thread.map_err(|why| format!("no thread can be started: {why}"))?;
    let mut scales = Scales::new(host);
    let (mut stop, mut waited) = (None, 0);
    loop {
        match come.recv_timeout(LOOK) {
            Ok(answer) => return Ok((Some(answer), stop)),
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => return Ok((None, stop)),
            },
            Err(RecvTimeoutError::Timeout) => {}
        }
        stop = stop.or_else(|| Stop::now(host, &mut scales));
        if stop.is_some() {
            stopped.store(true, Ordering::Relaxed);
            waited += 1;
            if waited > PATIENCE {
                return Ok((None, stop));
            }
        }
    }
}
