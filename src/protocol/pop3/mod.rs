//! The pop3 service.
