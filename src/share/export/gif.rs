//! Moving pictures (GIF89a): each frame holds only what has changed, in at most 255 colours of its
//! own. The same frames give the same bytes everywhere.

/// A picture in the making.
pub struct Gif {
    out: Vec<u8>,
    width: u16,
    height: u16,
    /// The colours shown so far, 15 bits a pixel; above that, nothing yet.
    shown: Vec<u16>,
}

/// Stands for a pixel that stays as it is.
const SAME: u8 = 255;
const NOTHING: u16 = 0xffff;
const MOST_CODES: u16 = 4096;
const CLEAR: u16 = 256;
const END: u16 = 257;
/// Places of the table of known sequences; a power of two, twice as many as there are codes.
const TABLE: usize = 8192;

impl Gif {
    /// An endless picture of a size in pixels, with a comment.
    pub fn new(width: u16, height: u16, comment: &str) -> Gif {
        let mut out = b"GIF89a".to_vec();
        out.extend(width.to_le_bytes());
        out.extend(height.to_le_bytes());
        out.extend([0x70, 0, 0]);
        out.extend(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0");
        out.extend([0x21, 0xfe]);
        blocks(&mut out, comment.as_bytes());
        let shown = vec![NOTHING; usize::from(width) * usize::from(height)];
        Gif { out, width, height, shown }
    }

    /// Bytes so far.
    pub fn size(&self) -> usize {
        self.out.len()
    }

    /// Adds a frame of red, green, blue and alpha bytes (alpha is not looked at), shown for so many
    /// hundredths of a second. A frame of another size is left out.
    pub fn frame(&mut self, rgba: &[u8], hundredths: u16) {
        if rgba.len() != self.shown.len() * 4 {
            return;
        }
        let now: Vec<u16> = rgba.chunks_exact(4).map(short).collect();
        let (x, y, w, h) = self.changed(&now);
        let (palette, index) = palette(rgba, &now);
        self.out.extend([0x21, 0xf9, 4, 0b101]);
        self.out.extend(hundredths.to_le_bytes());
        self.out.extend([SAME, 0, 0x2c]);
        for side in [x, y, w, h] {
            self.out.extend(side.to_le_bytes());
        }
        self.out.push(0x87);
        self.out.extend(palette);
        let width = usize::from(self.width);
        let mut pixels = Vec::with_capacity(usize::from(w) * usize::from(h));
        for row in usize::from(y)..usize::from(y) + usize::from(h) {
            for at in row * width + usize::from(x)..row * width + usize::from(x) + usize::from(w) {
                let same = now[at] == self.shown[at];
                pixels.push(if same { SAME } else { index[usize::from(now[at])] });
            }
        }
        self.out.push(8);
        let packed = pack(&pixels);
        blocks(&mut self.out, &packed);
        self.shown = now;
    }

    /// The file.
    pub fn finish(mut self) -> Vec<u8> {
        self.out.push(0x3b);
        self.out
    }

    /// The smallest rectangle that holds every change; a pixel if there is none.
    fn changed(&self, now: &[u16]) -> (u16, u16, u16, u16) {
        let width = usize::from(self.width);
        let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
        for (at, _) in now.iter().zip(&self.shown).enumerate().filter(|(_, (a, b))| a != b) {
            let (x, y) = (at % width, at / width);
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        if left > right || self.height == 0 {
            return (0, 0, self.width.min(1), self.height.min(1));
        }
        let side = |n: usize| n as u16;
        (side(left), side(top), side(right - left + 1), side(bottom - top + 1))
    }
}

/// A colour in 15 bits.
fn short(pixel: &[u8]) -> u16 {
    let part = |i: usize| u16::from(pixel[i] >> 3);
    part(0) << 10 | part(1) << 5 | part(2)
}

/// The 255 most frequent colours, each the mean of what falls to it, and for every colour in 15
/// bits that occurs the nearest of them.
fn palette(rgba: &[u8], now: &[u16]) -> (Vec<u8>, Vec<u8>) {
    let mut sums = vec![[0u32; 4]; 1 << 15];
    for (pixel, key) in rgba.chunks_exact(4).zip(now) {
        let sum = &mut sums[usize::from(*key)];
        sum[0] += 1;
        for i in 0..3 {
            sum[i + 1] = sum[i + 1].saturating_add(pixel[i].into());
        }
    }
    let mut used: Vec<usize> = (0..sums.len()).filter(|k| sums[*k][0] > 0).collect();
    used.sort_by_key(|k| (std::cmp::Reverse(sums[*k][0]), *k));
    let mean = |k: usize| -> [i32; 3] {
        std::array::from_fn(|i| (sums[k][i + 1] / sums[k][0].max(1)) as i32)
    };
    let chosen: Vec<[i32; 3]> = used.iter().take(usize::from(SAME)).map(|k| mean(*k)).collect();
    let mut index = vec![0u8; 1 << 15];
    for key in used {
        let colour = mean(key);
        let far = |c: &[i32; 3]| -> i32 { (0..3).map(|i| (c[i] - colour[i]).pow(2)).sum() };
        let near = chosen.iter().enumerate().min_by_key(|(_, c)| far(c));
        index[key] = near.map_or(0, |(i, _)| i as u8);
    }
    let mut table = vec![0u8; 768];
    for (slot, colour) in table.chunks_exact_mut(3).zip(&chosen) {
        slot.copy_from_slice(&colour.map(|c| c as u8));
    }
    (table, index)
}

/// Data in blocks of at most 255 bytes, ended by an empty one.
fn blocks(out: &mut Vec<u8>, data: &[u8]) {
    for part in data.chunks(255) {
        out.push(part.len() as u8);
        out.extend(part);
    }
    out.push(0);
}

/// Codes of growing length, the lowest bit first.
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, code: u16, length: u32) {
        self.held |= u32::from(code) << self.count;
        self.count += length;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }
}

