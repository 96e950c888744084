//! Messages as they should be and as they are.

mod limits;
mod properties;
mod realistic;
mod shapes;

use super::{Kind, Outline, Part};

/// The outline of a whole message.
fn outline(message: &[u8]) -> Outline<'static> {
    Outline::of(message)
}

/// A part in few words: `type/subtype "body"` for a leaf, `type/subtype { parts }` for a multipart,
/// `message/rfc822 < the message >`.
fn shape(part: &Part, message: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = format!("{}/{}", text(&part.media_type), text(&part.media_subtype));
    match &part.kind {
        Kind::Leaf => format!("{name} {:?}", text(part.body.of(message))),
        Kind::Multipart(parts) => {
            let parts: Vec<String> = parts.iter().map(|part| shape(part, message)).collect();
            format!("{name} {{ {} }}", parts.join(", "))
        }
        Kind::Message { root, .. } => format!("{name} < {} >", shape(root, message)),
    }
}
