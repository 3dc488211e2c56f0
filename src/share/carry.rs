//! Links inside of pictures and files: what is exported opens the run again when it is dropped on
//! the page.

/// Largest file that is looked through, in bytes.
pub const MAX_FILE: usize = 64 << 20;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Where a PNG's first chunk, the header, ends.
const PNG_HEADER: usize = 33;

/// An SVG text with a link in its metadata.
pub fn svg(text: &str, link: &str) -> String {
    let link = crate::scene::svg_text::escape(link);
    match text.find('>') {
        Some(end) => format!("{}\n<metadata>{link}</metadata>{}", &text[..=end], &text[end + 1..]),
        None => text.into(),
    }
}

/// A PNG with a link as a text chunk after its header.
pub fn png(bytes: &[u8], link: &str) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(PNG) || bytes.len() < PNG_HEADER {
        return Err("this is not a PNG picture".into());
    }
    let mut chunk = b"tEXtSource\0".to_vec();
    chunk.extend(link.bytes());
    let mut out = bytes[..PNG_HEADER].to_vec();
    out.extend((chunk.len() as u32 - 4).to_be_bytes());
    out.extend(&chunk);
    out.extend(crc(&chunk).to_be_bytes());
    out.extend(&bytes[PNG_HEADER..]);
    Ok(out)
}

/// The checksum of PNG chunks (ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 }
        })
    };
    !bytes.iter().fold(!0, step)
}

/// The text of the link in a picture or a file, with its `#s=`.
pub fn find(bytes: &[u8]) -> Option<String> {
    let bytes = &bytes[..bytes.len().min(MAX_FILE)];
    match bytes {
        [b'G', b'I', b'F', b'8', ..] => marked(&comments(bytes)),
        _ => marked(bytes),
    }
}

/// What follows the first `#s=`, as far as it can belong to a link.
fn marked(bytes: &[u8]) -> Option<String> {
    let at = bytes.windows(3).position(|w| w == b"#s=")?;
    let body = &bytes[at + 3..];
    let end = body.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')));
    let body = &body[..end.unwrap_or(body.len())];
    Some(format!("#s={}", String::from_utf8_lossy(body)))
}

/// The comments of a GIF, put together; what is damaged ends them.
fn comments(gif: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let Some(flags) = gif.get(10) else { return out };
    let mut at = 13 + table(*flags);
    loop {
        let comment = match gif.get(at) {
            Some(0x21) => {
                at += 2;
                gif.get(at - 1) == Some(&0xfe)
            }
            Some(0x2c) => {
                let Some(flags) = gif.get(at + 9) else { return out };
                at += 11 + table(*flags);
                false
            }
            _ => return out,
        };
        while let Some(&size) = gif.get(at).filter(|s| **s > 0) {
            let end = at + 1 + usize::from(size);
            let Some(part) = gif.get(at + 1..end) else { return out };
            if comment {
                out.extend(part);
            }
            at = end;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::export::gif::Gif;

    #[test]
    fn every_form_carries_its_link() {
        let link = format!("https://example.org/#s=1{}-_9", "aB".repeat(400));
        let fragment = link.split_once('#').map(|(_, f)| format!("#{f}"));
        let picture = svg("<svg xmlns=\"x\">\n<g/></svg>", &link);
        assert!(picture.starts_with("<svg xmlns=\"x\">\n<metadata>https://"), "{picture}");
        assert_eq!(find(picture.as_bytes()), fragment);
        let mut plain = PNG.to_vec();
        plain.extend([0; PNG_HEADER - 8 + 12]);
        let carried = png(&plain, &link).unwrap();
        assert_eq!(find(&carried), fragment);
        assert_eq!(carried.len(), plain.len() + 12 + 7 + link.len());
        let mut gif = Gif::new(4, 4, &link);
        gif.frame(&[90; 64], 5);
        gif.frame(&[10; 64], 5);
        assert_eq!(find(&gif.finish()), fragment);
        assert_eq!(find(b"nothing"), None);
        assert_eq!(png(b"GIF89a", &link).unwrap_err(), "this is not a PNG picture");
    }

    /// The published check value of this checksum.
    #[test]
    fn the_checksum_is_the_standard_one() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn damage_is_no_link_and_no_panic() {
        let mut gif = Gif::new(4, 4, "#s=1abc");
        gif.frame(&[90; 64], 5);
        let whole = gif.finish();
        for end in 0..whole.len() {
            let _ = find(&whole[..end]);
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            let _ = find(&bytes);
        }
    }
}
