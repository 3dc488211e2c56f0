//! A command of xtask that runs beside others. What it says is kept until somebody waits for it.

use crate::say;
use crate::shell::command;
use browser::target_dir;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A command under way.
pub struct Meanwhile {
    waiter: JoinHandle<(Result<bool, String>, Duration)>,
    words: String,
    said: PathBuf,
}

impl Meanwhile {
    /// Starts `cargo xtask` with these arguments.
    ///
    /// # Errors
    /// One sentence when it cannot start.
    pub fn begin(args: &[&str]) -> Result<Meanwhile, String> {
        let words = format!("cargo xtask {}", args.join(" "));
        let said = target_dir().join("meanwhile.txt");
        let wrong = |why: std::io::Error| format!("`{words}` does not start: {why}.");
        let this = std::env::current_exe().map_err(wrong)?;
        std::fs::create_dir_all(target_dir()).map_err(wrong)?;
        let out = File::create(&said).map_err(wrong)?;
        let err = out.try_clone().map_err(wrong)?;
        let start = Instant::now();
        let child = command(&this.to_string_lossy(), args)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(wrong)?;
        let waiter = std::thread::spawn(move || (wait(child), start.elapsed()));
        println!("   `{words}` runs beside what follows; its words come later.");
        Ok(Meanwhile { waiter, words, said })
    }

    /// Waits for its end and shows what it said; how long it took from its own beginning.
    ///
    /// # Errors
    /// One sentence when it failed.
    pub fn end(self) -> Result<Duration, String> {
        let (well, time) = self.waiter.join().map_err(|_| "Nobody waited for it.".to_string())?;
        let said = std::fs::read_to_string(&self.said).unwrap_or_default();
        println!("   $ {} (begun {} before its end)", self.words, say::duration(time));
        print!("{said}");
        match well? {
            true => Ok(time),
            false => Err(format!("`{}` failed; its own words are above.", self.words)),
        }
    }
}

fn wait(mut child: Child) -> Result<bool, String> {
    child
        .wait()
        .map(|status| status.success())
        .map_err(|e| format!("It cannot be waited for: {e}."))
}
