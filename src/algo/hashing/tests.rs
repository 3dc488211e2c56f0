//! Published values, and the laws every rule must obey when its membership changes.

use super::*;
use proptest::prelude::*;

fn nodes(names: &str) -> Vec<HashNode> {
    names.split(' ').map(HashNode::new).collect()
}

fn seeded(seed: u64, count: usize) -> Vec<HashNode> {
    (0..count).map(|i| HashNode::new(format!("node-{seed}-{i}"))).collect()
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("user:{i}")).collect()
}

#[test]
fn hash_functions_agree_with_their_published_values() {
    assert_eq!(md5(b"abc")[..4], [0x90, 0x01, 0x50, 0x98]);
    assert_eq!(HashFn::XxHash64.hash(b""), 0xef46_db37_51d8_e999);
    assert_eq!(HashFn::XxHash64.hash(b"abc"), 0x44bc_2cf5_ad77_0999);
    let long = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789";
    assert_eq!(HashFn::XxHash64.hash(long), 0xfd96_ee96_4a50_1961);
    assert_eq!(HashFn::Fnv1a.hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(HashFn::Murmur3.hash(b""), 0);
    assert_eq!(HashFn::CharSum.hash(b"ab"), HashFn::CharSum.hash(b"ba"));
}

#[test]
fn crc16_has_the_check_value_of_the_redis_cluster_specification() {
    assert_eq!(crc16(b"123456789"), 0x31c3);
}

#[test]
fn only_the_first_braces_hold_a_hash_tag() {
    assert_eq!(hash_tag(b"{user1000}.following"), b"user1000");
    assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}");
    assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
    assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
    assert_eq!(hash_tag(b"foo{bar"), b"foo{bar");
}

#[test]
fn ketama_agrees_with_spymemcached_on_four_and_five_nodes() {
    // KetamaNodeLocatorTest of spymemcached (MIT).
    let four: Vec<HashNode> =
        (0..4).map(|i| HashNode::new(format!("127.0.0.1:{}", 10_000 + i))).collect();
    let ring = Ring::ketama(&four);
    assert_eq!(ring.points().len(), 640);
    assert_eq!(ring.points().last().unwrap().0, 4_294_887_009);
    let owners = |ring: &Ring, keys: &[&str]| -> Vec<u32> {
        keys.iter().map(|k| ring.owner(k.as_bytes()).unwrap()).collect()
    };
    assert_eq!(owners(&ring, &["dustin", "noelani", "some other key"]), [0, 2, 0]);
    assert_eq!(owners(&ring, &["V5XS8C8N", "8KR2DKR2", "L9KH6X4X"]), [3, 3, 3]);
    let five: Vec<HashNode> =
        (0..5).map(|i| HashNode::new(format!("127.0.0.1:{}", 10_000 + i))).collect();
    let ring = Ring::ketama(&five);
    assert_eq!(owners(&ring, &["dustin", "noelani", "some other key"]), [0, 2, 4]);
    assert_eq!(owners(&ring, &["36", "10037", "22051", "49044"]), [2, 3, 1, 4]);
}

/// libketama's own line of C, with the floating point of this machine.
fn in_c(weight: u32, total: u64, nodes: usize) -> u64 {
    let part = weight as f32 / total as f32;
    ((f64::from(part) * 40.0 * f64::from(nodes as f32)) as f32).floor() as u64
}

#[test]
fn ketama_shares_out_digests_in_single_precision() {
    let digests = |nodes: &[HashNode], i: u32| {
        Ring::ketama(nodes).points().iter().filter(|p| p.1 == i).count() as u64 / 4
    };
    for n in [1, 7, 47, 55, 61, 94, 97] {
        let nodes = seeded(1, n);
        assert_eq!(digests(&nodes, 0), in_c(1, n as u64, n), "{n} nodes");
    }
    assert_eq!(digests(&seeded(1, 61), 60), 39);
    // Thirds and sevenths, and sums beyond 24 bits.
    for weights in [&[1, 2, 4][..], &[600, 300, 200], &[65_535, 3, 1], &[1, 1, 1, 1, 1, 1, 8]] {
        let all: u64 = weights.iter().map(|w| u64::from(*w)).sum();
        let nodes: Vec<HashNode> = weights
            .iter()
            .enumerate()
            .map(|(i, w)| HashNode::weighted(format!("10.0.1.{i}:11211"), *w))
            .collect();
        for (i, weight) in weights.iter().enumerate() {
            let right = in_c(*weight, all, nodes.len());
            assert_eq!(digests(&nodes, i as u32), right, "{weight} of {weights:?}");
        }
    }
}

