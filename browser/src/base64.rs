//! Standard base64, as WebDriver sends screenshots.

/// The bytes of `text`; white space and padding are passed over, anything else ends it.
pub fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

#[test]
fn decodes() {
    assert_eq!(decode("aGFwcGVuZWQ="), b"happened");
    assert_eq!(decode("YmVmb3Jl"), b"before");
    assert_eq!(decode(""), b"");
}
