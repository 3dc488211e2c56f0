//! EDN and JSON with the place of every value.

use super::{InputFault, number};
use crate::check::history::OpValue;

/// How deep values may be nested.
const MAX_DEPTH: u32 = 64;

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The value.
    pub form: Form,
}

/// What is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `nil`, `null`.
    Nil,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Text in quotes.
    Text(String),
    /// `:name` (without the colon), a symbol, or a number that does not fit or is not whole.
    Word(String),
    /// A list, vector or set.
    List(Vec<Located>),
    /// A map, in the order written.
    Map(Vec<(Located, Located)>),
}

impl Located {
    /// A fault at this value.
    pub fn fault(&self, what: impl Into<String>) -> InputFault {
        InputFault::at(self.line, self.column, what)
    }

    /// The value under a key, which may be text or a word.
    pub fn get(&self, key: &str) -> Option<&Located> {
        let Form::Map(pairs) = &self.form else { return None };
        pairs.iter().find(|(k, _)| k.name() == Some(key)).map(|(_, v)| v)
    }

    /// The text of a text or word.
    pub fn name(&self) -> Option<&str> {
        match &self.form {
            Form::Text(s) | Form::Word(s) => Some(s),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn list(&self) -> Option<&[Located]> {
        match &self.form {
            Form::List(all) => Some(all),
            _ => None,
        }
    }

    /// The same without places.
    pub fn value(&self) -> OpValue {
        match &self.form {
            Form::Nil => OpValue::Nil,
            Form::Bool(b) => OpValue::Bool(*b),
            Form::Int(n) => OpValue::Int(*n),
            Form::Text(s) | Form::Word(s) => OpValue::Str(s.clone()),
            Form::List(all) => OpValue::List(all.iter().map(Located::value).collect()),
            Form::Map(pairs) => {
                let mut all: Vec<_> = pairs.iter().map(|(k, v)| (k.value(), v.value())).collect();
                all.sort();
                OpValue::Map(all)
            }
        }
    }
}

/// Every value of an EDN text.
pub fn edn(text: &str) -> Result<Vec<Located>, InputFault> {
    let mut r = NotationReader::new(text, false, 1, 1);
    let mut all = Vec::new();
    while r.skip(0)? {
        all.push(r.node(0)?);
    }
    Ok(all)
}

/// The single EDN value of a part of a line that starts at `line`, `column`.
pub fn edn_part(text: &str, line: u32, column: u32) -> Result<Located, InputFault> {
    let mut r = NotationReader::new(text, false, line, column);
    one(&mut r)
}

/// The single value of a JSON text.
pub fn json(text: &str) -> Result<Located, InputFault> {
    let mut r = NotationReader::new(text, true, 1, 1);
    one(&mut r)
}

fn one(r: &mut NotationReader) -> Result<Located, InputFault> {
    if !r.skip(0)? {
        return Err(r.fault("nothing is here; a value was expected"));
    }
    let node = r.node(0)?;
    if r.skip(0)? {
        return Err(r.fault("the text should end here, after its only value"));
    }
    Ok(node)
}

struct NotationReader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    json: bool,
    line: u32,
    column: u32,
}

impl<'a> NotationReader<'a> {
    fn new(text: &'a str, json: bool, line: u32, column: u32) -> Self {
        NotationReader { rest: text.chars().peekable(), json, line, column }
    }

    fn fault(&self, what: impl Into<String>) -> InputFault {
        InputFault::at(self.line, self.column, what)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    /// The character after the next one.
    fn second(&self) -> Option<char> {
        self.rest.clone().nth(1)
    }

    /// Goes to the next value or bracket; false at the end. What is discarded is passed over.
    fn skip(&mut self, depth: u32) -> Result<bool, InputFault> {
        self.check(depth)?;
        loop {
            match self.peek() {
                None => return Ok(false),
                Some(c) if c.is_whitespace() || (c == ',' && !self.json) => {
                    self.bump();
                }
                Some('\u{feff}') => {
                    self.bump();
                }
                Some(';') if !self.json => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.bump();
                    }
                }
                Some('#') if !self.json && self.second() == Some('_') => {
                    self.bump();
                    self.bump();
                    self.need(depth + 1)?;
                    self.node(depth + 1)?;
                }
                Some(_) => return Ok(true),
            }
        }
    }

