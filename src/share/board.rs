//! A blackboard: processes, events and messages placed by hand; the clocks write themselves.

use super::import::execution::{Execution, RecordedEvent};
use crate::algo::clocks::{LamportClock, VectorClock};
use crate::core::trace::Relation;

/// Most processes, events and messages of a board.
pub const MOST: usize = 400;
/// Most processes.
pub const MOST_HOSTS: usize = 12;
/// The board's width, in places.
pub const WIDE: u32 = 1000;
/// Two events of a process stand at least this far apart, and a message takes at least this long.
const APART: u32 = 8;

/// What was placed. An event's place decides what comes before it on its process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// The processes' names, from the top.
    pub hosts: Vec<String>,
    /// Process and place of each event.
    pub events: Vec<(u32, u32)>,
    /// Messages, from event to event; always to the right.
    pub messages: Vec<(u32, u32)>,
}

impl Board {
    /// An empty one.
    pub fn new(hosts: usize) -> Board {
        let name = |n: usize| char::from(b'A' + (n % 26) as u8).to_string();
        Board { hosts: (0..hosts.clamp(1, MOST_HOSTS)).map(name).collect(), ..Board::default() }
    }

    /// The event of a process within a distance of a place.
    pub fn near(&self, host: u32, place: u32, reach: u32) -> Option<u32> {
        let gap = |e: &u32| self.events[*e as usize].1.abs_diff(place);
        let mine = (0..self.events.len() as u32).filter(|e| self.events[*e as usize].0 == host);
        mine.filter(|e| gap(e) <= reach).min_by_key(gap)
    }

    /// Places an event; an event that is already there is the one.
    pub fn event(&mut self, host: u32, place: u32) -> Option<u32> {
        let place = place.min(WIDE);
        if let Some(there) = self.near(host, place, APART / 2) {
            return Some(there);
        }
        if self.events.len() >= MOST || host as usize >= self.hosts.len() {
            return None;
        }
        self.events.push((host, place));
        Some(self.events.len() as u32 - 1)
    }

    /// Places a message: it is received later than it is sent, whatever was drawn.
    pub fn message(&mut self, from: (u32, u32), to: (u32, u32)) -> Option<u32> {
        if from.0 == to.0 || self.messages.len() >= MOST {
            return None;
        }
        let sent = self.event(from.0, from.1.min(WIDE - APART))?;
        let start = self.events[sent as usize].1;
        let received = self.event(to.0, to.1.max(start + APART))?;
        let (a, b) = (self.events[sent as usize].1, self.events[received as usize].1);
        if a < b && !self.messages.contains(&(sent, received)) {
            self.messages.push((sent, received));
        }
        Some(received)
    }

    /// Takes an event away, with its messages.
    pub fn remove(&mut self, event: u32) {
        if event as usize >= self.events.len() {
            return;
        }
        self.events.remove(event as usize);
        self.messages.retain(|(a, b)| *a != event && *b != event);
        for (a, b) in &mut self.messages {
            *a -= u32::from(*a > event);
            *b -= u32::from(*b > event);
        }
    }

