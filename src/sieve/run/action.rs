//! What actions add to the plan.

use super::super::Surroundings;
use super::super::compare::Matching;
use super::super::edit::{is_field_name, is_protected};
use super::super::is_one_address;
use super::super::limits::{ACTIONS_MAX, EDITS_MAX, NAME_BYTES_MAX, REDIRECTS_MAX};
use super::super::plan::{Memory, Place, Redirect, Vacation};
use super::super::tree::{self, Action, FileInto, FlagChange, Index, Modifier, Text};
use super::variables::{flags, modified};
use super::{Failure, Run};

impl<S: Surroundings> Run<'_, S> {
    /// Does what a command asks for, other than those that change the flow.
    pub(super) fn action(&mut self, action: &Action) -> Result<(), Failure> {
        match action {
            Action::If { .. } | Action::Stop => Ok(()),
            Action::Discard => {
                self.keeps = false;
                Ok(())
            }
            Action::Keep { flags } => {
                self.count()?;
                self.keeps = false;
                let flags = self.flags_of(flags.as_deref());
                self.file(Place::Keep, flags);
                Ok(())
            }
            Action::FileInto(file_into) => self.file_into(file_into),
            Action::Redirect { address, copy } => self.redirect(address, *copy),
            Action::Reject { reason } => self.reject(reason),
            Action::Vacation(vacation) => self.vacation(vacation),
            Action::Flag { change, variable, flags } => self.flag(*change, variable.as_deref(), flags),
            Action::Set { name, value, modifiers } => self.set(name, value, modifiers),
            Action::AddHeader { name, value, last } => self.add_header(name, value, *last),
            Action::DeleteHeader { name, index, matching, values } => {
                self.delete_header(name, *index, *matching, values)
            }
        }
    }

    /// Counts an action that delivers or sends.
    fn count(&mut self) -> Result<(), Failure> {
        self.actions += 1;
        if self.actions > ACTIONS_MAX {
            return Err(self.fault(format!("more than {ACTIONS_MAX} actions for one message")).into());
        }
        if self.plan.rejection.is_some() {
            return Err(self.fault("a message that is rejected goes nowhere else").into());
        }
        Ok(())
    }

    /// The flags of a `:flags`, or those set before.
    fn flags_of(&self, texts: Option<&[Text]>) -> Vec<String> {
        match texts {
            None => self.flags.clone(),
            Some(texts) => flags(self.variables.fill_all(texts).iter().map(|text| text.as_ref())),
        }
    }

    fn name(&self, text: &Text, what: &str) -> Result<String, Failure> {
        let name = self.text(text).trim().to_owned();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            return Err(self.fault(format!("{name:?} is no {what}")).into());
        }
        Ok(name)
    }

    fn file_into(&mut self, file_into: &FileInto) -> Result<(), Failure> {
        self.count()?;
        self.keeps &= file_into.copy;
        let name = self.name(&file_into.mailbox, "name of a mailbox")?;
        let special_use = file_into.special_use.as_ref().map(|text| self.text(text));
        let flags = self.flags_of(file_into.flags.as_deref());
        self.file(Place::Mailbox { name, create: file_into.create, special_use }, flags);
        Ok(())
    }

    fn redirect(&mut self, address: &Text, copy: bool) -> Result<(), Failure> {
        self.count()?;
        self.keeps &= copy;
        let address = self.name(address, "mail address")?;
        if !is_one_address(&address) {
            return Err(self.fault(format!("{address:?} is no mail address")).into());
        }
        if self.plan.redirects.iter().any(|other| other.address.eq_ignore_ascii_case(&address)) {
            return Ok(());
        }
        if self.plan.redirects.len() == REDIRECTS_MAX {
            return Err(self.fault(format!("more than {REDIRECTS_MAX} redirects for one message")).into());
        }
        self.plan.redirects.push(Redirect { address, edits: self.plan.edits.len() });
        Ok(())
    }

    fn reject(&mut self, reason: &Text) -> Result<(), Failure> {
        self.count()?;
        if !self.plan.filings.is_empty() || !self.plan.redirects.is_empty() || self.plan.vacation.is_some() {
            return Err(self.fault("a message that has gone somewhere cannot be rejected").into());
        }
        self.keeps = false;
        self.plan.rejection = Some(self.text(reason));
        Ok(())
    }

    fn vacation(&mut self, vacation: &tree::Vacation) -> Result<(), Failure> {
        self.count()?;
        if self.plan.vacation.is_some() {
            return Err(self.fault("a message is answered by one \"vacation\" only").into());
        }
        let reason = self.text(&vacation.reason);
        let subject = vacation.subject.as_ref().map(|text| self.text(text));
        let from = vacation.from.as_ref().map(|text| self.text(text));
        let addresses = vacation.addresses.iter().map(|text| self.text(text)).collect();
        // Without a handle, what is said tells answers apart (RFC 5230 §4.2).
        let handle = vacation.handle.as_ref().map(|text| self.text(text));
        let handle = handle.unwrap_or_else(|| format!("{subject:?} {from:?} {} {reason}", vacation.mime));
        let (mime, seconds) = (vacation.mime, vacation.seconds);
        self.plan.vacation = Some(Vacation { reason, subject, from, addresses, handle, mime, seconds });
        Ok(())
    }

    fn flag(&mut self, change: FlagChange, variable: Option<&str>, texts: &[Text]) -> Result<(), Failure> {
        let texts = self.variables.fill_all(texts);
        let given = flags(texts.iter().map(|text| text.as_ref()));
        let old = match variable {
            None => self.flags.clone(),
            Some(name) => flags([self.variables.get(name)]),
        };
        let new = match change {
            FlagChange::Set => given,
            FlagChange::Add => flags(old.iter().chain(&given).map(String::as_str)),
            FlagChange::Remove => {
                let goes = |flag: &&String| given.iter().any(|other| other.eq_ignore_ascii_case(flag));
                old.iter().filter(|flag| !goes(flag)).cloned().collect()
            }
        };
        self.step(new.len() as u64)?;
        match variable {
            None => self.flags = new,
            Some(name) => self.set_variable(name, &new.join(" "))?,
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &Text, modifiers: &[Modifier]) -> Result<(), Failure> {
        let mut value = self.text(value);
        for modifier in modifiers {
            value = modified(&value, *modifier);
        }
        self.step(value.len() as u64)?;
        self.set_variable(name, &value)
    }

    fn set_variable(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        if self.variables.set(name, value) { Ok(()) } else { Err(self.fault("too many variables").into()) }
    }

    fn add_header(&mut self, name: &Text, value: &Text, last: bool) -> Result<(), Failure> {
        let (name, value) = (self.text(name), self.text(value));
        if !is_field_name(&name) {
            return Err(self.fault(format!("{name:?} is no name of a field")).into());
        }
        if is_protected(&name) {
            return Ok(());
        }
        self.may_edit()?;
        let edit = self.fields.add(&name, &value, last);
        self.plan.edits.push(edit);
        Ok(())
    }

    fn may_edit(&self) -> Result<(), Failure> {
        if self.plan.edits.len() == EDITS_MAX {
            return Err(self.fault(format!("more than {EDITS_MAX} changes to one header")).into());
        }
        Ok(())
    }

    fn delete_header(
        &mut self,
        name: &Text,
        index: Option<Index>,
        matching: Matching,
        values: &[Text],
    ) -> Result<(), Failure> {
        let name = self.text(name);
        if is_protected(&name) {
            return Ok(());
        }
        let keys = self.variables.fill_all(values);
        let mut steps = 0;
        let meant: Vec<_> = self.fields.named(&name, index).map(std::ptr::from_ref).collect();
        let mut doomed: Vec<usize> = Vec::new();
        for (skip, field) in self.fields.named(&name, None).enumerate() {
            let is_meant = meant.contains(&std::ptr::from_ref(field));
            if is_meant && (keys.is_empty() || matching.find([field.text()].into_iter(), &keys, &mut steps).is_some()) {
                doomed.push(skip);
            }
        }
        self.step(steps)?;
        // From the last on, so that the numbers of the others stay true.
        for skip in doomed.into_iter().rev() {
            self.may_edit()?;
            let edit = self.fields.delete(&name, skip);
            self.plan.edits.push(edit);
        }
        Ok(())
    }

    /// Notes something to be remembered.
    pub(super) fn remember(&mut self, key: String, seconds: Option<u64>) {
        self.plan.memories.push(Memory { key, seconds });
    }
}