    /// Goes to the next value, which has to be there.
    fn need(&mut self, depth: u32) -> Result<(), InputFault> {
        match self.skip(depth)? {
            true => Ok(()),
            false => Err(self.fault("the text ends; a value was expected")),
        }
    }

    fn check(&self, depth: u32) -> Result<(), InputFault> {
        if depth > MAX_DEPTH {
            return Err(self.fault(format!("values are nested deeper than {MAX_DEPTH}")));
        }
        Ok(())
    }

    fn node(&mut self, depth: u32) -> Result<Located, InputFault> {
        self.check(depth)?;
        let (line, column) = (self.line, self.column);
        let form = match self.peek() {
            Some('[') => self.list(']', depth)?,
            Some('(') if !self.json => self.list(')', depth)?,
            Some('{') => self.map(depth, None)?,
            Some('"') => Form::Text(self.quoted()?),
            Some('#') if !self.json => return self.dispatch(depth),
            Some('\\') if !self.json => self.character()?,
            Some(c @ (']' | ')' | '}' | ',' | ':')) if self.json || c != ':' => {
                return Err(self.fault(format!("'{c}' is here; a value was expected")));
            }
            Some(_) => self.word()?,
            None => return Err(self.fault("the text ends; a value was expected")),
        };
        Ok(Located { line, column, form })
    }

    /// `#{set}`, `##Inf`, `#:name{:key value}`, `#tag value`.
    fn dispatch(&mut self, depth: u32) -> Result<Located, InputFault> {
        let (line, column) = (self.line, self.column);
        self.bump();
        let form = match self.peek() {
            Some('{') => self.list('}', depth)?,
            Some('#') => {
                self.bump();
                match self.token().as_str() {
                    word @ ("Inf" | "-Inf" | "NaN") => Form::Word(format!("##{word}")),
                    other => {
                        let what = format!("'##{other}' is here; ##Inf, ##-Inf or ##NaN is meant");
                        return Err(InputFault::at(line, column, what));
                    }
                }
            }
            Some(':') => {
                let name = self.token();
                self.need(depth)?;
                if self.peek() != Some('{') {
                    return Err(self.fault(format!("a map was expected after '#{name}'")));
                }
                let space = name.trim_start_matches(':').to_string();
                self.map(depth, Some(&space))?
            }
            Some(c) if c.is_alphabetic() => {
                self.token();
                self.need(depth + 1)?;
                return self.node(depth + 1);
            }
            _ => return Err(InputFault::at(line, column, "'#' is here; a value was expected")),
        };
        Ok(Located { line, column, form })
    }

    /// `\a`, `\{`, `\newline`, `\u00e9`.
    fn character(&mut self) -> Result<Form, InputFault> {
        let (line, column) = (self.line, self.column);
        self.bump();
        let mut name = String::new();
        // Whatever comes first belongs to it, even a bracket.
        name.extend(self.bump());
        name.push_str(&self.token());
        let mut chars = name.chars();
        let c = match (chars.next(), chars.as_str()) {
            (Some(c), "") if !c.is_whitespace() => Some(c),
            (Some('u'), hex) if hex.len() == 4 => {
                u32::from_str_radix(hex, 16).ok().and_then(char::from_u32)
            }
            (Some('o'), digits) if digits.len() <= 3 => {
                u32::from_str_radix(digits, 8).ok().and_then(char::from_u32)
            }
            _ => match name.as_str() {
                "newline" => Some('\n'),
                "return" => Some('\r'),
                "space" => Some(' '),
                "tab" => Some('\t'),
                "formfeed" => Some('\u{c}'),
                "backspace" => Some('\u{8}'),
                _ => None,
            },
        };
        let what = || format!("'\\{}' is no character", name.trim());
        c.map(|c| Form::Text(c.to_string())).ok_or_else(|| InputFault::at(line, column, what()))
    }

    fn list(&mut self, close: char, depth: u32) -> Result<Form, InputFault> {
        let (line, column) = (self.line, self.column);
        let open = self.bump().unwrap_or('[');
        let mut all = Vec::new();
        loop {
            if !self.skip(depth + 1)? {
                let what = format!("'{open}' is never closed; '{close}' was expected");
                return Err(InputFault::at(line, column, what));
            }
            if self.peek() == Some(close) {
                self.bump();
                return Ok(Form::List(all));
            }
            if self.json && !all.is_empty() {
                self.expect(',', "between elements")?;
                self.skip(depth + 1)?;
            }
            all.push(self.node(depth + 1)?);
        }
    }

