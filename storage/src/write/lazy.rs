//! A table that is opened when it is first used. To open all tables takes 45 µs, half of what a small transaction takes,
//! and few transactions use more than ten.

use std::borrow::Borrow;
use std::cell::OnceCell;
use std::ops::RangeBounds;

use redb::{AccessGuard, Key, Range, ReadableTable, ReadableTableMetadata, Table, Value, WriteTransaction};

use crate::Result;
use crate::tables::Definition;

type Entry<'g, K, V> = (AccessGuard<'g, K>, AccessGuard<'g, V>);

/// A table inside a write transaction. Its methods are those of [`Table`].
pub(crate) struct LazyTable<'t, K: Key + 'static, V: Value + 'static> {
    transaction: &'t WriteTransaction,
    definition: Definition<K, V>,
    table: OnceCell<Table<'t, K, V>>,
}

/// Gives out tables.
pub(super) struct Opener<'t> {
    pub(super) transaction: &'t WriteTransaction,
    /// At once, so that all are there for who reads.
    pub(super) now: bool,
}

impl<'t> Opener<'t> {
    pub(super) fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: Definition<K, V>,
    ) -> Result<LazyTable<'t, K, V>> {
        let table = LazyTable { transaction: self.transaction, definition, table: OnceCell::new() };
        if self.now {
            table.open()?;
        }
        Ok(table)
    }
}

impl<'t, K: Key + 'static, V: Value + 'static> LazyTable<'t, K, V> {
    /// The table, which is made when it is not there.
    pub(crate) fn open(&self) -> Result<&Table<'t, K, V>> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = self.transaction.open_table(self.definition)?;
        Ok(self.table.get_or_init(|| table))
    }

    fn open_mut(&mut self) -> Result<&mut Table<'t, K, V>> {
        self.open()?;
        match self.table.get_mut() {
            Some(table) => Ok(table),
            None => unreachable!("it is open"),
        }
    }

    pub(crate) fn get<'k>(&self, key: impl Borrow<K::SelfType<'k>>) -> Result<Option<AccessGuard<'_, V>>> {
        Ok(self.open()?.get(key)?)
    }

    pub(crate) fn first(&self) -> Result<Option<Entry<'_, K, V>>> {
        Ok(self.open()?.first()?)
    }

    pub(crate) fn last(&self) -> Result<Option<Entry<'_, K, V>>> {
        Ok(self.open()?.last()?)
    }

    pub(crate) fn iter(&self) -> Result<Range<'_, K, V>> {
        Ok(self.open()?.iter()?)
    }

    pub(crate) fn len(&self) -> Result<u64> {
        Ok(self.open()?.len()?)
    }

    pub(crate) fn range<'k, B>(&self, keys: impl RangeBounds<B> + 'k) -> Result<Range<'_, K, V>>
    where
        B: Borrow<K::SelfType<'k>> + 'k,
    {
        Ok(self.open()?.range(keys)?)
    }

    pub(crate) fn insert<'k, 'v>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        value: impl Borrow<V::SelfType<'v>>,
    ) -> Result<Option<AccessGuard<'_, V>>> {
        Ok(self.open_mut()?.insert(key, value)?)
    }

    pub(crate) fn remove<'k>(&mut self, key: impl Borrow<K::SelfType<'k>>) -> Result<Option<AccessGuard<'_, V>>> {
        Ok(self.open_mut()?.remove(key)?)
    }

    pub(crate) fn pop_first(&mut self) -> Result<Option<Entry<'_, K, V>>> {
        Ok(self.open_mut()?.pop_first()?)
    }

    pub(crate) fn retain<F>(&mut self, stays: F) -> Result<()>
    where
        F: for<'e> FnMut(K::SelfType<'e>, V::SelfType<'e>) -> bool,
    {
        Ok(self.open_mut()?.retain(stays)?)
    }

    pub(crate) fn retain_in<'k, B, F>(&mut self, keys: impl RangeBounds<B> + 'k, stays: F) -> Result<()>
    where
        B: Borrow<K::SelfType<'k>> + 'k,
        F: for<'e> FnMut(K::SelfType<'e>, V::SelfType<'e>) -> bool,
    {
        Ok(self.open_mut()?.retain_in(keys, stays)?)
    }
}
