//! imap-codec, which others wrote, as judge: what it writes must mean to us what it means to it, and what we write
//! must mean to it what we meant.

mod commands;
mod responses;
