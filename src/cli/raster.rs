//! Pictures as pixels, drawn without a browser: the same SVG, letters and colours as on the page.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

const FACES: [&[u8]; 4] = [
    include_bytes!("../../www/fonts/plex-sans-400.woff2"),
    include_bytes!("../../www/fonts/plex-sans-600.woff2"),
    include_bytes!("../../www/fonts/plex-mono-400.woff2"),
    include_bytes!("../../www/fonts/plex-mono-600.woff2"),
];
/// What is drawn in no other face.
const FAMILY: &str = "IBM Plex Sans";

/// Signs that the fonts lack, as the nearest that they have; browsers have other fonts to turn to.
const NEAREST: [(char, char); 5] = [('→', '›'), ('⟨', '‹'), ('⟩', '›'), ('✓', '+'), ('✗', '×')];

/// A rasteriser with the page's fonts and no others, so that every machine draws alike.
pub struct Raster {
    options: Options<'static>,
}

impl Raster {
    /// Unpacks the fonts.
    pub fn new() -> Result<Raster, String> {
        let mut options = Options { font_family: FAMILY.into(), ..Options::default() };
        for face in FACES {
            let font =
                wuff::decompress_woff2(face).map_err(|e| format!("a font is damaged: {e:?}"))?;
            options.fontdb_mut().load_font_data(font);
        }
        let fonts = options.fontdb_mut();
        fonts.set_sans_serif_family(FAMILY);
        fonts.set_serif_family(FAMILY);
        fonts.set_monospace_family("IBM Plex Mono");
        Ok(Raster { options })
    }

    /// The pixels of a picture, so many times as large as it says.
    pub fn pixels(&self, svg: &str, scale: u8) -> Result<Pixmap, String> {
        let nearest = |c| NEAREST.iter().find(|(lacks, _)| *lacks == c).map_or(c, |(_, has)| *has);
        let svg: String = svg.chars().map(nearest).collect();
        let tree = Tree::from_str(&svg, &self.options).map_err(|e| format!("not drawn: {e}"))?;
        let size = tree.size().to_int_size().scale_by(scale.into());
        let size = size.ok_or("the picture has no size")?;
        let mut pixels =
            Pixmap::new(size.width(), size.height()).ok_or("the picture is too large")?;
        let larger = Transform::from_scale(scale.into(), scale.into());
        resvg::render(&tree, larger, &mut pixels.as_mut());
        Ok(pixels)
    }

    /// The picture as PNG.
    pub fn png(&self, svg: &str, scale: u8) -> Result<Vec<u8>, String> {
        self.pixels(svg, scale)?.encode_png().map_err(|e| e.to_string())
    }
}
