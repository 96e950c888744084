//! The way out of the spool.