    /// Events in the order of their places: causes come first, since messages go to the right.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.events.len() as u32).collect();
        order.sort_by_key(|e| (self.events[*e as usize].1, *e));
        order
    }

    /// The vector clock of every event, by the rules of Fidge and Mattern: each event is one, also
    /// if it receives several messages.
    pub fn vectors(&self) -> Vec<VectorClock<u32>> {
        let mut now = vec![VectorClock::new(); self.hosts.len()];
        let mut all = vec![VectorClock::new(); self.events.len()];
        for e in self.order() {
            let host = self.events[e as usize].0;
            let clock: &mut VectorClock<u32> = &mut now[host as usize];
            let heard = self.messages.iter().filter(|m| m.1 == e);
            heard.for_each(|m| clock.merge(&all[m.0 as usize]));
            clock.increment(&host);
            all[e as usize] = clock.clone();
        }
        all
    }

    /// Lamport's number of every event.
    pub fn numbers(&self) -> Vec<u64> {
        let mut now = vec![LamportClock::default(); self.hosts.len()];
        let mut all = vec![0; self.events.len()];
        for e in self.order() {
            let clock = &mut now[self.events[e as usize].0 as usize];
            let heard = self.messages.iter().filter(|m| m.1 == e).map(|m| all[m.0 as usize]).max();
            all[e as usize] = match heard {
                Some(sent) => clock.receive(sent),
                None => clock.tick(),
            };
        }
        all
    }

    /// As an execution: for export, and for its relations.
    pub fn execution(&self) -> Execution {
        let vectors = self.vectors();
        let events = (1..).zip(self.order()).map(|(line, e)| {
            let host = self.events[e as usize].0;
            let clock: Vec<(u32, u64)> = vectors[e as usize].iter().map(|(h, n)| (*h, n)).collect();
            let number = vectors[e as usize].get(&host);
            let text = format!("{}{number}", self.hosts[host as usize].to_lowercase());
            RecordedEvent { host, number, clock, text, parents: Vec::new(), line }
        });
        Execution { label: String::new(), hosts: self.hosts.clone(), events: events.collect() }
    }

    /// How an event stands to another.
    pub fn relation(&self, event: u32, centre: u32) -> Relation {
        let v = self.vectors();
        use crate::algo::clocks::Causality::{After, Before, Concurrent, Equal};
        match v[event as usize].compare(&v[centre as usize]) {
            Equal => Relation::Same,
            Before => Relation::Past,
            After => Relation::Future,
            Concurrent => Relation::Beside,
        }
    }

    /// For an address: `A.B.C/0-120_1-300/0-1`.
    pub fn write(&self) -> String {
        let pairs = |all: &[(u32, u32)]| {
            all.iter().map(|(a, b)| format!("{a}-{b}")).collect::<Vec<_>>().join("_")
        };
        format!("{}/{}/{}", self.hosts.join("."), pairs(&self.events), pairs(&self.messages))
    }

    /// Reads what [`Board::write`] wrote; one sentence if it cannot be.
    pub fn read(text: &str) -> Result<Board, String> {
        let mut parts = text.split('/');
        let mut next = || parts.next().unwrap_or("");
        let hosts: Vec<String> = next().split('.').map(String::from).collect();
        let named = |h: &String| {
            (1..=12).contains(&h.len()) && h.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if hosts.len() > MOST_HOSTS || !hosts.iter().all(named) {
            return Err(format!("the board must name 1 to {MOST_HOSTS} processes, such as A.B.C"));
        }
        let (events, messages) = (pairs(next())?, pairs(next())?);
        let mut board = Board { hosts, events, messages: Vec::new() };
        let lies = |e: &&(u32, u32)| e.0 as usize >= board.hosts.len() || e.1 > WIDE;
        if let Some((host, place)) = board.events.iter().find(lies) {
            return Err(format!("the board has no room for an event at {host}-{place}"));
        }
        for (a, b) in messages {
            let place = |e: u32| board.events.get(e as usize).copied();
            match (place(a), place(b)) {
                (Some(p), Some(q)) if p.0 != q.0 && p.1 < q.1 => board.messages.push((a, b)),
                _ => {
                    return Err(format!(
                        "the message {a}-{b} of the board does not go to the right"
                    ));
                }
            }
        }
        Ok(board)
    }
}

/// Most steps of a tale, and most characters of what is said at one.
pub const MOST_STEPS: usize = 24;
/// Most characters of what is said at a step.
pub const MOST_WORDS: usize = 240;

/// A story told on the blackboard: boards one after the other, each with a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardStory {
    /// What is said, and the board that is shown; at least one.
    pub steps: Vec<(String, Board)>,
}

impl BoardStory {
    /// A board alone.
    pub fn of(board: Board) -> BoardStory {
        BoardStory { steps: vec![(String::new(), board)] }
    }

    /// For an address: the boards with their sentences, as in `board!sentence~board`.
    pub fn write(&self) -> String {
        let step = |(words, board): &(String, Board)| match words.as_str() {
            "" => board.write(),
            words => format!("{}!{}", board.write(), encode(words)),
        };
        self.steps.iter().map(step).collect::<Vec<_>>().join("~")
    }

    /// Reads what [`BoardStory::write`] wrote; one sentence if it cannot be.
    pub fn read(text: &str) -> Result<BoardStory, String> {
        let parts: Vec<&str> = text.split('~').collect();
        if parts.len() > MOST_STEPS {
            return Err(format!("a story on the board has at most {MOST_STEPS} steps"));
        }
        let step = |part: &&str| {
            let (board, words) = part.split_once('!').unwrap_or((part, ""));
            let words: String = decode(words).chars().take(MOST_WORDS).collect();
            Ok((words, Board::read(board)?))
        };
        Ok(BoardStory { steps: parts.iter().map(step).collect::<Result<_, String>>()? })
    }
}

/// Letters, digits and a few marks stay; all other bytes are written in hexadecimal.
fn encode(words: &str) -> String {
    let mut out = String::new();
    for b in words.bytes() {
        match b {
            b' ' => out.push('+'),
            b'.' | b',' | b'-' | b'(' | b')' | b':' => out.push(char::from(b)),
            b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
            b => out.push_str(&format!("%{b:02X}")),
        }
    }
    out
}

/// The reverse; what is no code stands for itself.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(b) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| *b == b'%');
        match (b, code.and_then(|c| u8::from_str_radix(c, 16).ok())) {
            (_, Some(code)) => {
                out.push(code);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (b, _) => out.push(*b),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn pairs(text: &str) -> Result<Vec<(u32, u32)>, String> {
    let pair = |part: &str| {
        let (a, b) = part.split_once('-')?;
        Some((a.parse().ok()?, b.parse().ok()?))
    };
    let all: Option<Vec<(u32, u32)>> =
        text.split('_').filter(|p| !p.is_empty()).map(pair).collect();
    let all = all.ok_or("the board's places are written as in 0-120_1-300")?;
    if all.len() > MOST {
        return Err(format!("the board holds at most {MOST} events and as many messages"));
    }
    Ok(all)
}
