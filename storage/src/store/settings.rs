//! Settings that change at run time.

use super::Store;
use crate::tables::meta;
use crate::*;

impl Store {
    /// A value by name.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        self.0.shared.look(|transaction| {
            let row = transaction.open_table(meta::SETTING)?.get(name)?;
            Ok(row.map(|row| row.value().to_owned()))
        })
    }

    /// Sets or removes a value.
    pub fn set_setting(&self, name: &str, value: Option<String>) -> Pending<()> {
        let name = name.to_owned();
        self.write(move |tables| {
            tables.begin_writing();
            match value {
                Some(value) => drop(tables.setting.insert(name.as_str(), value.as_str())?),
                None => drop(tables.setting.remove(name.as_str())?),
            }
            Ok(())
        })
    }

    /// The TLS policy kept for a domain.
    pub fn sts_policy(&self, domain: &str) -> Result<Option<StsPolicy>> {
        self.0.shared.look(|transaction| {
            let row = transaction.open_table(meta::MTA_STS)?.get(domain)?;
            row.map(|row| rows::decode_json("mta_sts", row.value())).transpose()
        })
    }

    /// Keeps or forgets a domain's TLS policy.
    pub fn set_sts_policy(&self, domain: &str, policy: Option<StsPolicy>) -> Pending<()> {
        let domain = domain.to_owned();
        self.write(move |tables| {
            tables.begin_writing();
            match policy {
                Some(policy) => drop(tables.mta_sts.insert(domain.as_str(), rows::encode_json(&policy).as_slice())?),
                None => drop(tables.mta_sts.remove(domain.as_str())?),
            }
            Ok(())
        })
    }
}
