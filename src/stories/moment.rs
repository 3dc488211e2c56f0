//! A moment of a run, as conditions ask it: what costs something to see is seen when it is asked for.

use super::condition::{ExpectedEnd, ExpectedState, Number, Test};
use super::names::{Given, Missing, leading, node};
use crate::check::plane::figures;
use crate::core::ids::NodeId;
use crate::core::session::Session;
use crate::core::trace::{OpEnd, OpLife, Trace};
use crate::core::view::{AxisView, Event, NodeView, RingView, Status, What, WorldView};
use crate::core::world::World;
use std::cell::OnceCell;

/// What a condition is held against.
pub struct Moment<'a> {
    world: &'a World,
    view: OnceCell<WorldView>,
    /// The step just taken, if one was.
    event: Option<&'a Event>,
    trace: &'a Trace,
    given: &'a Given,
    now: u64,
    since: u64,
}

impl<'a> Moment<'a> {
    /// A world after a step, and its record so far.
    pub fn new(
        world: &'a World,
        event: Option<&'a Event>,
        trace: &'a Trace,
        given: &'a Given,
    ) -> Moment<'a> {
        let (view, now) = (OnceCell::new(), world.now());
        Moment { world, view, event, trace, given, now, since: 0 }
    }

    /// A session at its cursor; the wait began at `since`, microseconds.
    pub fn of(session: &'a Session, given: &'a Given, since: u64) -> Moment<'a> {
        let trace = session.trace();
        let event = trace.event(session.cursor());
        // Time goes on where nothing happens.
        let now = session.time();
        Moment { now, since, ..Moment::new(session.world(), event, trace, given) }
    }

    fn view(&self) -> &WorldView {
        self.view.get_or_init(|| self.world.view())
    }

    fn node(&self, name: &str) -> Result<&NodeView, Missing> {
        let view = self.view();
        Ok(&view.nodes[node(view, self.given, name)?.at()])
    }

    pub(super) fn test(&self, test: &Test) -> Result<bool, Missing> {
        let applied = |rule: &String| self.event.filter(|e| e.notes.contains(&rule.as_str()));
        let happened = |is: &dyn Fn(&What) -> bool| self.event.is_some_and(|e| is(&e.what));
        Ok(match test {
            Test::Fact { id, number } => {
                let fact = self.view().facts.iter().find(|f| f.id == id);
                fact.is_some_and(|f| match number {
                    None => true,
                    Some((how, value)) => f.value.is_some_and(|v| how.holds(v, *value)),
                })
            }
            Test::Rule { rule, who: None } => applied(rule).is_some(),
            Test::Rule { rule, who: Some(who) } => {
                let who = self.node(who)?.id;
                applied(rule).is_some_and(|e| e.node == Some(who))
            }
            Test::Violation(id) => {
                let broken = self.world.broken();
                broken.iter().any(|(b, _)| id.as_ref().is_none_or(|id| id == b))
            }
            Test::After(wait) => self.now >= self.since.saturating_add(*wait),
            Test::Lost => happened(&|w| matches!(w, What::Lost { .. })),
            Test::Heard => happened(&|w| matches!(w, What::Receive(_))),
            Test::Operation { client, end } => {
                let client = client.as_ref().map(|c| self.node(c)).transpose()?.map(|n| n.id);
                self.last_end(client).is_some_and(|e| is_end(e, *end))
            }
            Test::Compare { number, compare, value } => {
                self.number(number)?.is_some_and(|n| compare.holds(n, *value))
            }
            Test::Is { who, state } => {
                let n = self.node(who)?;
                match state {
                    ExpectedState::Crashed => n.status == Status::Crashed,
                    ExpectedState::Up => n.status == Status::Up,
                    ExpectedState::Paused => n.status == Status::Paused,
                    ExpectedState::Role(role) => {
                        n.look.role == *role && n.status != Status::Crashed
                    }
                }
            }
        })
    }

    /// How the last operation stands: of one client, or the last that has ended at all. What ends
    /// later than now is open.
    fn last_end(&self, client: Option<NodeId>) -> Option<&OpEnd> {
        let step = self.world.steps();
        let so_far = |o: &&OpLife| o.step <= step && client.is_none_or(|c| o.id.client == c);
        let ended = |o: &&OpLife| o.ended.is_some_and(|(at, _)| at <= step);
        let mut mine = self.trace.ops.iter().filter(so_far);
        match client {
            Some(_) => mine.next_back().map(|o| if ended(&o) { &o.end } else { &OpEnd::Open }),
            None => mine.filter(ended).max_by_key(|o| o.ended).map(|o| &o.end),
        }
    }

    /// Microseconds from the beginning to the end of the operation that ended last.
    fn took(&self) -> Option<i64> {
        let step = self.world.steps();
        let ended = self.trace.ops.iter().filter_map(|o| Some((o.ended?, o.invoked)));
        let last = ended.filter(|((at, _), _)| *at <= step).max_by_key(|(e, _)| e.0);
        last.map(|((_, at), from)| (at - from) as i64)
    }

    /// A number, once there is one.
    fn number(&self, number: &Number) -> Result<Option<i64>, Missing> {
        let view = || self.view();
        let axis = || self.view().axis.as_ref();
        let reads = |later: u64| figures(&[], &self.trace.ops, self.world.steps(), later);
        Ok(match number {
            Number::Committed => view().committed.map(|c| c as i64),
            Number::Epoch => {
                view().nodes.iter().filter_map(|n| n.look.epoch).max().map(|e| e as i64)
            }
            Number::Leaders => Some(leading(view()).count() as i64),
            Number::Now => Some(self.now as i64),
            Number::Ranges => axis().map(|a| a.spans.len() as i64),
            Number::Hottest => axis().and_then(hottest),
            Number::Fanout => axis().and_then(|a| a.scan).map(|(asked, ..)| asked.into()),
            Number::Moving => match (axis(), &view().ring) {
                (Some(axis), _) => Some(axis.moves.len() as i64),
                (None, Some(ring)) => Some(ring.moves.iter().map(|m| i64::from(m.keys)).sum()),
                (None, None) => None,
            },
            Number::Moved(rule) => {
                let under = |r: &RingView| moved(r, rule.as_deref().unwrap_or(r.rule));
                view().ring.as_ref().map(under)
            }
            Number::Stale(later) => Some(reads(*later).stale_share().into()),
            Number::Judged => Some(reads(0).judged.into()),
            Number::Took => self.took(),
            Number::P99 => {
                let all = reads(0);
                Some(all.reads.p99.max(all.writes.p99) as i64)
            }
            Number::Field { who, field } => {
                let look = &self.node(who)?.look;
                let mut fields = look.durable.iter().chain(&look.volatile);
                let Some((_, text)) = fields.find(|(name, _)| name == field) else {
                    return Err(Missing::Field { who: who.clone(), field: field.clone() });
                };
                text.split_whitespace().next().and_then(|n| n.parse().ok())
            }
        })
    }
}

fn is_end(end: &OpEnd, asked: ExpectedEnd) -> bool {
    let is = match end {
        OpEnd::Open => ExpectedEnd::Open,
        OpEnd::Ok(_) => ExpectedEnd::Ok,
        OpEnd::Fail(_) => ExpectedEnd::Fail,
        OpEnd::Unknown => ExpectedEnd::Unknown,
    };
    is == asked
}

/// Keys whose owner the last change of members changed under a rule.
fn moved(ring: &RingView, rule: &str) -> i64 {
    ring.rules.iter().find(|r| r.name == rule).map_or(0, |r| r.moved.into())
}

/// The share of all requests that the hottest range takes, in hundredths.
fn hottest(axis: &AxisView) -> Option<i64> {
    let rates = || axis.spans.iter().map(|r| i64::from(r.rate));
    (rates().max()? * 100).checked_div(rates().sum())
}
