//! Tokens → calls: the grammar that all commands and tests share (RFC 5228 §8.2). Knows the name of none.

use super::fault::{Fault, Position};
use super::lex::{Lexer, Token};
use super::limits::NESTING_MAX;

/// A command or a test as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// Its name in lower case.
    pub name: String,
    /// Where it begins.
    pub at: Position,
    /// Its arguments before the tests.
    pub arguments: Vec<Argument>,
    /// The tests it is about.
    pub tests: Vec<Call>,
    /// What stands in braces, of a command only.
    pub block: Option<Vec<Call>>,
}

/// An argument and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argument {
    /// What it says.
    pub value: Value,
    /// Where it begins.
    pub at: Position,
}

/// What an argument says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A number.
    Number(u64),
    /// A tag in lower case, without its colon.
    Tag(String),
    /// A string.
    Text(String),
    /// A list of strings in brackets.
    List(Vec<String>),
}

/// Reads a script.
///
/// # Errors
/// The first thing that is no Sieve.
pub(super) fn parse(script: &str) -> Result<Vec<Call>, Fault> {
    let mut lexer = Lexer::new(script);
    let (token, at) = lexer.next()?;
    let mut parser = Parser { lexer, token, at, depth: 0 };
    let calls = parser.commands()?;
    match &parser.token {
        Token::End => Ok(calls),
        other => Err(parser.unexpected(other, "a command")),
    }
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    /// The token that comes next, and where it begins.
    token: Token,
    at: Position,
    depth: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<Token, Fault> {
        let (next, at) = self.lexer.next()?;
        self.at = at;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, mark: char) -> bool {
        self.token == Token::Mark(mark)
    }

    fn expect(&mut self, mark: char) -> Result<(), Fault> {
        if !self.is(mark) {
            return Err(self.unexpected(&self.token, &format!("\"{mark}\"")));
        }
        self.advance().map(drop)
    }

    fn unexpected(&self, token: &Token, expected: &str) -> Fault {
        let found = match token {
            Token::Word(word) => format!("\"{word}\""),
            Token::Tag(tag) => format!("\":{tag}\""),
            Token::Number(_) => "a number".into(),
            Token::Text(_) => "a string".into(),
            Token::Mark(mark) => format!("\"{mark}\""),
            Token::End => "the end of the script".into(),
        };
        Fault::new(self.at, format!("here should stand {expected}, not {found}"))
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(Fault::new(self.at, format!("more than {NESTING_MAX} blocks or tests inside each other")));
        }
        Ok(())
    }

    fn commands(&mut self) -> Result<Vec<Call>, Fault> {
        let mut calls = Vec::new();
        while matches!(self.token, Token::Word(_)) {
            let mut call = self.call("a command")?;
            if self.is('{') {
                self.deeper()?;
                self.advance()?;
                call.block = Some(self.commands()?);
                self.expect('}')?;
                self.depth -= 1;
            } else {
                self.expect(';')?;
            }
            calls.push(call);
        }
        Ok(calls)
    }

    /// A name, its arguments and its tests.
    fn call(&mut self, kind: &str) -> Result<Call, Fault> {
        let at = self.at;
        let Token::Word(_) = self.token else { return Err(self.unexpected(&self.token, kind)) };
        let Token::Word(name) = self.advance()? else { unreachable!("it was a word") };
        let mut arguments = Vec::new();
        while let Some(argument) = self.argument()? {
            arguments.push(argument);
        }
        self.deeper()?;
        let tests = self.tests()?;
        self.depth -= 1;
        Ok(Call { name, at, arguments, tests, block: None })
    }

    fn argument(&mut self) -> Result<Option<Argument>, Fault> {
        let at = self.at;
        let value = match &mut self.token {
            Token::Number(number) => Value::Number(*number),
            Token::Tag(tag) => Value::Tag(std::mem::take(tag)),
            Token::Text(text) => Value::Text(std::mem::take(text)),
            Token::Mark('[') => return Ok(Some(Argument { value: Value::List(self.list()?), at })),
            _ => return Ok(None),
        };
        self.advance()?;
        Ok(Some(Argument { value, at }))
    }

    fn list(&mut self) -> Result<Vec<String>, Fault> {
        self.advance()?;
        let mut texts = Vec::new();
        loop {
            let Token::Text(text) = &mut self.token else { return Err(self.unexpected(&self.token, "a string")) };
            texts.push(std::mem::take(text));
            self.advance()?;
            if self.is(']') {
                self.advance()?;
                return Ok(texts);
            }
            self.expect(',')?;
        }
    }

    fn tests(&mut self) -> Result<Vec<Call>, Fault> {
        if matches!(self.token, Token::Word(_)) {
            return Ok(vec![self.call("a test")?]);
        }
        if !self.is('(') {
            return Ok(Vec::new());
        }
        self.advance()?;
        let mut tests = vec![self.call("a test")?];
        while self.is(',') {
            self.advance()?;
            tests.push(self.call("a test")?);
        }
        self.expect(')')?;
        Ok(tests)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A script that reads as these calls.
    pub fn print(calls: &[Call]) -> String {
        let mut script = String::new();
        for call in calls {
            print_call(call, &mut script);
            match &call.block {
                Some(block) => script += &format!(" {{\r\n{}}}\r\n", print(block)),
                None => script += ";\r\n",
            }
        }
        script
    }

    fn print_call(call: &Call, script: &mut String) {
        script.push_str(&call.name);
        for argument in &call.arguments {
            script.push(' ');
            match &argument.value {
                Value::Number(number) => script.push_str(&number.to_string()),
                Value::Tag(tag) => script.extend([":", tag]),
                Value::Text(text) => script.push_str(&quoted(text)),
                Value::List(texts) => {
                    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                    script.push_str(&format!("[{}]", texts.join(", ")));
                }
            }
        }
        for (index, test) in call.tests.iter().enumerate() {
            script.push_str(if index == 0 { " (" } else { ", " });
            print_call(test, script);
        }
        script.push_str(if call.tests.is_empty() { "" } else { ")" });
    }

    fn quoted(text: &str) -> String {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }

    fn without_positions(calls: &mut [Call]) {
        for call in calls {
            call.at = Position::default();
            call.arguments.iter_mut().for_each(|argument| argument.at = Position::default());
            without_positions(&mut call.tests);
            without_positions(call.block.as_deref_mut().unwrap_or_default());
        }
    }

    fn a_call() -> impl Strategy<Value = Call> {
        let text = "[ -~ü\\r\\n\"\\\\]{0,12}";
        let value = prop_oneof![
            any::<u64>().prop_map(Value::Number),
            "[a-z_][a-z0-9_]{0,8}".prop_map(Value::Tag),
            text.prop_map(Value::Text),
            proptest::collection::vec(text, 1..4).prop_map(Value::List),
        ];
        let argument = value.prop_map(|value| Argument { value, at: Position::default() });
        let name = "[a-z_][a-z0-9_]{0,8}";
        let call = (name, proptest::collection::vec(argument, 0..3)).prop_map(|(name, arguments)| Call {
            name,
            at: Position::default(),
            arguments,
            tests: Vec::new(),
            block: None,
        });
        let tested = call.prop_recursive(3, 8, 3, |inner| {
            (inner.clone(), proptest::collection::vec(inner, 0..3)).prop_map(|(call, tests)| Call { tests, ..call })
        });
        tested.prop_recursive(3, 8, 3, |inner| {
            let block = proptest::option::of(proptest::collection::vec(inner.clone(), 0..3));
            (inner, block).prop_map(|(call, block)| Call { block, ..call })
        })
    }

    /// Blocks belong to commands, so those inside tests are taken away.
    fn tests_without_blocks(calls: &mut [Call], of_commands: bool) {
        for call in calls {
            tests_without_blocks(&mut call.tests, false);
            match &mut call.block {
                Some(block) if of_commands => tests_without_blocks(block, true),
                block => *block = None,
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_the_same(mut calls in proptest::collection::vec(a_call(), 0..4)) {
            tests_without_blocks(&mut calls, true);
            let mut parsed = parse(&print(&calls)).expect("what is printed is a script");
            without_positions(&mut parsed);
            prop_assert_eq!(parsed, calls);
        }
    }

    #[test]
    fn what_is_no_script() {
        let check = |script: &str, expected: &str| {
            assert_eq!(parse(script).map_err(|fault| fault.to_string()), Err(expected.to_owned()), "{script}");
        };
        check("keep", "line 1, column 5: here should stand \";\", not the end of the script");
        check("keep;\n\"x\";", "line 2, column 1: here should stand a command, not a string");
        check("if true { keep; ", "line 1, column 17: here should stand \"}\", not the end of the script");
        check("if anyof (true, ) {}", "line 1, column 17: here should stand a test, not \")\"");
        check("fileinto [];", "line 1, column 11: here should stand a string, not \"]\"");
        check("fileinto [\"a\" \"b\"];", "line 1, column 15: here should stand \",\", not a string");
        let deep = format!("if {} true {{}}", "not ".repeat(NESTING_MAX));
        check(&deep, "line 1, column 133: more than 32 blocks or tests inside each other");
    }
}