    /// A map; with a name space for its keys that have none.
    fn map(&mut self, depth: u32, space: Option<&str>) -> Result<Form, InputFault> {
        let (line, column) = (self.line, self.column);
        self.bump();
        let mut all = Vec::new();
        loop {
            if !self.skip(depth + 1)? {
                return Err(InputFault::at(line, column, "'{' is never closed; '}' was expected"));
            }
            if self.peek() == Some('}') {
                self.bump();
                return Ok(Form::Map(all));
            }
            if self.json && !all.is_empty() {
                self.expect(',', "between entries")?;
                self.skip(depth + 1)?;
            }
            let mut key = self.node(depth + 1)?;
            if let (Some(space), Form::Word(name)) = (space, &mut key.form) {
                match name.strip_prefix("_/") {
                    Some(bare) => *name = bare.to_string(),
                    None if !name.contains('/') => *name = format!("{space}/{name}"),
                    None => {}
                }
            }
            self.skip(depth + 1)?;
            if self.json {
                self.expect(':', "after a key")?;
                self.skip(depth + 1)?;
            } else if self.peek() == Some('}') {
                return Err(self.fault("a key has no value; maps hold pairs"));
            }
            all.push((key, self.node(depth + 1)?));
        }
    }

    fn expect(&mut self, want: char, place: &str) -> Result<(), InputFault> {
        match self.peek() {
            Some(c) if c == want => {
                self.bump();
                Ok(())
            }
            Some(c) => Err(self.fault(format!("'{c}' is here; '{want}' was expected {place}"))),
            None => Err(self.fault(format!("the text ends; '{want}' was expected {place}"))),
        }
    }

