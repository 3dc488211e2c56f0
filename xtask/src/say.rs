//! What is printed.

use std::io::IsTerminal;
use std::time::Duration;

/// A heading, set off by an empty line.
pub fn heading(text: &str) {
    match std::io::stdout().is_terminal() {
        true => println!("\n\x1b[1m== {text}\x1b[0m"),
        false => println!("\n== {text}"),
    }
}

/// A duration as people say it.
pub fn duration(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        s @ 1..100 => format!("{s} s"),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}

/// Bytes with thousands set apart.
pub fn bytes(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[test]
fn numbers_are_readable() {
    assert_eq!(bytes(0), "0");
    assert_eq!(bytes(999), "999");
    assert_eq!(bytes(1_234_567), "1,234,567");
    assert_eq!(duration(Duration::from_millis(250)), "250 ms");
    assert_eq!(duration(Duration::from_secs(61)), "61 s");
    assert_eq!(duration(Duration::from_secs(135)), "2 min 15 s");
}
