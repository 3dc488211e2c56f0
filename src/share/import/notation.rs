//! EDN and JSON with the place of every value.

use super::Fault;
use crate::check::history::Value;

/// How deep values may be nested.
const MAX_DEPTH: u32 = 64;

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
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
    /// `:name` (without the colon), a symbol, or a number that is not whole.
    Word(String),
    /// A list, vector or set.
    List(Vec<Node>),
    /// A map, in the order written.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// A fault at this value.
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::at(self.line, self.column, what)
    }

    /// The value under a key, which may be text or a word.
    pub fn get(&self, key: &str) -> Option<&Node> {
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
    pub fn list(&self) -> Option<&[Node]> {
        match &self.form {
            Form::List(all) => Some(all),
            _ => None,
        }
    }

    /// The same without places.
    pub fn value(&self) -> Value {
        match &self.form {
            Form::Nil => Value::Nil,
            Form::Bool(b) => Value::Bool(*b),
            Form::Int(n) => Value::Int(*n),
            Form::Text(s) | Form::Word(s) => Value::Str(s.clone()),
            Form::List(all) => Value::List(all.iter().map(Node::value).collect()),
            Form::Map(pairs) => {
                let mut all: Vec<_> = pairs.iter().map(|(k, v)| (k.value(), v.value())).collect();
                all.sort();
                Value::Map(all)
            }
        }
    }
}

/// Every value of an EDN text.
pub fn edn(text: &str) -> Result<Vec<Node>, Fault> {
    let mut r = Reader::new(text, false, 1, 1);
    let mut all = Vec::new();
    while r.skip()? {
        all.push(r.node(0)?);
    }
    Ok(all)
}

/// The single EDN value of a part of a line that starts at `line`, `column`.
pub fn edn_part(text: &str, line: u32, column: u32) -> Result<Node, Fault> {
    let mut r = Reader::new(text, false, line, column);
    one(&mut r)
}

/// The single value of a JSON text.
pub fn json(text: &str) -> Result<Node, Fault> {
    let mut r = Reader::new(text, true, 1, 1);
    one(&mut r)
}

fn one(r: &mut Reader) -> Result<Node, Fault> {
    if !r.skip()? {
        return Err(r.fault("nothing is here; a value was expected"));
    }
    let node = r.node(0)?;
    if r.skip()? {
        return Err(r.fault("the text should end here, after its only value"));
    }
    Ok(node)
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    json: bool,
    line: u32,
    column: u32,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, json: bool, line: u32, column: u32) -> Self {
        Reader { rest: text.chars().peekable(), json, line, column }
    }

    fn fault(&self, what: impl Into<String>) -> Fault {
        Fault::at(self.line, self.column, what)
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

    /// Goes to the next value or bracket; false at the end.
    fn skip(&mut self) -> Result<bool, Fault> {
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
                Some(_) => return Ok(true),
            }
        }
    }

    fn node(&mut self, depth: u32) -> Result<Node, Fault> {
        if depth > MAX_DEPTH {
            return Err(self.fault(format!("values are nested deeper than {MAX_DEPTH}")));
        }
        let (line, column) = (self.line, self.column);
        let form = match self.peek() {
            Some('[') => self.list(']', depth)?,
            Some('(') if !self.json => self.list(')', depth)?,
            Some('{') => self.map(depth)?,
            Some('"') => Form::Text(self.quoted()?),
            Some('#') if !self.json => return self.dispatch(depth),
            Some(c @ (']' | ')' | '}' | ',' | ':')) if self.json || c != ':' => {
                return Err(self.fault(format!("'{c}' is here; a value was expected")));
            }
            Some(_) => self.word()?,
            None => return Err(self.fault("the text ends; a value was expected")),
        };
        Ok(Node { line, column, form })
    }

    /// `#{set}`, `#_ left-out`, `#tag value`.
    fn dispatch(&mut self, depth: u32) -> Result<Node, Fault> {
        let (line, column) = (self.line, self.column);
        self.bump();
        if self.peek() == Some('{') {
            let form = self.list('}', depth)?;
            return Ok(Node { line, column, form });
        }
        let discard = self.peek() == Some('_');
        if discard {
            self.bump();
            self.skip()?;
            self.node(depth + 1)?;
        } else {
            self.word()?;
        }
        if !self.skip()? {
            return Err(self.fault("the text ends; a value was expected"));
        }
        self.node(depth + 1)
    }

    fn list(&mut self, close: char, depth: u32) -> Result<Form, Fault> {
        let (line, column) = (self.line, self.column);
        let open = self.bump().unwrap_or('[');
        let mut all = Vec::new();
        loop {
            if !self.skip()? {
                let what = format!("'{open}' is never closed; '{close}' was expected");
                return Err(Fault::at(line, column, what));
            }
            if self.peek() == Some(close) {
                self.bump();
                return Ok(Form::List(all));
            }
            if self.json && !all.is_empty() {
                self.expect(',', "between elements")?;
                self.skip()?;
            }
            all.push(self.node(depth + 1)?);
        }
    }

    fn map(&mut self, depth: u32) -> Result<Form, Fault> {
        let (line, column) = (self.line, self.column);
        self.bump();
        let mut all = Vec::new();
        loop {
            if !self.skip()? {
                return Err(Fault::at(line, column, "'{' is never closed; '}' was expected"));
            }
            if self.peek() == Some('}') {
                self.bump();
                return Ok(Form::Map(all));
            }
            if self.json && !all.is_empty() {
                self.expect(',', "between entries")?;
                self.skip()?;
            }
            let key = self.node(depth + 1)?;
            self.skip()?;
            if self.json {
                self.expect(':', "after a key")?;
                self.skip()?;
            } else if self.peek() == Some('}') {
                return Err(self.fault("a key has no value; maps hold pairs"));
            }
            all.push((key, self.node(depth + 1)?));
        }
    }

    fn expect(&mut self, want: char, place: &str) -> Result<(), Fault> {
        match self.peek() {
            Some(c) if c == want => {
                self.bump();
                Ok(())
            }
            Some(c) => Err(self.fault(format!("'{c}' is here; '{want}' was expected {place}"))),
            None => Err(self.fault(format!("the text ends; '{want}' was expected {place}"))),
        }
    }

    fn quoted(&mut self) -> Result<String, Fault> {
        let (line, column) = (self.line, self.column);
        self.bump();
        let mut out = String::new();
        loop {
            match self.bump() {
                None => return Err(Fault::at(line, column, "this text's quote is never closed")),
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escape()?),
                Some(c) => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
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

    fn hex(&mut self) -> Result<u32, Fault> {
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

    fn word(&mut self) -> Result<Form, Fault> {
        let (line, column) = (self.line, self.column);
        let mut s = String::new();
        while let Some(c) = self.peek() {
            let stop = c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | '{' | '}' | '"');
            if stop || matches!(c, ',' | ';') || (self.json && c == ':') {
                break;
            }
            s.push(c);
            self.bump();
        }
        if let Ok(n) = s.parse::<i64>() {
            return Ok(Form::Int(n));
        }
        let number = s.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
        Ok(match s.as_str() {
            "nil" | "null" => Form::Nil,
            "true" => Form::Bool(true),
            "false" => Form::Bool(false),
            _ if self.json && !number => {
                return Err(Fault::at(
                    line,
                    column,
                    format!("'{s}' is here; a value was expected"),
                ));
            }
            _ => Form::Word(s.strip_prefix(':').unwrap_or(&s).to_string()),
        })
    }
}
