//! The pages of the console: a folder for each family, its templates beside its handlers. A page asks the functions of
//! the API and decides nothing: who may use it stands in its [`Route`](crate::door::Route), what may be seen and changed
//! is the API's matter.

pub(crate) mod aliases;
pub(crate) mod api;
pub(crate) mod archive;
pub(crate) mod audit;
pub(crate) mod blocks;
pub(crate) mod connections;
pub(crate) mod dashboard;
pub(crate) mod domains;
pub(crate) mod inactive;
pub(crate) mod logs;
pub(crate) mod mail;
pub(crate) mod mailings;
pub(crate) mod me;
pub(crate) mod networks;
pub(crate) mod online;
pub(crate) mod passwords;
pub(crate) mod rules;
pub(crate) mod services;
pub(crate) mod settings;
pub(crate) mod shared;
pub(crate) mod spool;
pub(crate) mod trace;
pub(crate) mod users;
