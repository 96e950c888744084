//! What people see of HTML: no tags, comments, scripts and styles; entities decoded. Takes what comes, never fails, and
//! reads it once.

/// Tags within a word: nothing is seen where they stand. All others end a word.
const INLINE: [&str; 19] = [
    "a", "abbr", "b", "bdi", "big", "code", "em", "font", "i", "ins", "mark", "s", "small", "span", "strong", "sub",
    "sup", "u", "wbr",
];

/// Elements of which nothing is seen.
const HIDDEN: [&str; 6] = ["head", "noscript", "script", "style", "template", "title"];

/// Longest entity, with its semicolon.
const ENTITY_BYTES_MAX: usize = 10;

/// The text that is seen, with a space wherever words are kept apart.
pub fn seen(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('&') {
            let (character, length) = entity(rest);
            text.push(character);
            rest = &rest[length..];
        } else {
            let (after, parts_words) = after_tag(rest);
            rest = after;
            if parts_words {
                text.push(' ');
            }
        }
    }
    text.push_str(rest);
    text
}

/// What follows the tag, comment or hidden element at the start of `html`, and whether it keeps words apart.
fn after_tag(html: &str) -> (&str, bool) {
    if html.starts_with("<!--") {
        return (html.find("-->").map_or("", |end| &html[end + 3..]), true);
    }
    let name = tag_name(&html[1..]);
    if let Some(hidden) = HIDDEN.iter().find(|hidden| name.eq_ignore_ascii_case(hidden)) {
        return (after_hidden(html, hidden), true);
    }
    let is_inline = INLINE.iter().any(|inline| name.strip_prefix('/').unwrap_or(name).eq_ignore_ascii_case(inline));
    (memchr::memchr(b'>', html.as_bytes()).map_or("", |end| &html[end + 1..]), !is_inline)
}

fn tag_name(tag: &str) -> &str {
    let is_end = |(at, byte): (usize, u8)| !(byte.is_ascii_alphanumeric() || (at == 0 && byte == b'/'));
    let end = tag.bytes().enumerate().position(is_end).unwrap_or(tag.len());
    &tag[..end]
}

fn after_hidden<'h>(html: &'h str, name: &str) -> &'h str {
    let bytes = html.as_bytes();
    let mut ends = memchr::memmem::find_iter(bytes, b"</");
    let ended = ends.find(|at| {
        let end = bytes.get(at + 2..at + 2 + name.len());
        end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()))
    });
    let rest = ended.map_or("", |at| &html[at..]);
    rest.find('>').map_or("", |end| &rest[end + 1..])
}

/// The character that the entity at the start of `text` stands for, and its length; `&` itself when it is none.
fn entity(text: &str) -> (char, usize) {
    let Some(end) = text.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';') else { return ('&', 1) };
    let name = &text[1..end];
    let number = match name.strip_prefix('#').map(|digits| (digits, digits.strip_prefix(['x', 'X']))) {
        Some((_, Some(hexadecimal))) => u32::from_str_radix(hexadecimal, 16).ok(),
        Some((decimal, None)) => decimal.parse().ok(),
        None => None,
    };
    named(name).or_else(|| number.and_then(char::from_u32)).map_or(('&', 1), |character| (character, end + 1))
}

fn named(name: &str) -> Option<char> {
    let latin = || LATIN.split(' ').position(|known| known == name).and_then(|at| char::from_u32(0xa0 + at as u32));
    OTHERS.iter().find(|(known, _)| *known == name).map(|(_, character)| *character).or_else(latin)
}

const OTHERS: [(&str, char); 22] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("ndash", '–'),
    ("mdash", '—'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("bull", '•'),
    ("hellip", '…'),
    ("euro", '€'),
    ("trade", '™'),
    ("OElig", 'Œ'),
    ("oelig", 'œ'),
    ("Scaron", 'Š'),
    ("scaron", 'š'),
];

/// The entities of U+00A0 to U+00FF in their order.
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 \
    sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml \
    Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml \
    times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave \
    eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute \
    ucirc uuml yacute thorn yuml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen() {
        let check = |html: &str, expected: &str| assert_eq!(seen(html), expected, "{html}");
        check("", "");
        check("plain", "plain");
        check("<p>A &amp; B&nbsp;<b>c</b>&#228;&#x41;&bogus;&", " A & B cäA&bogus;&");
        check("W<b>or</b>d<br>next", "Word next");
        check("<td>a</td><td>b</td>", " a  b ");
        check("x<!-- > -->y<!-- open", "x y ");
        check("<STYLE>a{}</Style >b<script>1<2</script>c<title>t</title>", " b c ");
        check("<head><title>t</title></head>b", " b");
        check("<header>seen</header>", " seen ");
        check("cut <a href", "cut ");
        check("&Auml;&ouml;&szlig;&yuml;&euro;&#0;&#xd800;", "Äößÿ€\0&#xd800;");
        check("<", " ");
        check("1 < 2", "1  ");
        check("</b>a</ b>c", "a c");
    }

    proptest::proptest! {
        #[test]
        fn anything_is_read(html in "(<|>|&|;|!--|-->|script|</|[a-z ü]|#x?[0-9a-f]*){0,60}") {
            let seen = seen(&html);
            proptest::prop_assert!(seen.len() <= html.len() + html.matches('<').count());
        }
    }
}