    fn quoted(&mut self) -> Result<String, InputFault> {
        let (line, column) = (self.line, self.column);
        self.bump();
        let mut out = String::new();
        loop {
            match self.bump() {
                None => {
                    return Err(InputFault::at(line, column, "this text's quote is never closed"));
                }
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escape()?),
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, InputFault> {
        let c = match self.bump() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('u') => {
                let high = self.hex()?;
                if !(0xd800..0xdc00).contains(&high) {
                    return Ok(char::from_u32(high).unwrap_or('\u{fffd}'));
                }
                if self.peek() != Some('\\') {
                    return Ok('\u{fffd}');
                }
                self.bump();
                self.expect('u', "in a pair of escapes")?;
                let low = self.hex()?;
                let both = 0x10000 + ((high - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                char::from_u32(both).unwrap_or('\u{fffd}')
            }
            Some(c @ ('"' | '\\' | '/')) => c,
            _ => return Err(self.fault("'\\' is followed by something that is no escape")),
        };
        Ok(c)
    }

    fn hex(&mut self) -> Result<u32, InputFault> {
        let mut n = 0;
        for _ in 0..4 {
            let d = self.peek().and_then(|c| c.to_digit(16));
            let Some(d) = d else {
                return Err(self.fault("four hexadecimal digits were expected after '\\u'"));
            };
            self.bump();
            n = n * 16 + d;
        }
        Ok(n)
    }

    /// What stands up to the next space or bracket.
    fn token(&mut self) -> String {
        let mut s = String::new();
        while let Some(c) = self.peek() {
            let stop = c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '"');
            if stop || matches!(c, ',' | ';') || (self.json && c == ':') {
                break;
            }
            s.push(c);
            self.bump();
        }
        s
    }

    fn word(&mut self) -> Result<Form, InputFault> {
        let (line, column) = (self.line, self.column);
        let s = self.token();
        let digits = s.strip_prefix(['-', '+']).unwrap_or(&s);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            let read = if self.json { number::json(&s) } else { number::edn(&s) };
            let what = || InputFault::at(line, column, format!("'{s}' is no number"));
            return read.ok_or_else(what);
        }
        Ok(match s.as_str() {
            "nil" | "null" => Form::Nil,
            "true" => Form::Bool(true),
            "false" => Form::Bool(false),
            "" => return Err(InputFault::at(line, column, "a value was expected here")),
            _ if self.json => {
                return Err(InputFault::at(
                    line,
                    column,
                    format!("'{s}' is here; a value was expected"),
                ));
            }
            _ => Form::Word(s.strip_prefix(':').unwrap_or(&s).to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        let all = edn(text).unwrap_or_else(|f| panic!("{text}: {f}"));
        all.iter().map(|n| n.value().to_string()).collect()
    }

    fn fault(text: &str) -> String {
        edn(text).expect_err(text).to_string()
    }

    #[test]
    fn what_is_discarded_may_stand_anywhere() {
        assert_eq!(values("[1 #_2] #_3"), ["[1]"]);
        assert_eq!(values("[#_ #_ 1 2 3]"), ["[3]"], "two discards leave two out");
        assert_eq!(values("{:a 1 #_:b #_{:c 2}}"), ["{\"a\" 1}"]);
        assert_eq!(values("{:a #_1 2}"), ["{\"a\" 2}"]);
        assert_eq!(values("#_ [x] ; all of it\n"), Vec::<String>::new());
        assert_eq!(values("#tag #_1 2"), ["2"]);
        assert!(fault("[1 #_]").contains("']' is here; a value was expected"));
        assert!(fault("1 #_").contains("the text ends"));
        assert!(fault(&"#_".repeat(90)).contains("nested deeper"));
    }

    #[test]
    fn characters_are_read() {
        assert_eq!(
            values("[\\a \\{ \\} \\[ \\\" \\; \\,]"),
            ["[\"a\" \"{\" \"}\" \"[\" \"\\\"\" \";\" \",\"]"]
        );
        assert_eq!(values("[\\newline \\space \\tab]"), ["[\"\\n\" \" \" \"\\t\"]"]);
        assert_eq!(values("\\u00e9 \\o101 \\u"), ["\"\u{e9}\"", "\"A\"", "\"u\""]);
        assert_eq!(fault("[\\nonsense]"), "line 1, column 2: '\\nonsense' is no character");
        assert!(fault("\\").contains("is no character"));
    }

    #[test]
    fn tags_symbols_and_name_spaces() {
        assert_eq!(values("[##Inf ##-Inf ##NaN]"), ["[\"##Inf\" \"##-Inf\" \"##NaN\"]"]);
        assert!(fault("##Other").contains("'##Other' is here"));
        assert_eq!(
            values("#inst \"2031-03-04\" #jepsen.history.Op{:f :read}"),
            ["\"2031-03-04\"", "{\"f\" \"read\"}"]
        );
        assert_eq!(values("#:a{:b 1 :_/c 2 :d/e 3}"), ["{\"a/b\" 1, \"c\" 2, \"d/e\" 3}"]);
        assert_eq!(
            values("[- + -a +b foo/bar #{1} (2)]"),
            ["[\"-\" \"+\" \"-a\" \"+b\" \"foo/bar\" [1] [2]]"]
        );
    }

    #[test]
    fn one_number_is_read_the_same_however_it_is_written() {
        let same = |all: &[&str], json_too: bool| {
            let read = |s: &&str| edn_part(s, 1, 1).expect("a number").value();
            let values: Vec<OpValue> = all.iter().map(read).collect();
            assert!(values.windows(2).all(|w| w[0] == w[1]), "{all:?}: {values:?}");
            if json_too {
                let read = |s: &&str| json(s).expect("a number").value();
                let values: Vec<OpValue> = all.iter().map(read).collect();
                assert!(values.windows(2).all(|w| w[0] == w[1]), "{all:?}: {values:?}");
            }
        };
        same(&["1", "1N", "+1", "0x1", "2/2"], false);
        same(&["0", "-0", "0N"], false);
        same(&["1.50", "1.5", "15e-1", "0.15e1"], true);
        same(&["123456789012345678901234567890", "123456789012345678901234567890N"], false);
        same(&["1.0M", "1.00M", "1M"], false);
        same(&["1/2", "2/4"], false);
        let read = |s: &str| json(s).expect("a number").value();
        for text in ["1", "1.0", "1e0", "10e-1", "0.1E+1"] {
            assert_eq!(read(text), OpValue::Int(1), "{text}");
        }
        assert_eq!(read("-0.0"), OpValue::Int(0));
        assert_eq!(read("9223372036854775807"), OpValue::Int(i64::MAX));
        assert_ne!(read("9223372036854775808"), read("9223372036854775809"));
        assert_ne!(read("1.5"), read("15"));
        assert_ne!(read("1e99999999999"), read("1e99999999998"));
        for text in ["01", "1.", ".5", "+1", "1e", "--1", "1N", "0x1"] {
            assert!(json(text).is_err(), "{text}");
        }
        for text in ["1a", "1.2.3", "1/0", "1e"] {
            assert!(edn(text).is_err(), "{text}");
        }
    }
}
