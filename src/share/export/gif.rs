//! Moving pictures (GIF89a): each frame holds only what has changed, in at most 255 colours of its
//! own. The same frames give the same bytes everywhere.

use gif::{AnyExtension, DisposalMethod, Encoder, EncodingError, Extension, Frame, Repeat};
use std::borrow::Cow;

/// A picture in the making.
pub struct Gif {
    encoder: Encoder<Vec<u8>>,
    width: u16,
    height: u16,
    /// The colours shown so far, 15 bits a pixel; above that, nothing yet.
    shown: Vec<u16>,
}

/// Stands for a pixel that stays as it is.
const SAME: u8 = 255;
const NOTHING: u16 = 0xffff;
/// The longest part of a comment.
const BLOCK: usize = 255;
const IN_MEMORY: &str = "a vector takes all that is written";

impl Gif {
    /// An endless picture of a size in pixels, with a comment.
    pub fn new(width: u16, height: u16, comment: &str) -> Gif {
        let begun = || -> Result<Encoder<Vec<u8>>, EncodingError> {
            let mut encoder = Encoder::new(Vec::new(), width, height, &[])?;
            encoder.set_repeat(Repeat::Infinite)?;
            let parts: Vec<&[u8]> = comment.as_bytes().chunks(BLOCK).collect();
            encoder.write_raw_extension(AnyExtension::from(Extension::Comment), &parts)?;
            Ok(encoder)
        };
        let shown = vec![NOTHING; usize::from(width) * usize::from(height)];
        Gif { encoder: begun().expect(IN_MEMORY), width, height, shown }
    }

    /// Bytes so far.
    pub fn size(&self) -> usize {
        self.encoder.get_ref().len()
    }

    /// Adds a frame of red, green, blue and alpha bytes (alpha is not looked at), shown for so many
    /// hundredths of a second. A frame of another size is left out.
    pub fn frame(&mut self, rgba: &[u8], hundredths: u16) {
        if rgba.len() != self.shown.len() * 4 {
            return;
        }
        let now: Vec<u16> = rgba.chunks_exact(4).map(short).collect();
        let (left, top, width, height) = self.changed(&now);
        let (palette, index) = palette(rgba, &now);
        let row = usize::from(self.width);
        let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height));
        for y in usize::from(top)..usize::from(top) + usize::from(height) {
            let first = y * row + usize::from(left);
            for at in first..first + usize::from(width) {
                let same = now[at] == self.shown[at];
                pixels.push(if same { SAME } else { index[usize::from(now[at])] });
            }
        }
        let frame = Frame {
            delay: hundredths,
            dispose: DisposalMethod::Keep,
            transparent: Some(SAME),
            needs_user_input: false,
            top,
            left,
            width,
            height,
            interlaced: false,
            palette: Some(palette),
            buffer: Cow::Owned(pixels),
        };
        self.encoder.write_frame(&frame).expect(IN_MEMORY);
        self.shown = now;
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        self.encoder.into_inner().expect(IN_MEMORY)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_holds_what_has_changed() {
        let mut gif = Gif::new(20, 10, &"link".repeat(100));
        let mut frame = vec![200u8; 800];
        gif.frame(&frame, 5);
        let first = gif.size();
        gif.frame(&frame, 5);
        let still = gif.size() - first;
        frame[4 * 27] = 0;
        gif.frame(&frame, 5);
        let file = gif.finish();
        assert!(still < 800, "{still} bytes for nothing");
        let mut read = gif::Decoder::new(&file[..]).expect("a film");
        let mut frames = Vec::new();
        while let Some(frame) = read.read_next_frame().expect("whole frames") {
            frames.push((frame.left, frame.top, frame.width, frame.height, frame.delay));
        }
        assert_eq!(frames, [(0, 0, 20, 10, 5), (0, 0, 1, 1, 5), (7, 1, 1, 1, 5)]);
    }
}
