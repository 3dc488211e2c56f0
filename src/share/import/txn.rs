//! Transactional histories: sessions of transactions, short notation (`ax1ry`), or events.

use super::notation::{Form, Located, edn, json};
use super::{InputFault, text};
use crate::check::history::OpValue;
use crate::check::history::txn::register::SessionOrder;
use crate::check::history::txn::{Txn, TxnEnd, TxnStep};
use crate::core::sorted::SortedMap;

/// Transactions one history may have.
const MAX_TXNS: usize = 200_000;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    /// The transactions, by id.
    pub txns: Vec<Txn>,
    /// Levels or anomalies the file asks about.
    pub check: Vec<String>,
    /// Whether every level keeps the order of sessions: it does in a file of sessions.
    pub sessions: SessionOrder,
}

/// Reads transactions from JSON, or from EDN if `is_edn`. With `lists`, reads answer lists.
pub fn read(bytes: &[u8], is_edn: bool, lists: bool) -> Result<Transactions, InputFault> {
    let text = &*text(bytes)?;
    let root = if is_edn {
        let all = edn(text)?;
        match <[Located; 1]>::try_from(all) {
            Ok([one]) if matches!(one.form, Form::List(_)) || one.get("type").is_none() => one,
            Ok([one]) => Located { line: 1, column: 1, form: Form::List(vec![one]) },
            Err(all) => Located { line: 1, column: 1, form: Form::List(all) },
        }
    } else {
        json(text)?
    };
    let mut out = TxnReader { lists, others: false, out: Transactions::default() };
    out.document(&root)?;
    // Helpers of a test are no clients: without clients there is nothing to contradict.
    if out.out.txns.is_empty() && !out.others {
        return Err(root.fault("no transaction is in this file; at least one was expected"));
    }
    Ok(out.out)
}

struct TxnReader {
    lists: bool,
    /// There are events of others than clients.
    others: bool,
    out: Transactions,
}

impl TxnReader {
    fn document(&mut self, root: &Located) -> Result<(), InputFault> {
        if let Some(check) = root.get("check") {
            let all = check.list().unwrap_or(std::slice::from_ref(check));
            self.out.check = all.iter().filter_map(|n| n.name()).map(str::to_string).collect();
        }
        for name in ["sessions", "txns", "history", "events"] {
            if let Some(inner) = root.get(name) {
                return self.body(inner);
            }
        }
        self.body(root)
    }

    fn body(&mut self, node: &Located) -> Result<(), InputFault> {
        const WANT: &str = "sessions of transactions, a list of transactions, or a list of \
                            events was expected";
        let Some(all) = node.list() else { return Err(node.fault(WANT)) };
        match all.first().map(|n| &n.form) {
            Some(Form::Map(_)) => self.events(all),
            Some(Form::Text(_)) => self.short(all),
            Some(Form::List(first)) => match first.first().map(|n| &n.form) {
                Some(Form::Int(_)) => self.short(all),
                _ => self.sessions(all),
            },
            None => Ok(()),
            _ => Err(node.fault(WANT)),
        }
    }

    fn push(&mut self, at: &Located, txn: Txn) -> Result<(), InputFault> {
        if self.out.txns.len() >= MAX_TXNS {
            return Err(at.fault(format!("more than {MAX_TXNS} transactions are in this file")));
        }
        let id = self.out.txns.len() as u32;
        self.out.txns.push(Txn { id, ..txn });
        Ok(())
    }

    fn sessions(&mut self, all: &[Located]) -> Result<(), InputFault> {
        self.out.sessions = SessionOrder::Always;
        for (session, node) in all.iter().enumerate() {
            let Some(txns) = node.list() else {
                return Err(node.fault("a session is a list of transactions"));
            };
            for txn in txns {
                let steps = self.steps(txn, true)?;
                let (invoke, ret, end) = (0, u64::MAX, TxnEnd::Committed);
                let session = session as u32;
                self.push(txn, Txn { id: 0, session, invoke, ret, end, steps })?;
            }
        }
        Ok(())
    }

    /// `"ax1ry"`, all at once, or `[process, "ax1ry"]`, one after the other.
    fn short(&mut self, all: &[Located]) -> Result<(), InputFault> {
        for (i, node) in all.iter().enumerate() {
            let (session, text, timed) = match &node.form {
                Form::Text(s) => (i as u32, s, false),
                Form::List(pair) => match pair.as_slice() {
                    [
                        Located { form: Form::Int(p), .. },
                        Located { form: Form::Text(s), .. },
                        ..,
                    ] => {
                        let p =
                            u32::try_from(*p).map_err(|_| node.fault("a process is 0 or more"))?;
                        (p, s, true)
                    }
                    _ => return Err(node.fault("[process, \"transaction\"] was expected")),
                },
                _ => return Err(node.fault("a transaction such as \"ax1ry12\" was expected")),
            };
            let (end, body) = match text.split_once(':') {
                Some(("fail", body)) => (TxnEnd::Aborted, body),
                Some(("info", body)) => (TxnEnd::Unknown, body),
                Some(("ok", body)) => (TxnEnd::Committed, body),
                Some((other, _)) => {
                    let what = format!("'{other}:' is here; ok:, fail: or info: was expected");
                    return Err(node.fault(what));
                }
                None => (TxnEnd::Committed, text.as_str()),
            };
            let steps = self.letters(node, body)?;
            let at = 2 * i as u64;
            let (invoke, ret) = if timed { (at, at + 1) } else { (0, u64::MAX) };
            self.push(node, Txn { id: 0, session, invoke, ret, end, steps })?;
        }
        Ok(())
    }

