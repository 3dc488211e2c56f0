//! Whole-number geometry in tenths of a pixel, so that pictures are the same text on every machine.

/// One pixel.
pub const PX: i32 = 10;
/// Pointers are taken to be no further from a picture than this, so that differences of places have
/// room in 32 bits.
pub const FAR: i32 = 1_000_000;
/// A full turn, in tenths of a degree.
pub const TURN: i32 = 3600;
/// The unit of shares and of sines: 1.
pub const ONE: i64 = 65_536;

/// The nearest value within bounds, for lengths and times that come from sizes and windows.
pub trait Bounded: PartialOrd + Sized {
    /// Unlike `clamp` this never panics: where a picture is too small for its margins the bounds
    /// cross, and the lower one wins.
    fn bounded(self, low: Self, high: Self) -> Self {
        if self < low || high < low {
            low
        } else if self > high {
            high
        } else {
            self
        }
    }
}

impl<T: PartialOrd> Bounded for T {}

/// A place or a difference of places, in tenths of a pixel; y grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Down.
    pub y: i32,
}

impl Point {
    /// A point.
    pub const fn new(x: i32, y: i32) -> Self {
        Point { x, y }
    }
    /// Where a pointer is: no further away than [`FAR`].
    pub fn pointer(x: i32, y: i32) -> Self {
        Point::new(x.bounded(-FAR, FAR), y.bounded(-FAR, FAR))
    }
    /// The sum.
    pub fn plus(self, d: Point) -> Point {
        Point::new(self.x + d.x, self.y + d.y)
    }
    /// The difference.
    pub fn minus(self, d: Point) -> Point {
        Point::new(self.x - d.x, self.y - d.y)
    }
    /// Half-way to another.
    pub fn middle(self, to: Point) -> Point {
        self.towards(to, ONE / 2)
    }
    /// A share of the way to another.
    pub fn towards(self, to: Point, share: i64) -> Point {
        Point::new(between(self.x, to.x, share), between(self.y, to.y, share))
    }
    /// Distance from the origin.
    pub fn length(self) -> i32 {
        let (x, y) = (i64::from(self.x), i64::from(self.y));
        ((x * x + y * y) as u64).isqrt() as i32
    }
    /// The same direction at another length.
    pub fn scaled(self, length: i32) -> Point {
        let l = i64::from(self.length().max(1));
        let to = |v: i32| round(i64::from(v) * i64::from(length), l);
        Point::new(to(self.x), to(self.y))
    }
    /// A quarter turn clockwise, as seen on a screen.
    pub fn right(self) -> Point {
        Point::new(-self.y, self.x)
    }
    /// At an angle (tenths of a degree, clockwise from 12 o'clock) and a distance.
    pub fn polar(angle: i32, radius: i32) -> Point {
        Point::new(times(radius, sin(angle)), -times(radius, sin(angle + TURN / 4)))
    }
}

/// A share of the way from `a` to `b`.
pub fn between(a: i32, b: i32, share: i64) -> i32 {
    a + round(i64::from(b - a) * share, ONE)
}

/// `v` times a share.
pub fn times(v: i32, share: i64) -> i32 {
    round(i64::from(v) * share, ONE)
}

/// The quotient rounded to nearest, halves away from zero.
fn round(n: i64, d: i64) -> i32 {
    ((n + if n < 0 { -d / 2 } else { d / 2 }) / d) as i32
}

/// How far `now` is between two times, from 0 to 1.
pub fn share(now: u64, from: u64, to: u64) -> i64 {
    if now >= to {
        return ONE;
    }
    let (done, all) =
        (u128::from(now.saturating_sub(from)), u128::from((to - from.min(to)).max(1)));
    (done * ONE as u128 / all) as i64
}

/// Sine of an angle in tenths of a degree.
pub fn sin(angle: i32) -> i64 {
    let a = angle.rem_euclid(TURN);
    let (a, sign) = if a >= TURN / 2 { (a - TURN / 2, -1) } else { (a, 1) };
    let a = if a > TURN / 4 { TURN / 2 - a } else { a };
    let (i, rest) = ((a / 10) as usize, i64::from(a % 10));
    let low = SINES[i];
    let high = SINES[(i + 1).min(90)];
    sign * (low + (high - low) * rest / 10)
}

/// Sines of whole degrees.
const SINES: [i64; 91] = [
    0, 1144, 2287, 3430, 4572, 5712, 6850, 7987, 9121, 10252, 11380, 12505, 13626, 14742, 15855,
    16962, 18064, 19161, 20252, 21336, 22415, 23486, 24550, 25607, 26656, 27697, 28729, 29753,
    30767, 31772, 32768, 33754, 34729, 35693, 36647, 37590, 38521, 39441, 40348, 41243, 42126,
    42995, 43852, 44695, 45525, 46341, 47143, 47930, 48703, 49461, 50203, 50931, 51643, 52339,
    53020, 53684, 54332, 54963, 55578, 56175, 56756, 57319, 57865, 58393, 58903, 59396, 59870,
    60326, 60764, 61183, 61584, 61966, 62328, 62672, 62997, 63303, 63589, 63856, 64104, 64332,
    64540, 64729, 64898, 65048, 65177, 65287, 65376, 65446, 65496, 65526, 65536,
];

