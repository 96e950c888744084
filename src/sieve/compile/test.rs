//! Tests, each with what it takes.

use super::super::fault::Fault;
use super::super::parse::Call;
use super::super::tree::{Duplicate, Test, Transform, Unique, Zone};
use super::Compiler;
use super::action::variable;
use super::arguments::{Arguments, Follows, INDEX, MATCHING, PARTS, Tag};

const SIZE: [Tag; 2] = [("over", Follows::Nothing, ""), ("under", Follows::Nothing, "")];
const BODY: [Tag; 3] =
    [("raw", Follows::Nothing, ""), ("content", Follows::Argument, ""), ("text", Follows::Nothing, "")];
const ZONE: [Tag; 2] = [("zone", Follows::Argument, ""), ("originalzone", Follows::Nothing, "")];
const CURRENT_ZONE: [Tag; 1] = [("zone", Follows::Argument, "")];
const DUPLICATE: [Tag; 5] = [
    ("handle", Follows::Argument, ""),
    ("header", Follows::Argument, ""),
    ("uniqueid", Follows::Argument, ""),
    ("seconds", Follows::Argument, ""),
    ("last", Follows::Nothing, ""),
];

/// Compiles one.
pub(super) fn compile(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    if !matches!(call.name.as_str(), "not" | "allof" | "anyof") {
        compiler.no_tests(call)?;
    }
    match call.name.as_str() {
        "true" => simple(compiler, call, Test::True),
        "false" => simple(compiler, call, Test::False),
        "not" => match several(compiler, call)?.pop() {
            Some(test) if call.tests.len() == 1 => Ok(Test::Not(Box::new(test))),
            _ => Err(Fault::new(call.at, "\"not\" needs one test")),
        },
        "allof" => several(compiler, call).map(Test::AllOf),
        "anyof" => several(compiler, call).map(Test::AnyOf),
        "size" => size(compiler, call),
        "exists" => {
            let mut arguments = Arguments::of(compiler, call, &[])?;
            let names = arguments.texts("the names of fields")?;
            arguments.end()?;
            Ok(Test::Exists(names))
        }
        "header" => header(compiler, call),
        "address" => address(compiler, call),
        "envelope" => envelope(compiler, call),
        "body" => body(compiler, call),
        "hasflag" => has_flag(compiler, call),
        "string" => string(compiler, call),
        "date" => date(compiler, call),
        "currentdate" => current_date(compiler, call),
        "mailboxexists" => {
            compiler.needs("mailbox", call.at)?;
            let mut arguments = Arguments::of(compiler, call, &[])?;
            let names = arguments.texts("mailboxes")?;
            arguments.end()?;
            Ok(Test::MailboxExists(names))
        }
        "specialuse_exists" => special_use_exists(compiler, call),
        "duplicate" => duplicate(compiler, call),
        name => Err(Fault::new(call.at, format!("the test \"{name}\" is not known here"))),
    }
}

fn simple(compiler: &Compiler, call: &Call, test: Test) -> Result<Test, Fault> {
    Arguments::of(compiler, call, &[])?.end()?;
    Ok(test)
}

fn several(compiler: &Compiler, call: &Call) -> Result<Vec<Test>, Fault> {
    Arguments::of(compiler, call, &[])?.end()?;
    if call.tests.is_empty() {
        return Err(Fault::new(call.at, format!("\"{}\" needs tests", call.name)));
    }
    call.tests.iter().map(|test| compile(compiler, test)).collect()
}

fn size(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    let mut arguments = Arguments::of(compiler, call, &[&SIZE])?;
    let Some(which) = arguments.one_of(&["over", "under"])? else {
        return Err(Fault::new(call.at, "\"size\" needs \":over\" or \":under\""));
    };
    let limit = arguments.number("a number of bytes")?;
    arguments.end()?;
    Ok(Test::Size { over: which == "over", limit })
}

fn header(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING, &INDEX])?;
    let (index, matching) = (arguments.index()?, arguments.matching()?);
    let (names, keys) = (arguments.texts("the names of fields")?, arguments.texts("what to look for")?);
    arguments.end()?;
    Ok(Test::Header { names, index, matching, keys })
}

fn address(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING, &INDEX, &PARTS])?;
    let (index, matching, part) = (arguments.index()?, arguments.matching()?, arguments.address_part()?);
    let (names, keys) = (arguments.texts("the names of fields")?, arguments.texts("what to look for")?);
    arguments.end()?;
    Ok(Test::Address { names, index, part, matching, keys })
}

