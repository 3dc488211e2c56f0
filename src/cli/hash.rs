//! `hb hash`: where keys live.

use super::limit::Timed;
use super::{Answer, Args, Bad, HOLDS, Host, UNKNOWN};
use crate::algo::hashing::{
    HashFn, HashNode, MAGLEV_TABLE, Maglev, Modulo, Placement, Rendezvous, Ring, assign_bounded,
    cassandra_token, jump, redis_slot,
};
use crate::core::quote::{quoted, shown};
use crate::share::import::unix_lines;
use serde_json::json;

const ALGOS: &str =
    "ketama, ring, jump, rendezvous, maglev, bounded, modulo, murmur3-token or redis-slot";
/// Points of a ring, or entries of a table, that one command may build.
const MAX_POINTS: u64 = 8_000_000;
/// Points of a ring whose pairs are counted.
const MAX_PAIRED: u64 = 1_000_000;

struct KeyBytes {
    text: String,
    bytes: Vec<u8>,
}

/// One line `key<TAB>node` per key; with `--json`, one document. `--budget-ms N` stops with the keys
/// that have been placed.
pub fn hash(args: &mut Args, host: &dyn Host) -> Answer {
    let host = &Timed::take(args, host)?;
    let algo = args.value("--algo")?.ok_or(format!("--algo is missing: {ALGOS}"))?;
    if args.flag("--together") {
        return together(&algo, args);
    }
    let file = args.value("--keys")?.ok_or("--keys is missing: a file with one key a line")?;
    let options = HashOptions::take(args)?;
    let as_json = args.flag("--json");
    args.done()?;
    let bytes = if file == "-" { host.stdin()?.into_bytes() } else { host.read(&file)? };
    let keys = parse_keys(&shown(&file), &bytes)?;
    let owners = options.owners(&algo, &keys, &|| !host.cancelled())?;
    let code = if owners.len() == keys.len() { HOLDS } else { UNKNOWN };
    if code == UNKNOWN {
        args.note(format!("stopped: {} of {} keys are placed", owners.len(), keys.len()));
    }
    if as_json {
        let pair = |(key, node): (&KeyBytes, &String)| json!({"key": key.text, "node": node});
        let keys: Vec<_> = keys.iter().zip(&owners).map(pair).collect();
        return Ok((code, json!({"algo": algo, "keys": keys}).to_string() + "\n"));
    }
    let mut out = String::new();
    for (key, owner) in keys.iter().zip(&owners) {
        out.push_str(&format!("{}\t{owner}\n", key.text));
    }
    Ok((code, out))
}

/// `--together`: how many pairs of nodes keep copies of one range. With many points a node nearly
/// all do, so that any two failures hit some range.
fn together(algo: &str, args: &mut Args) -> Answer {
    let options = HashOptions::take(args)?;
    let as_json = args.flag("--json");
    args.done()?;
    options.check_nodes()?;
    let ring = match algo {
        "ketama" => Ring::ketama(&options.nodes),
        "ring" => options.ring()?,
        _ => return Err("--together takes --algo ring or ketama: the others have no ring".into()),
    };
    if ring.points().len() as u64 > MAX_PAIRED {
        return Err(format!("--together takes a ring of at most {MAX_PAIRED} points").into());
    }
    let copies = options.replicas.unwrap_or(3);
    if !(1..=16).contains(&copies) {
        return Err("--replicas must lie in 1..=16 with --together".into());
    }
    let n = options.nodes.len();
    let (hit, all) = (ring.together(copies as usize).len(), n * (n - 1) / 2);
    if as_json {
        let told =
            json!({"algo": algo, "nodes": n, "replicas": copies, "pairs": all, "together": hit});
        return Ok((HOLDS, told.to_string() + "\n"));
    }
    let text =
        format!("{hit} of {all} pairs of nodes keep copies of one range, of {copies} each\n");
    Ok((HOLDS, text))
}

/// What the placement rules can be told.
struct HashOptions {
    nodes: Vec<HashNode>,
    buckets: Option<u64>,
    vnodes: Option<u64>,
    hash: Option<HashFn>,
    table: Option<u64>,
    percent: u64,
    replicas: Option<u64>,
}