#[test]
fn jump_gives_the_values_of_the_reference_code() {
    assert_eq!(jump(10_863_919_174_838_991, 11), 6);
    assert_eq!(jump(2_016_238_256_797_177_309, 11), 3);
    assert_eq!(jump(1_673_758_223_894_951_030, 11), 5);
    assert_eq!((jump(7, 0), jump(7, 1)), (0, 0));
}

#[test]
fn cassandra_widens_tail_bytes_with_their_sign() {
    assert_eq!(cassandra_token(b"123"), -7_468_325_962_851_647_638);
    assert_eq!(cassandra_token(b""), i64::MIN);
    let high = [0xfe; 8];
    assert_eq!(cassandra_token(&high), -8_927_430_733_708_461_935);
    assert_ne!(HashFn::Murmur3.hash(&high) as i64, cassandra_token(&high));
}

/// A rule by its number, for laws that hold for several.
fn rule(which: usize, nodes: &[HashNode]) -> Box<dyn Placement> {
    match which {
        0 => Box::new(Ring::ketama(nodes)),
        1 => Box::new(Ring::virtual_nodes(nodes, 16, HashFn::XxHash64)),
        2 => Box::new(Rendezvous::new(nodes, HashFn::XxHash64)),
        _ => Box::new(Ring::virtual_nodes(nodes, 3, HashFn::CharSum)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn shares_are_those_of_floating_point(weight in 1u32..=65_535, rest in 0u64..700_000_000, nodes in 1usize..10_000) {
        let total = u64::from(weight) + rest;
        prop_assert_eq!(super::ring::single_share(weight.into(), total, nodes as u64), in_c(weight, total, nodes));
    }

    /// Minimal disruption and monotonicity: an owner changes only from the node that left, or to
    /// the node that came.
    #[test]
    fn keys_move_only_from_the_leaver_or_to_the_joiner(
        which in 1usize..4, seed: u64, count in 2usize..12, gone in 0usize..12,
    ) {
        let all = seeded(seed, count);
        let gone = gone % count;
        let mut fewer = all.clone();
        fewer.remove(gone);
        let (big, small) = (rule(which, &all), rule(which, &fewer));
        for key in keys(200) {
            let before = &all[big.owner(key.as_bytes()).unwrap() as usize];
            let after = &fewer[small.owner(key.as_bytes()).unwrap() as usize];
            prop_assert!(before == after || *before == all[gone], "{key}: {before:?} {after:?}");
        }
    }

    /// What a node owns does not depend on the order in which nodes are listed.
    #[test]
    fn the_order_of_the_list_does_not_matter(which in 0usize..4, seed: u64, count in 1usize..9) {
        let listed = seeded(seed, count);
        let reversed: Vec<HashNode> = listed.iter().rev().cloned().collect();
        let (a, b) = (rule(which, &listed), rule(which, &reversed));
        let (x, y) = (
            Maglev::new(&listed, 1009, HashFn::Murmur3),
            Maglev::new(&reversed, 1009, HashFn::Murmur3),
        );
        for key in keys(100) {
            let key = key.as_bytes();
            let name = |nodes: &[HashNode], owner: Option<u32>| nodes[owner.unwrap() as usize].clone();
            prop_assert_eq!(name(&listed, a.owner(key)), name(&reversed, b.owner(key)));
            prop_assert_eq!(name(&listed, x.owner(key)), name(&reversed, y.owner(key)));
        }
    }

    /// Jump moves a key only into the new last bucket.
    #[test]
    fn jump_is_monotone(key: u64, buckets in 1u32..5000) {
        let (small, big) = (jump(key, buckets), jump(key, buckets + 1));
        prop_assert!(small < buckets);
        prop_assert!(big == small || big == buckets);
    }

    #[test]
    fn preference_lists_are_distinct_and_start_with_the_owner(seed: u64, count in 1usize..9) {
        let nodes = seeded(seed, count);
        let ring = Ring::virtual_nodes(&nodes, 8, HashFn::XxHash64);
        let draw = Rendezvous::new(&nodes, HashFn::XxHash64);
        for key in keys(50) {
            for list in [ring.preference(key.as_bytes(), 99), draw.preference(key.as_bytes(), 99)] {
                let mut sorted = list.clone();
                sorted.sort_unstable();
                prop_assert_eq!(sorted, (0..count as u32).collect::<Vec<_>>());
            }
            let first = ring.preference(key.as_bytes(), 1);
            prop_assert_eq!(first.first().copied(), ring.owner(key.as_bytes()));
        }
    }

    #[test]
    fn a_ring_that_changes_is_the_ring_built_anew(
        kind in 0u8..5, seed: u64, count in 1usize..9, at: prop::sample::Index, weight in 1u32..3,
    ) {
        let build = |nodes: &[HashNode]| match kind {
            0 => Ring::ketama(nodes),
            1 => Ring::hash_ring(nodes),
            2 => Ring::virtual_nodes(nodes, 16, HashFn::CharSum),
            _ => Ring::virtual_nodes(nodes, 16, HashFn::Murmur3),
        };
        let mut nodes = seeded(seed, count);
        if kind == 4 {
            nodes[at.index(count)].weight = weight;
        }
        let ring = build(&nodes);
        let mut more = nodes.clone();
        more.push(HashNode::weighted("who joins", weight));
        let (changed, anew) = (ring.joined(&more), build(&more));
        prop_assert_eq!(changed.points(), anew.points());
        let index = at.index(count);
        let mut fewer = nodes.clone();
        fewer.remove(index);
        let (changed, anew) = (ring.left(&fewer, index as u32), build(&fewer));
        prop_assert_eq!(changed.points(), anew.points());
    }

    /// The first point at or after a position, wherever positions crowd.
    #[test]
    fn a_point_is_found_as_by_looking_at_all(seed: u64, count in 1usize..5, bad: bool, positions in prop::collection::vec(any::<u64>(), 20)) {
        let hash = if bad { HashFn::CharSum } else { HashFn::XxHash64 };
        let ring = Ring::virtual_nodes(&seeded(seed, count), 16, hash);
        let ends = ring.points().iter().flat_map(|p| [p.0.wrapping_sub(1), p.0, p.0.wrapping_add(1)]);
        for position in positions.into_iter().chain([0, u64::MAX]).chain(ends) {
            let first = ring.points().iter().position(|p| p.0 >= position).unwrap_or(0);
            prop_assert_eq!(ring.point_of(position), Some(first));
        }
    }

    #[test]
    fn no_load_exceeds_its_bound(seed: u64, count in 1usize..9, total in 0usize..300, c in 100u32..300) {
        let nodes = seeded(seed, count);
        let ring = Ring::virtual_nodes(&nodes, 4, HashFn::XxHash64);
        let keys = keys(total);
        let positions: Vec<u64> = keys.iter().map(|k| ring.position(k.as_bytes())).collect();
        let placed = assign_bounded(&ring, &nodes, &positions, c);
        let bound = (c as usize * total).div_ceil(100 * count);
        for node in 0..count as u32 {
            let load = placed.iter().filter(|p| **p == Some(node)).count();
            prop_assert!(load <= bound, "{load} > {bound}");
        }
        prop_assert!(placed.iter().all(Option::is_some));
    }
}

/// Over 1,000 seeded rings of 10 nodes with V points each, the relative variance of the arcs is
/// that of a Dirichlet distribution, (n - 1) / (nV + 1): the deviation falls as 1 / sqrt V.
#[test]
fn arcs_spread_as_theory_says_over_a_thousand_rings() {
    for vnodes in [1u32, 16, 64] {
        let mut sum = 0u128;
        for seed in 0..1000 {
            let ring = Ring::virtual_nodes(&seeded(seed, 10), vnodes, HashFn::XxHash64);
            for arc in ring.arcs() {
                // The share in millionths of the mean share.
                let share = (u128::from(arc) * 10_000_000) >> 64;
                sum += share.abs_diff(1_000_000).pow(2);
            }
        }
        let measured = sum / 10_000;
        let theory = 9 * 1_000_000_000_000 / (10 * u128::from(vnodes) + 1);
        let off = measured.abs_diff(theory) * 100 / theory;
        assert!(off <= 8, "V = {vnodes}: measured {measured}, theory {theory}, {off} % off");
    }
}

#[test]
fn arcs_of_a_ring_add_up_to_the_whole() {
    for count in 2..6 {
        let nodes = seeded(3, count);
        let wide: u128 = Ring::virtual_nodes(&nodes, 5, HashFn::XxHash64)
            .arcs()
            .iter()
            .map(|a| u128::from(*a))
            .sum();
        assert_eq!(wide, 1 << 64);
        let narrow: u64 = Ring::ketama(&nodes).arcs().iter().sum();
        assert_eq!(narrow, 1 << 32);
    }
}

#[test]
fn maglev_shares_its_table_almost_equally_or_by_weight() {
    for count in [1, 3, 7, 100] {
        let table = Maglev::new(&seeded(1, count), MAGLEV_TABLE, HashFn::XxHash64);
        let load = |n: usize| table.table().iter().filter(|e| **e == n as u32).count();
        let loads: Vec<usize> = (0..count).map(load).collect();
        assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 1, "{loads:?}");
    }
    let weighted = [HashNode::weighted("a", 1), HashNode::weighted("b", 3)];
    let table = Maglev::new(&weighted, MAGLEV_TABLE, HashFn::XxHash64);
    let b = table.table().iter().filter(|e| **e == 1).count();
    assert!((49_151..=49_155).contains(&b), "{b}");
}

#[test]
fn maglev_moves_few_entries_that_need_not_move() {
    let all = seeded(5, 10);
    let (before, after) = (
        Maglev::new(&all, MAGLEV_TABLE, HashFn::XxHash64),
        Maglev::new(&all[..9], MAGLEV_TABLE, HashFn::XxHash64),
    );
    let pairs = before.table().iter().zip(after.table());
    let needless = pairs.filter(|(b, a)| **b != 9 && b != a).count();
    assert!(needless * 100 < 65_537 * 5, "{needless} of 65537 moved without need");
}

#[test]
fn rendezvous_follows_weights() {
    let nodes =
        [HashNode::weighted("a", 1), HashNode::weighted("b", 2), HashNode::weighted("c", 5)];
    let rule = Rendezvous::new(&nodes, HashFn::XxHash64);
    let mut load = [0i64; 3];
    for key in keys(80_000) {
        load[rule.owner(key.as_bytes()).unwrap() as usize] += 1;
    }
    // Four standard deviations of a binomial count are below 560 here.
    for (load, fair) in load.iter().zip([10_000, 20_000, 50_000]) {
        assert!((load - fair).abs() < 560, "{load} for {fair}");
    }
}

#[test]
fn adding_an_eleventh_node_moves_ten_elevenths_under_modulo_and_one_on_a_ring() {
    let all = seeded(11, 11);
    let moved = |a: &dyn Placement, b: &dyn Placement| {
        keys(11_000).iter().filter(|k| a.owner(k.as_bytes()) != b.owner(k.as_bytes())).count()
    };
    let hash = HashFn::XxHash64;
    let modulo = moved(&Modulo { nodes: 10, hash }, &Modulo { nodes: 11, hash });
    assert!((9_800..=10_200).contains(&modulo), "{modulo}");
    let ring = |n: usize| Ring::virtual_nodes(&all[..n], 256, hash);
    let on_ring = moved(&ring(10), &ring(11));
    assert!((700..=1_300).contains(&on_ring), "{on_ring}");
}

#[test]
fn without_nodes_there_is_no_owner() {
    let hash = HashFn::XxHash64;
    let rules: [Box<dyn Placement>; 5] = [
        Box::new(Ring::ketama(&[])),
        Box::new(Ring::virtual_nodes(&[HashNode::weighted("a", 0)], 9, hash)),
        Box::new(Rendezvous::new(&[], hash)),
        Box::new(Maglev::new(&[], MAGLEV_TABLE, hash)),
        Box::new(Modulo { nodes: 0, hash }),
    ];
    assert!(rules.iter().all(|r| r.owner(b"k").is_none()));
    assert_eq!(nodes("a b").len(), 2);
}
