//! The smtp service.
