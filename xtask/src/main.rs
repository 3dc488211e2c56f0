//! `cargo xtask`: sets up, opens, tests and ships Happened Before.

mod bytes;
mod index;
mod meanwhile;
mod names;
mod open;
mod page;
mod parts;
mod program;
mod say;
mod shell;
mod soak;
mod tally;
mod test;
mod tools;
mod wasm;

use shell::Shell;

const HELP: &str = "\
Happened Before: set-up, tests and production build

  cargo xtask open     install what is missing, build the page and serve it on this machine
      --port N           serve on this port (otherwise 8080, or a free one)
      --watch            build again whenever a source file changes
      --no-open          print the address, start no browser
  cargo xtask test     install what is missing, then run every check and test
      --quick            leave out the production build and the browsers
  cargo xtask soak     the long ones: many more property cases, 1,000 seeds a scene, peer benches,
                       a monkey at every scene of the page, pages left open
  cargo xtask dist     build the production folder, dist/, for any static host
  cargo xtask bytes    weigh dist/ against xtask/budget.txt
      --json             only the sums, as one JSON document
      --names            what each scene and each part of the house weighs in the program
  cargo xtask setup    install what the others need, and nothing else

  --yes                install system packages without asking (also when CI is set)

Tools are built into target/tools and used from there; nothing else on the machine changes, except
that the tests' browser comes from the system's packages, after asking.";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let Err(why) = run(&args) {
        eprintln!("\n{why}");
        std::process::exit(1);
    }
}

fn run(args: &[String]) -> Result<(), String> {
    let Some((command, rest)) = args.split_first() else {
        println!("{HELP}");
        return Ok(());
    };
    let mut flags = Flags(rest.to_vec());
    let shell = Shell { yes: flags.take("--yes") || browser::is_ci() };
    match command.as_str() {
        "open" => {
            let options = open::Options {
                port: flags.number("--port")?,
                watch: flags.take("--watch"),
                quiet: flags.take("--no-open") || browser::is_ci(),
            };
            flags.done(command)?;
            open::run(&shell, &options)
        }
        "test" => {
            let quick = flags.take("--quick");
            flags.done(command)?;
            test::run(&shell, quick)
        }
        "soak" => {
            flags.done(command)?;
            soak::run()
        }
        "dist" => {
            flags.done(command)?;
            let dist = page::production(&shell)?;
            bytes::weigh(&dist)?;
            println!("\n{} is ready: copy it to any static host, into any folder.", dist.display());
            Ok(())
        }
        "bytes" => {
            let (json, names) = (flags.take("--json"), flags.take("--names"));
            flags.done(command)?;
            match (json, names) {
                (false, false) => bytes::weigh(&page::dist()),
                (false, true) => bytes::by_name(),
                (true, false) => bytes::json(&page::dist()).map(|text| println!("{text}")),
                (true, true) => {
                    Err("--json is of the build, --names of its program: one of them.".into())
                }
            }
        }
        "setup" => {
            flags.done(command)?;
            tools::wasm_target(&shell)?;
            tools::wasm_opt(&shell);
            tools::for_lints(&shell)?;
            tools::for_browsers(&shell)
        }
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("There is no `cargo xtask {other}`.\n\n{HELP}")),
    }
}

/// The words after the command.
struct Flags(Vec<String>);

impl Flags {
    fn take(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    fn number(&mut self, name: &str) -> Result<Option<u16>, String> {
        let Some(at) = self.0.iter().position(|word| word == name) else { return Ok(None) };
        let value = self.0.get(at + 1).and_then(|v| v.parse().ok());
        let value = value.ok_or_else(|| format!("{name} takes a port number, 1 to 65535."))?;
        self.0.drain(at..at + 2);
        Ok(Some(value))
    }

    fn done(&self, command: &str) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some(word) => Err(format!("`cargo xtask {command}` does not know {word:?}.\n\n{HELP}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_taken_once_and_leftovers_are_named() {
        let mut flags = Flags(["--port", "80", "--yes", "--odd"].map(String::from).to_vec());
        assert!(flags.take("--yes") && !flags.take("--yes"));
        assert_eq!(flags.number("--port"), Ok(Some(80)));
        assert_eq!(flags.number("--port"), Ok(None));
        assert!(flags.done("open").unwrap_err().contains("\"--odd\""));
        assert!(Flags(vec!["--port".into()]).number("--port").is_err());
    }
}
