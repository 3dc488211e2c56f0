//! Numbers as JSON and EDN write them. One number is one value, however it is spelled; none goes
//! through floating point.

use super::notation::Form;

/// A number of JSON, where 1 and 1.0 are the same; none if it is no number there.
pub fn json(text: &str) -> Option<Form> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = digits.split(['.', 'e', 'E']).next().unwrap_or("");
    if text.starts_with('+') || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    Some(Decimal::parse(text)?.form())
}

/// A number of EDN. A number with a point or an exponent is never a whole one there, and one that
/// ends in `M` is exact: three kinds of numbers, none of which is another.
pub fn edn(text: &str) -> Option<Form> {
    if let Some((up, down)) = text.split_once('/') {
        return ratio(up, down);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let hex = hex.strip_suffix('N').unwrap_or(hex);
        let n = i128::from_str_radix(hex, 16).ok()?;
        return Some(whole(if negative { -n } else { n }));
    }
    if let Some(exact) = text.strip_suffix('M') {
        return Some(Form::Word(format!("{}M", Decimal::parse(exact)?.text())));
    }
    if let Some(big) = text.strip_suffix('N') {
        let decimal = Decimal::parse(big)?;
        return big.bytes().all(|b| !matches!(b, b'.' | b'e' | b'E')).then(|| decimal.form());
    }
    let decimal = Decimal::parse(text)?;
    if text.bytes().all(|b| !matches!(b, b'.' | b'e' | b'E')) {
        return Some(decimal.form());
    }
    let mut out = decimal.text();
    if out.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        out.push_str(".0");
    }
    Some(Form::Word(out))
}

fn ratio(up: &str, down: &str) -> Option<Form> {
    let (mut a, mut b) = (up.parse::<i128>().ok()?, down.parse::<i128>().ok()?);
    if b <= 0 || down.starts_with('+') {
        return None;
    }
    let (up, down) = (a, b);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b)?);
    }
    let common = a.checked_abs()?;
    let (up, down) = (up / common, down / common);
    Some(if down == 1 { whole(up) } else { Form::Word(format!("{up}/{down}")) })
}

fn whole(n: i128) -> Form {
    i64::try_from(n).map_or_else(|_| Form::Word(n.to_string()), Form::Int)
}

/// Digits without zeros at either end, and the power of ten of the last one.
struct Decimal {
    negative: bool,
    digits: String,
    power: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Decimal> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (number, power) = match rest.split_once(['e', 'E']) {
            Some((number, power)) => (number, power.parse::<i64>().ok()?),
            None => (rest, 0),
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) {
            return None;
        }
        let all = format!("{whole}{part}");
        let kept = all.trim_end_matches('0');
        let power =
            power.checked_sub(part.len() as i64)?.checked_add((all.len() - kept.len()) as i64)?;
        let digits = kept.trim_start_matches('0').to_string();
        let zero = digits.is_empty();
        Some(Decimal { negative: negative && !zero, power: if zero { 0 } else { power }, digits })
    }

    /// A whole number where it is one that fits.
    fn form(&self) -> Form {
        let text = self.text();
        text.parse().map_or(Form::Word(text), Form::Int)
    }

    /// One text for each number: in full where that is short.
    fn text(&self) -> String {
        const SHORT: i64 = 40;
        let Decimal { negative, digits, power } = self;
        let sign = if *negative { "-" } else { "" };
        if digits.is_empty() {
            return "0".into();
        }
        if (0..SHORT).contains(power) {
            return format!("{sign}{digits}{}", "0".repeat(*power as usize));
        }
        if *power < 0 && *power > -SHORT {
            let below = power.unsigned_abs() as usize;
            let all = format!("{}{digits}", "0".repeat((below + 1).saturating_sub(digits.len())));
            let (whole, part) = all.split_at(all.len() - below);
            return format!("{sign}{whole}.{part}");
        }
        format!("{sign}{digits}e{power}")
    }
}
