//! `hb crdt`: scripts over replicas of a data type, one JSON case a line.
//!
//! A case is `{"steps": [[replica, what, ...], ...]}`; every replica starts empty, and
//! `[replica, "merge", other]` takes another's state in. The answer has each replica's value and
//! whether all are equal. `mvreg` also takes the sentences of the register's published cases,
//! `{"do": "r1: A writes 23; r2 (fresh): B writes 23; merge"}`.

use super::cases::{brief, each_case, field, list, object, text, whole};
use super::{Answer, Args, Host};
use crate::algo::clocks::VectorClock;
use crate::algo::crdt::{
    Crdt, Full, GCounter, LwwRegister, MvRegister, OrSet, PnCounter, Put, Rga, TwoPhaseSet,
};
use crate::core::quote::quoted;
use crate::core::sorted::SortedMap;
use serde_json::{Map, Value, json};

const TYPES: &str = "g-counter, pn-counter, lww, mvreg, two-phase-set, or-set or rga";

/// Answers cases of one type.
pub fn crdt(args: &mut Args, host: &dyn Host) -> Answer {
    let kind = args.need(&format!("which type, {TYPES},"))?;
    match kind.as_str() {
        "g-counter" => each_case(args, host, play::<GCounter<String>>),
        "pn-counter" => each_case(args, host, play::<PnCounter<String>>),
        "lww" => each_case(args, host, play::<LwwRegister<String, String>>),
        "two-phase-set" => each_case(args, host, play::<TwoPhaseSet<String>>),
        "or-set" => each_case(args, host, play::<OrSet<String, String>>),
        "rga" => each_case(args, host, play::<Rga<String, String>>),
        "mvreg" => {
            let mut sentences = Sentences::default();
            each_case(args, host, |case| match case.get("do") {
                Some(_) => sentences.answer(case),
                None => play::<MvRegister<String, String>>(case),
            })
        }
        other => Err(format!("there is no type {}: {TYPES}", quoted(other)).into()),
    }
}

/// A type whose replicas a script can drive.
trait Scripted: Crdt + Default {
    /// Does `what` at `replica`; false if the type has no such operation.
    fn act(&mut self, replica: &str, what: &str, arguments: &[Value]) -> Result<bool, String>;
    /// What a reader sees.
    fn value(&self) -> Value;
}

fn play<C: Scripted>(case: &Value) -> Result<String, String> {
    let case = object(case)?;
    let mut replicas: SortedMap<String, C> = SortedMap::new();
    for (i, step) in list(field(case, "steps")?, "steps")?.iter().enumerate() {
        do_step(&mut replicas, step).map_err(|e| format!("step {i}: {e}"))?;
    }
    let mut states = replicas.values();
    let first = states.next();
    let mut out = case.clone();
    out.insert("converged".into(), json!(states.all(|s| Some(s) == first)));
    let values = replicas.iter().map(|(name, state)| (name.clone(), state.value()));
    out.insert("replicas".into(), Value::Object(values.collect()));
    Ok(Value::Object(out).to_string())
}

fn do_step<C: Scripted>(replicas: &mut SortedMap<String, C>, step: &Value) -> Result<(), String> {
    let [replica, what, arguments @ ..] = list(step, "a step")?.as_slice() else {
        return Err(format!("a step is [replica, what, ...], not {}", brief(step)));
    };
    let (replica, what) = (text(replica, "a replica")?.to_string(), text(what, "what is done")?);
    if what == "merge" {
        let other = text(argument(arguments, 0)?, "the other replica")?;
        let other = replicas.get(other).cloned().unwrap_or_default();
        replicas.entry(replica).or_default().merge(&other);
        return Ok(());
    }
    let state = replicas.entry(replica.clone()).or_default();
    match state.act(&replica, what, arguments)? {
        true => Ok(()),
        false => Err(format!("this type has no {}", quoted(what))),
    }
}

fn argument(arguments: &[Value], at: usize) -> Result<&Value, String> {
    arguments.get(at).ok_or_else(|| "an argument is missing".to_string())
}

