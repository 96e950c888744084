//! The imap service.