/// LZW as GIF wants it (appendix F of its specification), of bytes.
fn pack(pixels: &[u8]) -> Vec<u8> {
    let mut bits = Bits { out: Vec::new(), held: 0, count: 0 };
    let mut known: Vec<(u32, u16)> = vec![(u32::MAX, 0); TABLE];
    let (mut next, mut length) = (END + 1, 9);
    bits.put(CLEAR, length);
    let mut pixels = pixels.iter();
    let Some(first) = pixels.next() else {
        bits.put(END, length);
        bits.put(0, 7);
        return bits.out;
    };
    let mut prefix = u16::from(*first);
    for pixel in pixels {
        let key = u32::from(prefix) << 8 | u32::from(*pixel);
        let mut at = key.wrapping_mul(0x9e37_79b1) as usize >> 19 & (TABLE - 1);
        while known[at].0 != key && known[at].0 != u32::MAX {
            at = (at + 1) & (TABLE - 1);
        }
        if known[at].0 == key {
            prefix = known[at].1;
            continue;
        }
        bits.put(prefix, length);
        if next < MOST_CODES {
            known[at] = (key, next);
            // A decoder learns each code one step later.
            if next == 1 << length {
                length += 1;
            }
            next += 1;
        } else {
            bits.put(CLEAR, length);
            known.fill((u32::MAX, 0));
            (next, length) = (END + 1, 9);
        }
        prefix = u16::from(*pixel);
    }
    bits.put(prefix, length);
    // The code just put was known to the decoder one step later, too.
    if next == 1 << length && length < 12 {
        length += 1;
    }
    bits.put(END, length);
    bits.put(0, 7);
    bits.out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A decoder written from the specification alone.
    fn unpack(data: &[u8]) -> Vec<u8> {
        let (mut at, mut length) = (0usize, 9usize);
        let mut known: Vec<Vec<u8>> = Vec::new();
        let mut out = Vec::new();
        let mut last: Option<Vec<u8>> = None;
        let fresh = || (0..258u16).map(|i| vec![i as u8]).collect::<Vec<_>>();
        loop {
            let code = (0..length).fold(0, |c, i| {
                let bit = usize::from(data[(at + i) / 8] >> ((at + i) % 8) & 1);
                c | bit << i
            });
            at += length;
            match code {
                256 => {
                    (known, length, last) = (fresh(), 9, None);
                    continue;
                }
                257 => return out,
                _ => {}
            }
            let said = match (&last, known.get(code)) {
                (_, Some(said)) => said.clone(),
                (Some(last), None) => [&last[..], &last[..1]].concat(),
                (None, None) => panic!("code {code} is not known"),
            };
            if let Some(last) = last
                && known.len() < 4096
            {
                known.push([&last[..], &said[..1]].concat());
                if known.len() == 1 << length && length < 12 {
                    length += 1;
                }
            }
            out.extend(&said);
            last = Some(said);
        }
    }

    #[test]
    fn what_is_packed_unpacks() {
        let noise = |n: usize, m: u32| -> Vec<u8> {
            let mut x = 7u32;
            let mut next = || {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (x >> 16 & 255) % m
            };
            (0..n).map(|_| next() as u8).collect()
        };
        for (n, m) in [
            (0, 2),
            (1, 2),
            (2, 2),
            (500, 1),
            (5_000, 3),
            (70_000, 256),
            (90_000, 7),
            (255, 200),
            (256, 256),
            (257, 256),
            (3_840, 250),
        ] {
            let pixels = noise(n, m);
            assert_eq!(unpack(&pack(&pixels)), pixels, "{n} of {m}");
        }
        for n in 200..2_400 {
            let pixels = noise(n, 256);
            assert_eq!(unpack(&pack(&pixels)), pixels, "{n}");
        }
    }

    #[test]
    fn a_frame_holds_what_has_changed() {
        let mut gif = Gif::new(20, 10, "");
        let mut frame = vec![200u8; 800];
        gif.frame(&frame, 5);
        let first = gif.size();
        gif.frame(&frame, 5);
        let still = gif.size() - first;
        frame[4 * 27] = 0;
        gif.frame(&frame, 5);
        let file = gif.finish();
        assert!(still < 800, "{still} bytes for nothing");
        assert!(file.starts_with(b"GIF89a\x14\0\x0a\0") && file.ends_with(&[0, 0x3b]));
        // The third frame is the one pixel at (7, 1).
        let mark = [SAME, 0, 0x2c, 7, 0, 1, 0, 1, 0, 1, 0, 0x87];
        assert!(file.windows(mark.len()).any(|w| w == mark));
    }
}
