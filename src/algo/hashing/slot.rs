//! Redis Cluster's 16,384 slots (Redis Cluster specification, "Key distribution model").

/// CRC16-XMODEM: polynomial 0x1021, initial value 0, no reflection.
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, b| {
        (0..8).fold(crc ^ (u16::from(*b) << 8), |c: u16, _| {
            if c & 0x8000 != 0 { (c << 1) ^ 0x1021 } else { c << 1 }
        })
    })
}

/// The part of a key that is hashed: what lies between the first `{` and the next `}`, if
/// anything does, and else the whole key.
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = key.iter().position(|b| *b == b'{') else { return key };
    let inside = &key[open + 1..];
    match inside.iter().position(|b| *b == b'}') {
        Some(len) if len > 0 => &inside[..len],
        _ => key,
    }
}

/// The slot of a key, 0 to 16,383.
pub fn redis_slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key)) % 16_384
}