/// Appends tenths of a pixel as a decimal number.
pub fn number(out: &mut String, v: i32) {
    // Of the time that pictures took a fifth went to the general formatter.
    let mut digits = [0u8; 12];
    let mut at = digits.len();
    let mut put = |byte: u8| {
        at -= 1;
        digits[at] = byte;
    };
    let a = v.unsigned_abs();
    if !a.is_multiple_of(10) {
        put(b'0' + (a % 10) as u8);
        put(b'.');
    }
    let mut whole = a / 10;
    loop {
        put(b'0' + (whole % 10) as u8);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if v < 0 {
        put(b'-');
    }
    out.extend(digits[at..].iter().map(|byte| char::from(*byte)));
}

/// The data of a path, as it grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track(pub String);

impl Track {
    /// Nothing yet.
    pub fn new() -> Self {
        Track::default()
    }
    fn put(&mut self, command: char, values: &[i32]) -> &mut Self {
        self.0.push(command);
        for (i, v) in values.iter().enumerate() {
            if i > 0 {
                self.0.push(' ');
            }
            number(&mut self.0, *v);
        }
        self
    }
    /// Goes somewhere.
    pub fn to(&mut self, p: Point) -> &mut Self {
        self.put('M', &[p.x, p.y])
    }
    /// Draws a straight line.
    pub fn line(&mut self, p: Point) -> &mut Self {
        self.put('L', &[p.x, p.y])
    }
    /// Draws a quadratic curve.
    pub fn curve(&mut self, c: Point, p: Point) -> &mut Self {
        self.put('Q', &[c.x, c.y, p.x, p.y])
    }
    /// Draws a clockwise arc.
    pub fn arc(&mut self, r: i32, long: bool, p: Point) -> &mut Self {
        self.put('A', &[r, r, 0, if long { PX } else { 0 }, PX, p.x, p.y])
    }
    /// Draws a counter-clockwise arc.
    pub fn arc_back(&mut self, r: i32, long: bool, p: Point) -> &mut Self {
        self.put('A', &[r, r, 0, if long { PX } else { 0 }, 0, p.x, p.y])
    }
    /// Closes the outline.
    pub fn close(&mut self) -> &mut Self {
        self.0.push('Z');
        self
    }
    /// A closed polygon.
    pub fn polygon(points: &[Point]) -> Track {
        let mut t = Track::new();
        for (i, p) in points.iter().enumerate() {
            if i == 0 {
                t.to(*p)
            } else {
                t.line(*p)
            };
        }
        t.close();
        t
    }
    /// A diagonal cross.
    pub fn cross(at: Point, half: i32) -> Track {
        let mut t = Track::new();
        t.to(Point::new(at.x - half, at.y - half)).line(Point::new(at.x + half, at.y + half));
        t.to(Point::new(at.x - half, at.y + half)).line(Point::new(at.x + half, at.y - half));
        t
    }
    /// The clockwise arc of a circle around the origin from 12 o'clock over a share of it.
    pub fn dial(r: i32, share: i64) -> Track {
        let mut t = Track::new();
        let angle = (share * i64::from(TURN) / ONE).bounded(0, i64::from(TURN) - 1) as i32;
        t.to(Point::new(0, -r)).arc(r, angle > TURN / 2, Point::polar(angle, r));
        t
    }
}

/// Diagonal strokes that fill a rectangle, `step` apart.
pub fn hatch(x: i32, y: i32, w: i32, h: i32, step: i32) -> Track {
    let mut t = Track::new();
    let mut c = step / 2;
    while c < w + h {
        // From the lower left: the line on which (dx + dy) is c.
        let low = Point::new(x + (c - h).max(0), y + c.min(h));
        let high = Point::new(x + c.min(w), y + (c - w).max(0));
        t.to(low).line(high);
        c += step.max(1);
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_three_and_half_past_seven_o_clock() {
        assert_eq!(Point::polar(0, 1000), Point::new(0, -1000));
        assert_eq!(Point::polar(900, 1000), Point::new(1000, 0));
        assert_eq!(Point::polar(2250, 1000), Point::new(-707, 707));
        assert_eq!(Point::new(300, 400).length(), 500);
    }

    #[test]
    fn bounds_may_cross() {
        assert_eq!([-1, 3, 9].map(|v| v.bounded(0, 5)), [0, 3, 5]);
        assert_eq!([-700, 3, 9].map(|v| v.bounded(0, -578)), [0, 0, 0]);
        assert!(f64::NAN.bounded(0.0, 1.0).is_nan());
    }

    #[test]
    fn numbers_are_short_decimals() {
        let mut s = String::new();
        for v in [-5, 0, 12, 120, -1234, i32::MIN, i32::MAX] {
            number(&mut s, v);
            s.push(' ');
        }
        assert_eq!(s, "-0.5 0 1.2 12 -123.4 -214748364.8 214748364.7 ");
    }

    #[test]
    fn shares_stay_within_bounds() {
        assert_eq!(share(5, 10, 20), 0);
        assert_eq!(share(15, 10, 20), ONE / 2);
        assert_eq!(share(25, 10, 20), ONE);
        assert_eq!(share(0, 9, 3), 0);
        assert_eq!(share(u64::MAX - 1, 0, u64::MAX), ONE - 1);
    }

    #[test]
    fn hatching_stays_inside() {
        assert_eq!(hatch(0, 0, 100, 50, 60).0, "M0 3L3 0M4 5L9 0");
    }
}
