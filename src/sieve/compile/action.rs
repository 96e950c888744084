//! Commands other than `if` and `require`, each with what it takes.

use super::super::fault::Fault;
use super::super::is_one_address;
use super::super::parse::Call;
use super::super::tree::{Action, FileInto, FlagChange, Modifier, Text, Vacation};
use super::Compiler;
use super::arguments::{Arguments, Follows, MATCHING, Tag};
use super::template::is_name;

const FILE_INTO: [Tag; 4] = [
    ("copy", Follows::Nothing, "copy"),
    ("create", Follows::Nothing, "mailbox"),
    ("flags", Follows::Argument, "imap4flags"),
    ("specialuse", Follows::Argument, "special-use"),
];
const KEEP: [Tag; 1] = [("flags", Follows::Argument, "imap4flags")];
const REDIRECT: [Tag; 1] = [("copy", Follows::Nothing, "copy")];
const VACATION: [Tag; 7] = [
    ("days", Follows::Argument, ""),
    ("seconds", Follows::Argument, "vacation-seconds"),
    ("subject", Follows::Argument, ""),
    ("from", Follows::Argument, ""),
    ("addresses", Follows::Argument, ""),
    ("mime", Follows::Nothing, ""),
    ("handle", Follows::Argument, ""),
];
const SET: [Tag; 6] = [
    ("lower", Follows::Nothing, ""),
    ("upper", Follows::Nothing, ""),
    ("lowerfirst", Follows::Nothing, ""),
    ("upperfirst", Follows::Nothing, ""),
    ("quotewildcard", Follows::Nothing, ""),
    ("length", Follows::Nothing, ""),
];
const ADD_HEADER: [Tag; 1] = [("last", Follows::Nothing, "")];
/// As in `index`, but they belong to `editheader` (RFC 5293 §5).
const DELETE_HEADER: [Tag; 2] = [("index", Follows::Argument, ""), ("last", Follows::Nothing, "")];

const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Compiles one.
pub(super) fn compile(compiler: &Compiler, call: &Call) -> Result<Action, Fault> {
    match call.name.as_str() {
        "require" => Err(Fault::new(call.at, "\"require\" stands before everything else")),
        "stop" => simple(compiler, call, Action::Stop),
        "discard" => simple(compiler, call, Action::Discard),
        "keep" => {
            let arguments = Arguments::of(compiler, call, &[&KEEP])?;
            let flags = arguments.texts_after("flags")?;
            arguments.end()?;
            Ok(Action::Keep { flags })
        }
        "fileinto" => file_into(compiler, call),
        "redirect" => redirect(compiler, call),
        "reject" | "ereject" => {
            compiler.needs(&call.name, call.at)?;
            let mut arguments = Arguments::of(compiler, call, &[])?;
            let reason = arguments.text("a reason")?;
            arguments.end()?;
            Ok(Action::Reject { reason })
        }
        "vacation" => vacation(compiler, call),
        "setflag" => flag(compiler, call, FlagChange::Set),
        "addflag" => flag(compiler, call, FlagChange::Add),
        "removeflag" => flag(compiler, call, FlagChange::Remove),
        "set" => set(compiler, call),
        "addheader" => add_header(compiler, call),
        "deleteheader" => delete_header(compiler, call),
        name => Err(Fault::new(call.at, format!("the command \"{name}\" is not known here"))),
    }
}

fn simple(compiler: &Compiler, call: &Call, action: Action) -> Result<Action, Fault> {
    Arguments::of(compiler, call, &[])?.end()?;
    Ok(action)
}

fn file_into(compiler: &Compiler, call: &Call) -> Result<Action, Fault> {
    compiler.needs("fileinto", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&FILE_INTO])?;
    let file_into = FileInto {
        mailbox: arguments.text("a mailbox")?,
        copy: arguments.has("copy"),
        create: arguments.has("create"),
        flags: arguments.texts_after("flags")?,
        special_use: arguments.text_after("specialuse")?,
    };
    arguments.end()?;
    Ok(Action::FileInto(Box::new(file_into)))
}

