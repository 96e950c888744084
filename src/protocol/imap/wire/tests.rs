//! Tables and properties of the wire.
