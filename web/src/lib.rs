//! Everything of Mailstead that comes through HTTP: the JSON API, which the command line speaks over
//! a Unix socket, and the status page.
//!
//! A handler reads a request, asks the rooms below and writes a response. It knows no table, no
//! protocol and keeps nothing of its own: what it wants done is a call on a handle of the [`House`].

pub mod api;
pub mod control;
pub mod door;
mod frame;
mod house;
mod listen;
mod pages;
pub mod public;
pub mod routes;
mod segment;
mod serve;
mod settings;
mod text;
pub mod texts;

pub use house::House;
pub use segment::segment;
pub use serve::WebService;
pub use settings::{ProxyHeader, WebSettings};