/// A counter's step; 1 if not given.
fn amount(arguments: &[Value]) -> Result<u64, String> {
    arguments.first().map_or(Ok(1), |n| whole(n, "the amount"))
}

/// A value, kept as its JSON text.
fn element(arguments: &[Value], at: usize) -> Result<String, String> {
    argument(arguments, at).map(Value::to_string)
}

fn back(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn number(text: String) -> Value {
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

/// A counter that would overflow says so.
fn full(replica: &str) -> impl Fn(Full) -> String {
    move |Full { count }| {
        let replica = quoted(replica);
        format!("{replica} has counted to {count}, and no count is above {}", u64::MAX)
    }
}

impl Scripted for GCounter<String> {
    fn act(&mut self, replica: &str, what: &str, arguments: &[Value]) -> Result<bool, String> {
        let known = what == "inc";
        if known {
            self.increment(&replica.to_string(), amount(arguments)?).map_err(full(replica))?;
        }
        Ok(known)
    }
    fn value(&self) -> Value {
        number(GCounter::value(self).to_string())
    }
}

impl Scripted for PnCounter<String> {
    fn act(&mut self, replica: &str, what: &str, arguments: &[Value]) -> Result<bool, String> {
        match what {
            "inc" => self.increment(&replica.to_string(), amount(arguments)?),
            "dec" => self.decrement(&replica.to_string(), amount(arguments)?),
            _ => return Ok(false),
        }
        .map_err(full(replica))?;
        Ok(true)
    }
    fn value(&self) -> Value {
        number(PnCounter::value(self).to_string())
    }
}

impl Scripted for LwwRegister<String, String> {
    /// `[replica, "write", value, timestamp]`
    fn act(&mut self, replica: &str, what: &str, arguments: &[Value]) -> Result<bool, String> {
        let known = what == "write";
        if known {
            let timestamp = whole(argument(arguments, 1)?, "the timestamp")?;
            self.write(timestamp, replica.to_string(), element(arguments, 0)?);
        }
        Ok(known)
    }
    fn value(&self) -> Value {
        LwwRegister::value(self).map_or(Value::Null, |v| back(v))
    }
}

impl Scripted for MvRegister<String, String> {
    /// `[replica, "write", value]` after a full read.
    fn act(&mut self, replica: &str, what: &str, arguments: &[Value]) -> Result<bool, String> {
        let known = what == "write";
        if known {
            self.apply(self.put(&replica.to_string(), self.clock(), element(arguments, 0)?));
        }
        Ok(known)
    }
    fn value(&self) -> Value {
        self.values().map(|v| back(v)).collect()
    }
}

impl Scripted for TwoPhaseSet<String> {
    fn act(&mut self, _: &str, what: &str, arguments: &[Value]) -> Result<bool, String> {
        match what {
            "add" => drop(self.add(element(arguments, 0)?)),
            "remove" => drop(self.remove(&element(arguments, 0)?)),
            _ => return Ok(false),
        }
        Ok(true)
    }
    fn value(&self) -> Value {
        self.iter().map(|v| back(v)).collect()
    }
}

impl Scripted for OrSet<String, String> {
    fn act(&mut self, replica: &str, what: &str, arguments: &[Value]) -> Result<bool, String> {
        match what {
            "add" => self.add(&replica.to_string(), element(arguments, 0)?),
            "remove" => drop(self.remove(&element(arguments, 0)?)),
            _ => return Ok(false),
        }
        Ok(true)
    }
    fn value(&self) -> Value {
        self.iter().map(|v| back(v)).collect()
    }
}

impl Scripted for Rga<String, String> {
    /// `[replica, "insert", index, value]`, `[replica, "remove", index]`
    fn act(&mut self, replica: &str, what: &str, arguments: &[Value]) -> Result<bool, String> {
        let index = || whole(argument(arguments, 0)?, "the index").map(|i| i as usize);
        match what {
            "insert" => drop(self.insert(&replica.to_string(), index()?, element(arguments, 1)?)),
            "remove" => drop(self.remove(index()?).ok_or("there is nothing at that index")?),
            _ => return Ok(false),
        }
        Ok(true)
    }
    fn value(&self) -> Value {
        self.values().into_iter().map(|v| back(v)).collect()
    }
}

type Register = MvRegister<String, i64>;

/// Cases written as sentences, such as those of rust-crdt's register tests. They are read as
/// operations; a case may refer to the one before it.
#[derive(Default)]
struct Sentences {
    /// The writes of the last case.
    puts: Vec<Put<String, i64>>,
    /// Its outcome.
    register: Register,
}

impl Sentences {
    fn answer(&mut self, case: &Value) -> Result<String, String> {
        let case = object(case)?;
        let sentence = text(field(case, "do")?, "do")?;
        let mut out = Map::from_iter([("do".to_string(), json!(sentence))]);
        if sentence.contains("same") {
            self.register = applied(self.puts.iter());
        } else if sentence.contains("any history") {
            let value = words_after(sentence, "write").ok_or_else(|| not_understood(sentence))?;
            let put = self.register.put(&"reader".to_string(), self.register.clock(), value);
            self.puts.push(put.clone());
            self.register.apply(put);
        } else {
            self.puts = puts(sentence)?;
            self.register = self.run(sentence, &mut out);
        }
        let values: Vec<i64> = self.register.values().copied().collect();
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let clock = self.register.clock();
        let clock: Map<_, _> = clock.iter().map(|(k, n)| (k.clone(), json!(n))).collect();
        out.insert("values".into(), json!(values));
        out.insert("values_any_order".into(), json!(sorted));
        out.insert("clock".into(), Value::Object(clock));
        Ok(Value::Object(out).to_string())
    }

    /// The writes joined by merging one register each, or applied as operations in both orders.
    fn run(&self, sentence: &str, out: &mut Map<String, Value>) -> Register {
        let forth = applied(self.puts.iter());
        if sentence.contains("both orders") {
            out.insert("equal".into(), json!(forth == applied(self.puts.iter().rev())));
            return forth;
        }
        let mut merged = Register::default();
        for put in &self.puts {
            merged.merge(&applied([put].into_iter()));
        }
        merged
    }
}

fn applied<'a>(puts: impl Iterator<Item = &'a Put<String, i64>>) -> Register {
    let mut register = Register::default();
    puts.for_each(|put| register.apply(put.clone()));
    register
}

/// The concurrent writes that a sentence tells of: `A writes 23`, or `op A@1=23`.
fn puts(sentence: &str) -> Result<Vec<Put<String, i64>>, String> {
    let mut puts = Vec::new();
    for clause in sentence.split([';', ',']) {
        let said = clause.split_once(':').map_or(clause, |(_, said)| said).trim();
        if said == "merge" {
            continue;
        }
        let put = match said.strip_prefix("op ") {
            Some(op) => operation(op),
            None => written(said),
        };
        puts.push(put.ok_or_else(|| not_understood(clause))?);
    }
    Ok(puts)
}

/// `A writes 23` or `B concurrently writes 82`, by one who has read nothing.
fn written(said: &str) -> Option<Put<String, i64>> {
    let writer = said.split_whitespace().next()?.to_string();
    let value = words_after(said, "writes")?;
    Some(Register::default().put(&writer, VectorClock::new(), value))
}

/// `A@1=23`: the first write of A.
fn operation(op: &str) -> Option<Put<String, i64>> {
    let (dot, value) = op.split_whitespace().next()?.split_once('=')?;
    let (writer, count) = dot.split_once('@')?;
    let clock = VectorClock::from_iter([(writer.to_string(), count.parse().ok()?)]);
    Some(Put { clock, value: value.parse().ok()? })
}

/// The number after a word.
fn words_after(said: &str, word: &str) -> Option<i64> {
    said.split_whitespace().skip_while(|w| *w != word).nth(1)?.parse().ok()
}

fn not_understood(clause: &str) -> String {
    let known = "'A writes 1', 'op A@1=1', 'merge', 'in both orders', 'same by op apply' or 'after any history, write 1'";
    format!("expected {known}, not {}", quoted(clause.trim()))
}