fn redirect(compiler: &Compiler, call: &Call) -> Result<Action, Fault> {
    let mut arguments = Arguments::of(compiler, call, &[&REDIRECT])?;
    let address = arguments.text("an address")?;
    if let Some(address) = address.constant()
        && !is_one_address(address)
    {
        return Err(Fault::new(call.at, format!("\"{address}\" is no mail address")));
    }
    let copy = arguments.has("copy");
    arguments.end()?;
    Ok(Action::Redirect { address, copy })
}

fn vacation(compiler: &Compiler, call: &Call) -> Result<Action, Fault> {
    compiler.needs("vacation", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&VACATION])?;
    let seconds = match arguments.one_of(&["days", "seconds"])? {
        // Zero days would answer every message; RFC 5230 §4.1 asks for one at least.
        Some("days") => arguments.number_after("days")?.map(|days| days.max(1).saturating_mul(DAY_SECONDS)),
        _ => arguments.number_after("seconds")?,
    };
    let vacation = Vacation {
        reason: arguments.text("a reason")?,
        subject: arguments.text_after("subject")?,
        from: arguments.text_after("from")?,
        addresses: arguments.texts_after("addresses")?.unwrap_or_default(),
        handle: arguments.text_after("handle")?,
        mime: arguments.has("mime"),
        seconds,
    };
    arguments.end()?;
    Ok(Action::Vacation(Box::new(vacation)))
}

fn flag(compiler: &Compiler, call: &Call, change: FlagChange) -> Result<Action, Fault> {
    compiler.needs("imap4flags", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[])?;
    let variable = match arguments.left() {
        0 | 1 => None,
        _ => Some(variable(compiler, arguments.constant("a variable")?, call)?),
    };
    let flags = arguments.texts("flags")?;
    arguments.end()?;
    Ok(Action::Flag { change, variable, flags })
}

/// The name of a variable that a command or test changes or reads.
pub(super) fn variable(compiler: &Compiler, name: &str, call: &Call) -> Result<String, Fault> {
    compiler.needs("variables", call.at)?;
    if !is_name(name) {
        return Err(Fault::new(call.at, format!("\"{name}\" is no name of a variable")));
    }
    Ok(name.to_ascii_lowercase())
}

fn set(compiler: &Compiler, call: &Call) -> Result<Action, Fault> {
    compiler.needs("variables", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&SET])?;
    let case = arguments.one_of(&["lower", "upper"])?;
    let first = arguments.one_of(&["lowerfirst", "upperfirst"])?;
    let others = ["quotewildcard", "length"].into_iter().filter(|name| arguments.has(name));
    let modifiers = case.into_iter().chain(first).chain(others).map(modifier).collect();
    let name = variable(compiler, arguments.constant("a variable")?, call)?;
    let value: Text = arguments.text("a value")?;
    arguments.end()?;
    Ok(Action::Set { name, value, modifiers })
}

fn modifier(name: &str) -> Modifier {
    match name {
        "lower" => Modifier::Lower,
        "upper" => Modifier::Upper,
        "lowerfirst" => Modifier::LowerFirst,
        "upperfirst" => Modifier::UpperFirst,
        "quotewildcard" => Modifier::QuoteWildcard,
        _ => Modifier::Length,
    }
}

fn add_header(compiler: &Compiler, call: &Call) -> Result<Action, Fault> {
    compiler.needs("editheader", call.at)?;
    let mut arguments = Arguments::of(compiler, call, &[&ADD_HEADER])?;
    let (name, value) = (arguments.text("the name of a field")?, arguments.text("a value")?);
    let last = arguments.has("last");
    arguments.end()?;
    if name.constant().is_some_and(|name| !super::super::edit::is_field_name(name)) {
        return Err(Fault::new(call.at, "this is no name of a field"));
    }
    Ok(Action::AddHeader { name, value, last })
}

fn delete_header(compiler: &Compiler, call: &Call) -> Result<Action, Fault> {
    compiler.needs("editheader", call.at)?;
    let tags: [&[Tag]; 2] = [&DELETE_HEADER, &MATCHING];
    let mut arguments = Arguments::of(compiler, call, &tags)?;
    let name = arguments.text("the name of a field")?;
    let values = if arguments.left() > 0 { arguments.texts("values")? } else { Vec::new() };
    let (index, matching) = (arguments.index()?, arguments.matching()?);
    arguments.end()?;
    Ok(Action::DeleteHeader { name, index, matching, values })
}
