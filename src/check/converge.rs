//! How long servers take to agree after one write, over many runs: "eventually" as a distribution.
//! No run of it is a promise, and none refutes one.

use crate::core::action::{Action, Call, Entry};
use crate::core::config::Setup;
use crate::core::ids::NodeId;
use crate::core::session::Session;
use crate::core::view::Lens;
use crate::protocols::{self, Scene};

/// Virtual time after which a run is not waited for, in microseconds.
pub const LONGEST: u64 = 60_000_000;

/// Many runs, one after the other: the same settings and another seed each, nobody asks for
/// anything but one write, at another server each time.
pub struct Convergence {
    scene: &'static Scene,
    setup: Setup,
    runs: u64,
    nodes: u16,
    put: u8,
    run: Option<ConvergeRun>,
    /// Runs that are over.
    pub done: u64,
    /// Microseconds from the write to the moment from which all agree, the shortest first.
    pub times: Vec<u64>,
    /// Runs in which they had not agreed after [`LONGEST`].
    pub never: u64,
}

struct ConvergeRun {
    session: Session,
    /// When a server took the write.
    wrote: Option<u64>,
}

impl Convergence {
    /// Nothing has been measured yet. Complains where servers do not hold copies.
    pub fn new(setup: &Setup, runs: u64) -> Result<Convergence, String> {
        let scene = protocols::scene(&setup.scene)?;
        let info = scene.info_of(&setup.preset);
        let put = info.calls.iter().position(|c| c.name == "put");
        let (Some(put), true) = (put, info.lenses.contains(&Lens::Convergence)) else {
            return Err(format!("{} does not say when its servers agree", scene.id));
        };
        let mut setup = setup.clone();
        setup.knobs.insert("client.interval".into(), 0);
        let nodes = scene.value(&setup, "nodes").unwrap_or(1) as u16;
        let (times, put) = (Vec::new(), put as u8);
        Ok(Convergence { scene, setup, runs, nodes, put, run: None, done: 0, times, never: 0 })
    }

    /// How many runs there are.
    pub fn total(&self) -> u64 {
        self.runs
    }

    /// Goes on for so many steps; true when all is measured.
    pub fn slice(&mut self, steps: u64) -> Result<bool, String> {
        if self.done == self.runs {
            return Ok(true);
        }
        let mut run = match self.run.take() {
            Some(run) => run,
            None => self.begin()?,
        };
        for _ in 0..steps {
            if let Some(end) = run.step() {
                match end {
                    Some(took) => {
                        let place = self.times.partition_point(|t| *t <= took);
                        self.times.insert(place, took);
                    }
                    None => self.never += 1,
                }
                self.done += 1;
                return Ok(self.done == self.runs);
            }
        }
        self.run = Some(run);
        Ok(false)
    }

    fn begin(&self) -> Result<ConvergeRun, String> {
        let setup = Setup { seed: self.setup.seed.wrapping_add(self.done), ..self.setup.clone() };
        let to = Some(NodeId((self.done % u64::from(self.nodes.max(1))) as u16));
        let call = Call { f: self.put, value: 1, ..Call::default() };
        let action = Action::Invoke { client: NodeId(self.nodes), to, call };
        let session = Session::new(self.scene.build, setup, vec![Entry { at: 1, action }])?;
        Ok(ConvergeRun { session, wrote: None })
    }

    /// Microseconds within which so many in a hundred runs had agreed, if so many have.
    pub fn within(&self, percent: u64) -> Option<u64> {
        let needed = (self.done * percent).div_ceil(100).max(1);
        self.times.get(needed as usize - 1).copied()
    }
}

impl ConvergeRun {
    /// One step; at its end, how long they took, if they agreed at all.
    fn step(&mut self) -> Option<Option<u64>> {
        // Only what a server has done to what it holds can make them agree.
        let event = self.session.forward().filter(|e| e.at <= LONGEST);
        let seen = event.map(|e| (e.at, e.notes.contains(&"Write"), !e.notes.is_empty()));
        let Some((at, wrote, changed)) = seen else { return Some(None) };
        if wrote {
            self.wrote.get_or_insert(at);
        }
        let since = self.wrote.filter(|_| changed)?;
        self.session.view().facts.iter().any(|f| f.id == "all-agree").then_some(Some(at - since))
    }
}
