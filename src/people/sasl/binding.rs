//! What a login may be bound to, so that who sits between client and server cannot pass it on (RFC 5056).

/// The bindings of one encrypted connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelBindings {
    /// `tls-exporter` (RFC 9266): only with TLS 1.3.
    pub exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` (RFC 5929 §4): a hash of the server's certificate.
    pub end_point: Option<Vec<u8>>,
}

impl ChannelBindings {
    /// Is there nothing to be bound to?
    pub fn is_empty(&self) -> bool {
        *self == ChannelBindings::default()
    }

    /// The binding of this registered name.
    pub fn by_name(&self, name: &str) -> Option<&[u8]> {
        match name {
            "tls-exporter" => self.exporter.as_ref().map(|bytes| bytes.as_slice()),
            "tls-server-end-point" => self.end_point.as_deref(),
            _ => None,
        }
    }
}