impl HashOptions {
    fn take(args: &mut Args) -> Result<Self, Bad> {
        let replicas = args.number("--replicas")?;
        if replicas == Some(0) {
            return Err("--replicas is at least 1: a key without a copy lives nowhere".into());
        }
        let nodes = args.value("--nodes")?.unwrap_or_default();
        let weights = args.value("--weights")?;
        let hash = match args.value("--hash")? {
            None => None,
            Some(name) => Some(HashFn::by_name(&name).ok_or_else(|| unknown_hash(&name))?),
        };
        Ok(HashOptions {
            nodes: parse_nodes(&nodes, weights.as_deref())?,
            buckets: args.number("--buckets")?,
            vnodes: args.number("--vnodes")?,
            hash,
            table: args.number("--table")?,
            percent: args.number("--percent")?.unwrap_or(125),
            replicas,
        })
    }

    /// Where keys live, as far as `again` says to go on.
    fn owners(
        &self,
        algo: &str,
        keys: &[KeyBytes],
        again: &dyn Fn() -> bool,
    ) -> Result<Vec<String>, Bad> {
        let going = || keys.iter().take_while(|_| again());
        let each = |f: &dyn Fn(&[u8]) -> String| going().map(|k| f(&k.bytes)).collect();
        match algo {
            "murmur3-token" => return Ok(each(&|k| cassandra_token(k).to_string())),
            "redis-slot" => return Ok(each(&|k| redis_slot(k).to_string())),
            "jump" => return self.jump(going()),
            _ => self.check_nodes()?,
        }
        let on_ring = |ring: &Ring| self.on_ring(ring, going());
        let hash = self.hash.unwrap_or(HashFn::XxHash64);
        let rule: Box<dyn Placement> = match algo {
            "ketama" => return on_ring(&Ring::ketama(&self.nodes)),
            "ring" => return on_ring(&self.ring()?),
            "rendezvous" => Box::new(Rendezvous::new(&self.nodes, hash)),
            "maglev" => Box::new(Maglev::new(&self.nodes, self.table()?, hash)),
            "modulo" => Box::new(Modulo { nodes: self.nodes.len() as u32, hash }),
            "bounded" => return self.bounded(keys),
            _ => return Err(format!("there is no --algo {}: it is {ALGOS}", quoted(algo)).into()),
        };
        self.names(going().map(|k| rule.owner(&k.bytes)))
    }

    fn names(&self, owners: impl Iterator<Item = Option<u32>>) -> Result<Vec<String>, Bad> {
        let name = |owner: Option<u32>| {
            let node = owner.ok_or("no node has room: weights are 0 or --percent is below 100")?;
            Ok(self.nodes[node as usize].name.clone())
        };
        owners.map(name).collect()
    }

    fn on_ring<'a>(
        &self,
        ring: &Ring,
        keys: impl Iterator<Item = &'a KeyBytes>,
    ) -> Result<Vec<String>, Bad> {
        let Some(replicas) = self.replicas else {
            return self.names(keys.map(|k| ring.owner(&k.bytes)));
        };
        let list = |k: &KeyBytes| {
            let nodes = ring.preference(&k.bytes, replicas.try_into().unwrap_or(usize::MAX));
            let names: Vec<_> =
                nodes.iter().map(|n| self.nodes[*n as usize].name.as_str()).collect();
            names.join(",")
        };
        Ok(keys.map(list).collect())
    }

    /// Without `--vnodes` or `--hash`, the classic ring of Python's hash_ring.
    fn ring(&self) -> Result<Ring, Bad> {
        if self.vnodes.is_none() && self.hash.is_none() {
            return Ok(Ring::hash_ring(&self.nodes));
        }
        let vnodes = self.vnodes.unwrap_or(160);
        let weights: u64 = self.nodes.iter().map(|n| u64::from(n.weight)).sum();
        if vnodes.saturating_mul(weights) > MAX_POINTS || vnodes == 0 {
            let text = format!("--vnodes times the weights must lie in 1..={MAX_POINTS}");
            return Err(text.into());
        }
        let hash = self.hash.unwrap_or(HashFn::XxHash64);
        Ok(Ring::virtual_nodes(&self.nodes, vnodes as u32, hash))
    }

    fn bounded(&self, keys: &[KeyBytes]) -> Result<Vec<String>, Bad> {
        let percent = u32::try_from(self.percent).map_err(|_| "--percent is at most 4294967295")?;
        let ring = self.ring()?;
        let positions: Vec<u64> = keys.iter().map(|k| ring.position(&k.bytes)).collect();
        let owners = assign_bounded(&ring, &self.nodes, &positions, percent);
        self.names(owners.into_iter())
    }

    fn jump<'a>(&self, keys: impl Iterator<Item = &'a KeyBytes>) -> Result<Vec<String>, Bad> {
        let buckets = self.buckets.unwrap_or(self.nodes.len() as u64);
        let buckets = i32::try_from(buckets).ok().filter(|n| *n > 0);
        let buckets = buckets.ok_or("jump takes --buckets N from 1 to 2147483647")? as u32;
        let bucket = |k: &KeyBytes| jump(jump_key(k), buckets).to_string();
        Ok(keys.map(bucket).collect())
    }

    fn table(&self) -> Result<u32, Bad> {
        let size = self.table.unwrap_or(MAGLEV_TABLE.into());
        let enough = size > self.nodes.len() as u64 && size <= MAX_POINTS;
        if !enough || !crate::algo::hashing::is_prime(size as u32) {
            let text =
                format!("--table takes a prime above the number of nodes, at most {MAX_POINTS}");
            return Err(text.into());
        }
        Ok(size as u32)
    }

    fn check_nodes(&self) -> Result<(), Bad> {
        let weights: u64 = self.nodes.iter().map(|n| u64::from(n.weight)).sum();
        if weights == 0 {
            return Err("--nodes is missing: names separated by commas".into());
        }
        if self.nodes.len() > 10_000 {
            return Err("--nodes takes at most 10000 names".into());
        }
        Ok(())
    }
}