    fn letters(&self, node: &Located, body: &str) -> Result<Vec<TxnStep>, InputFault> {
        let mut steps = Vec::new();
        let mut rest = body.chars().filter(|c| !c.is_whitespace()).peekable();
        while let Some(f) = rest.next() {
            let key = rest.next().filter(|c| c.is_alphabetic());
            let Some(key) = key.filter(|_| matches!(f, 'a' | 'r' | 'w')) else {
                let what = format!("'{f}' starts no step; a, r or w and a key were expected");
                return Err(node.fault(what));
            };
            let key = key.to_string();
            let mut digits = String::new();
            while let Some(c) = rest.next_if(|c| c.is_ascii_digit() || *c == '_') {
                digits.push(c);
            }
            let whole = digits.parse::<i64>().ok().map(OpValue::Int);
            let missing = node.fault(format!("step '{f}{key}' has no number"));
            steps.push(match f {
                'a' => TxnStep::Append(key, whole.ok_or(missing)?),
                'w' => TxnStep::Write(key, whole.ok_or(missing)?),
                _ if self.lists => {
                    let all = digits.chars().filter_map(|c| c.to_digit(10));
                    TxnStep::List(key, Some(all.map(|d| OpValue::Int(d.into())).collect()))
                }
                _ => TxnStep::Read(key, Some(whole.unwrap_or(OpValue::Nil))),
            });
        }
        Ok(steps)
    }

    fn events(&mut self, all: &[Located]) -> Result<(), InputFault> {
        let mut open: SortedMap<u32, usize> = SortedMap::new();
        for (now, node) in all.iter().enumerate() {
            let need = |key: &str| {
                node.get(key).ok_or_else(|| node.fault(format!("this event has no '{key}'")))
            };
            let process = match node.get("process").map(|n| &n.form) {
                None => 0,
                Some(Form::Int(p)) => u32::try_from(*p)
                    .map_err(|_| node.fault("'process' is a whole number from 0"))?,
                // The nemesis and other helpers are no clients.
                Some(_) => {
                    self.others = true;
                    continue;
                }
            };
            let kind = need("type")?;
            let now = now as u64;
            match kind.name() {
                Some("invoke") => {
                    if open.contains_key(&process) {
                        let what = format!("process {process} invokes again before it has ended");
                        return Err(kind.fault(what));
                    }
                    let steps = self.steps(need("value")?, false)?;
                    open.insert(process, self.out.txns.len());
                    let (ret, end) = (u64::MAX, TxnEnd::Unknown);
                    let txn = Txn { id: 0, session: process, invoke: now, ret, end, steps };
                    self.push(node, txn)?;
                }
                Some(end @ ("ok" | "fail" | "info")) => {
                    let Some(id) = open.remove(&process) else {
                        if end == "info" {
                            continue;
                        }
                        let what = format!("process {process} has nothing under way to end");
                        return Err(kind.fault(what));
                    };
                    if end == "ok" {
                        let steps = self.steps(need("value")?, true)?;
                        let txn = &mut self.out.txns[id];
                        (txn.steps, txn.ret, txn.end) = (steps, now, TxnEnd::Committed);
                    } else if end == "fail" {
                        let txn = &mut self.out.txns[id];
                        (txn.ret, txn.end) = (now, TxnEnd::Aborted);
                    }
                }
                _ => return Err(kind.fault("'type' is invoke, ok, fail or info")),
            }
        }
        Ok(())
    }

    fn steps(&self, node: &Located, answered: bool) -> Result<Vec<TxnStep>, InputFault> {
        let Some(all) = node.list() else {
            return Err(node.fault("a transaction is a list of steps [f key value]"));
        };
        all.iter().map(|n| self.step(n, answered)).collect()
    }

    fn step(&self, node: &Located, answered: bool) -> Result<TxnStep, InputFault> {
        const WANT: &str = "a step is [r key value], [w key value] or [append key value]";
        let Some([f, key, value]) = node.list() else { return Err(node.fault(WANT)) };
        let key = match key.value() {
            OpValue::Str(s) => s,
            other => other.to_string(),
        };
        Ok(match f.name() {
            Some("w" | "write") => TxnStep::Write(key, value.value()),
            Some("append" | "a") => TxnStep::Append(key, value.value()),
            Some("r" | "read") if self.lists => {
                let list = match &value.form {
                    Form::Nil => Vec::new(),
                    Form::List(all) => all.iter().map(Located::value).collect(),
                    _ => return Err(value.fault("a read answers a list or nil")),
                };
                TxnStep::List(key, answered.then_some(list))
            }
            Some("r" | "read") => TxnStep::Read(key, answered.then(|| value.value())),
            _ => return Err(f.fault(WANT)),
        })
    }
}