fn envelope(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("envelope", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING, &PARTS])?;
    let (matching, part) = (arguments.matching()?, arguments.address_part()?);
    let (fields, keys) = (arguments.texts("\"from\" or \"to\"")?, arguments.texts("what to look for")?);
    arguments.end()?;
    for field in fields.iter().filter_map(|field| field.constant()) {
        if !["from", "to"].iter().any(|known| known.eq_ignore_ascii_case(field)) {
            return Err(Fault::new(call.at, format!("the envelope has \"from\" and \"to\", but no \"{field}\"")));
        }
    }
    Ok(Test::Envelope { fields, part, matching, keys })
}

fn body(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("body", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING, &BODY])?;
    let transform = match arguments.one_of(&["raw", "content", "text"])? {
        Some("raw") => Transform::Raw,
        Some("content") => Transform::Content(arguments.texts_after("content")?.unwrap_or_default()),
        _ => Transform::Text,
    };
    let (matching, keys) = (arguments.matching()?, arguments.texts("what to look for")?);
    arguments.end()?;
    Ok(Test::Body { transform, matching, keys })
}

fn has_flag(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("imap4flags", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING])?;
    let matching = arguments.matching()?;
    let variables = match arguments.left() {
        0 | 1 => None,
        _ => {
            let names = arguments.constants("variables")?;
            Some(names.iter().map(|name| variable(compiler, name, call)).collect::<Result<_, _>>()?)
        }
    };
    let keys = arguments.texts("flags")?;
    arguments.end()?;
    Ok(Test::HasFlag { variables, matching, keys })
}

fn string(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("variables", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING])?;
    let matching = arguments.matching()?;
    let (sources, keys) = (arguments.texts("texts")?, arguments.texts("what to look for")?);
    arguments.end()?;
    Ok(Test::String { sources, matching, keys })
}

fn date(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("date", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING, &INDEX, &ZONE])?;
    arguments.one_of(&["zone", "originalzone"])?;
    let zone = if arguments.has("originalzone") { Zone::Original } else { zone(&arguments, call)? };
    let (index, matching) = (arguments.index()?, arguments.matching()?);
    let header = Some((arguments.text("the name of a field")?, index));
    let (part, keys) = (arguments.text("a part of the date")?, arguments.texts("what to look for")?);
    arguments.end()?;
    Ok(Test::Date { header, zone, part, matching, keys })
}

fn current_date(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("date", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&MATCHING, &CURRENT_ZONE])?;
    let (zone, matching) = (zone(&arguments, call)?, arguments.matching()?);
    let (part, keys) = (arguments.text("a part of the date")?, arguments.texts("what to look for")?);
    arguments.end()?;
    Ok(Test::Date { header: None, zone, part, matching, keys })
}

fn zone(arguments: &Arguments<'_>, call: &Call) -> Result<Zone, Fault> {
    let Some(text) = arguments.constant_after("zone")? else { return Ok(Zone::Local) };
    let minutes = super::super::run::zone_minutes(text);
    minutes.map(Zone::Offset).ok_or_else(|| Fault::new(call.at, "a zone is written like \"+0200\""))
}

fn special_use_exists(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("special-use", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[])?;
    let mailbox = if arguments.left() > 1 { Some(arguments.text("a mailbox")?) } else { None };
    let uses = arguments.texts("special uses")?;
    arguments.end()?;
    Ok(Test::SpecialUseExists { mailbox, uses })
}

fn duplicate(compiler: &Compiler, call: &Call) -> Result<Test, Fault> {
    compiler.needs("duplicate", call.at)?;
    let arguments = Arguments::of(compiler, call, &[&DUPLICATE])?;
    arguments.one_of(&["header", "uniqueid"])?;
    let unique = match (arguments.text_after("header")?, arguments.text_after("uniqueid")?) {
        (_, Some(id)) => Unique::Id(id),
        (Some(name), None) => Unique::Header(name),
        (None, None) => Unique::Header(super::super::tree::Text::literal("message-id")),
    };
    let (handle, seconds) = (arguments.text_after("handle")?, arguments.number_after("seconds")?);
    let last = arguments.has("last");
    arguments.end()?;
    Ok(Test::Duplicate(Box::new(Duplicate { handle, unique, seconds, last })))
}