/// A decimal key is that number; any other is hashed to 64 bits first.
fn jump_key(key: &KeyBytes) -> u64 {
    let number = std::str::from_utf8(&key.bytes)
        .ok()
        .and_then(|t| t.parse::<u64>().ok().or_else(|| t.parse::<i64>().ok().map(|n| n as u64)));
    number.unwrap_or_else(|| HashFn::XxHash64.hash(&key.bytes))
}

fn unknown_hash(name: &str) -> Bad {
    let names: Vec<_> = HashFn::ALL.iter().map(|(n, _)| *n).collect();
    Bad(format!("there is no --hash {}: it is one of {}", quoted(name), names.join(", ")))
}

fn parse_nodes(names: &str, weights: Option<&str>) -> Result<Vec<HashNode>, Bad> {
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
    let mut nodes: Vec<HashNode> = names.iter().map(|n| HashNode::new(*n)).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|w| w[0] == w[1]) {
        return Err(format!("--nodes names {} twice", quoted(twice[0])).into());
    }
    let Some(weights) = weights else { return Ok(nodes) };
    let weights: Vec<&str> = weights.split(',').map(str::trim).collect();
    if weights.len() != nodes.len() {
        let text = format!("--weights has {} numbers for {} nodes", weights.len(), nodes.len());
        return Err(text.into());
    }
    for (node, weight) in nodes.iter_mut().zip(weights) {
        node.weight = weight
            .parse::<u16>()
            .map_err(|_| format!("--weights takes whole numbers to 65535, not {}", quoted(weight)))?
            .into();
    }
    Ok(nodes)
}

fn parse_keys(file: &str, bytes: &[u8]) -> Result<Vec<KeyBytes>, Bad> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let good = &bytes[..e.valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        let column = good.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        format!("{file}:{line}:{column}: expected UTF-8; write raw bytes as hex:..")
    })?;
    let text = unix_lines(text);
    let parse = |(i, text): (usize, &str)| {
        let bytes = match text.strip_prefix("hex:") {
            None => text.as_bytes().to_vec(),
            Some(digits) => unhex(digits).map_err(|at| {
                let column = at + 5;
                format!("{file}:{}:{column}: expected two hexadecimal digits a byte", i + 1)
            })?,
        };
        Ok(KeyBytes { text: text.to_string(), bytes })
    };
    text.lines().enumerate().map(parse).collect()
}

/// The bytes of hexadecimal text, or where it goes wrong.
fn unhex(digits: &str) -> Result<Vec<u8>, usize> {
    let digit = |(i, b): (usize, u8)| (b as char).to_digit(16).map(|d| d as u8).ok_or(i);
    let nibbles: Vec<u8> = digits.bytes().enumerate().map(digit).collect::<Result<_, _>>()?;
    if nibbles.len() % 2 == 1 {
        return Err(nibbles.len());
    }
    Ok(nibbles.chunks_exact(2).map(|p| p[0] << 4 | p[1]).collect())
}
