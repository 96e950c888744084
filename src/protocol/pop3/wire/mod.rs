//! What goes over the wire: command lines, replies, and messages as multi-line responses. Pure.

mod reply;
mod request;
mod stuffing;
mod top;

pub(super) use reply::{Code, err, list_end, ok, sasl_challenge};
pub(super) use request::Request;
pub(super) use stuffing::Stuffing;
pub(super) use top::Top;
