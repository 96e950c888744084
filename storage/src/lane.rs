//! The journal has two lanes, one for each accept writer. Each counts its rows by itself, without gaps, so that two
//! commits can be under way at once and neither waits for the other's numbers. A segment file is of one lane.
//!
//! What is done again after a crash in the journal's order (see `mailbox/redo.rs`) is in the first lane only.

use crate::Result;
use crate::tables::meta;

use redb::{ReadTransaction, ReadableTable};

/// Set in the sequences of the second lane.
const SECOND: u64 = 1 << 63;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Takes everything.
    First,
    /// Takes short messages for the spool while the first waits for a slow disk.
    Second,
}

impl Lane {
    pub(crate) const ALL: [Lane; 2] = [Lane::First, Lane::Second];

    pub(crate) fn other(self) -> Lane {
        match self {
            Lane::First => Lane::Second,
            Lane::Second => Lane::First,
        }
    }

    /// The lane of a journal row.
    pub(crate) fn of(sequence: u64) -> Lane {
        if sequence & SECOND == 0 { Lane::First } else { Lane::Second }
    }

    /// What is before its first sequence.
    fn zero(self) -> u64 {
        match self {
            Lane::First => 0,
            Lane::Second => SECOND,
        }
    }

    /// Its last sequence.
    pub(crate) fn end(self) -> u64 {
        self.zero() | !SECOND
    }

    /// The name of its position among the single numbers.
    pub(crate) fn position_name(self) -> &'static str {
        match self {
            Lane::First => "journal_pos",
            Lane::Second => "journal_pos_2",
        }
    }

    /// Its position: all rows up to this one are applied.
    pub(crate) fn position(self, state: &impl ReadableTable<&'static str, u64>) -> Result<u64> {
        let position = state.get(self.position_name())?.map_or(0, |position| position.value());
        Ok(position.max(self.zero()))
    }
}

/// How far the journal is applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Positions([u64; 2]);

impl Positions {
    pub(crate) fn read(transaction: &ReadTransaction) -> Result<Positions> {
        let state = transaction.open_table(meta::STATE)?;
        Ok(Positions([Lane::First.position(&state)?, Lane::Second.position(&state)?]))
    }

    pub(crate) fn of(self, lane: Lane) -> u64 {
        self.0[lane as usize]
    }

    /// Is this row below its lane's position?
    pub(crate) fn cover(self, sequence: u64) -> bool {
        sequence <= self.of(Lane::of(sequence))
    }

    /// This row, if it is the highest of its lane so far.
    pub(crate) fn raise(&mut self, sequence: u64) {
        let highest = &mut self.0[Lane::of(sequence) as usize];
        *highest = sequence.max(*highest);
    }
}
