//! What is announced (RFC 3501 §7.2.1): other things before the login than after.

use super::session::Core;

/// Announced always.
const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE IDLE";

/// Announced after the login.
const AFTER_LOGIN: &str = "NAMESPACE CHILDREN UNSELECT UIDPLUS SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS \
    MOVE ESEARCH SEARCHRES WITHIN PARTIAL CONDSTORE QRESYNC STATUS=SIZE SAVEDATE OBJECTID QUOTA QUOTA=RES-STORAGE \
    QUOTA=RES-MESSAGE QUOTASET ACL RIGHTS=texk LIST-MYRIGHTS METADATA METADATA-SERVER LIST-METADATA \
    UNAUTHENTICATE MULTIAPPEND REPLACE BINARY PREVIEW UTF8=ACCEPT SORT SORT=DISPLAY ESORT \
    SEARCH=FUZZY THREAD=ORDEREDSUBJECT THREAD=REFERENCES UIDONLY INPROGRESS I18NLEVEL=1 \
    CATENATE URLAUTH URLAUTH=BINARY CONTEXT=SEARCH CONTEXT=SORT MULTISEARCH NOTIFY";

/// The capabilities now, separated by spaces.
pub fn capabilities(core: &Core) -> String {
    let mut text = String::from(ALWAYS);
    if core.login.is_some() {
        text.push(' ');
        text.push_str(AFTER_LOGIN);
        if !core.compressed {
            text.push_str(" COMPRESS=DEFLATE");
        }
        text.push_str(&format!(" APPENDLIMIT={}", core.rules.message_bytes_max));
        return text;
    }
    if core.may_start_tls() {
        text.push_str(" STARTTLS");
    }
    for mechanism in core.offers.mechanisms().filter(|mechanism| core.allows(*mechanism)) {
        text.push_str(" AUTH=");
        text.push_str(mechanism.name());
    }
    if !core.allows_passwords() {
        text.push_str(" LOGINDISABLED");
    }
    text
}
