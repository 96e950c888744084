//! What a message may make us keep. Beyond a limit nothing is refused: the rest is content that is not looked into.

/// Multiparts and messages inside each other. A part deeper than this is a leaf.
pub const DEPTH_MAX: usize = 64;

/// Parts of one message. Further delimiters are content of the last part.
pub const PARTS_MAX: usize = 1_000;

/// Bytes kept of one header line and of one field's value.
pub const FIELD_BYTES_MAX: usize = 32 * 1024;

/// Bytes kept of all field values of a message together.
pub const KEPT_BYTES_MAX: usize = 256 * 1024;

/// Bytes of a boundary. RFC 2046 §5.1.1 allows 70; a multipart with a longer one than this is a leaf.
pub const BOUNDARY_BYTES_MAX: usize = 250;

/// Addresses kept of one field, group marks included.
pub const ADDRESSES_MAX: usize = 2_000;

/// Parameters kept of one field.
pub const PARAMETERS_MAX: usize = 100;

/// Languages kept of one `Content-Language` field.
pub const LANGUAGES_MAX: usize = 100;
