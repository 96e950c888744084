//! Languages: which one a text is in, and what its words are reduced to.
//!
//! A text is in the language whose small words it is full of: *the*, *of* and *and* are every third word of an English one.
//! Letters of another alphabet tell as much by themselves.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use frostem::{Algorithm, Stemmer};

use super::words;

/// Bytes of a text from which its language is told.
const SAMPLE_BYTES: usize = 600;
/// Of so many words one at least is a small word of the text's language.
const WORDS_FOR_EACH: usize = 10;
/// With fewer small words it is not sure.
const SURE_WORDS: usize = 3;

/// Shortest beginning of which words are looked at.
pub const BEGINNING_BYTES_MIN: usize = 2;

/// A language whose words are reduced to stems.
struct Tongue {
    /// ISO 639-3.
    code: &'static str,
    algorithm: Algorithm,
    told_by: Told,
}

/// What a language is known by.
enum Told {
    /// The first letter of its alphabet and the last.
    Letters(char, char),
    /// Its most frequent words.
    Words(&'static str),
}

const fn tongue(code: &'static str, algorithm: Algorithm, told_by: Told) -> Tongue {
    Tongue { code, algorithm, told_by }
}

const TONGUES: [Tongue; 17] = [
    tongue("ara", Algorithm::Arabic, Told::Letters('\u{600}', '\u{6ff}')),
    tongue("dan", Algorithm::Danish, Told::Words(DANISH)),
    tongue("deu", Algorithm::German, Told::Words(GERMAN)),
    tongue("ell", Algorithm::Greek, Told::Letters('\u{370}', '\u{3ff}')),
    tongue("eng", Algorithm::English, Told::Words(ENGLISH)),
    tongue("fin", Algorithm::Finnish, Told::Words(FINNISH)),
    tongue("fra", Algorithm::French, Told::Words(FRENCH)),
    tongue("hun", Algorithm::Hungarian, Told::Words(HUNGARIAN)),
    tongue("ita", Algorithm::Italian, Told::Words(ITALIAN)),
    tongue("nld", Algorithm::Dutch, Told::Words(DUTCH)),
    tongue("nob", Algorithm::Norwegian, Told::Words(NORWEGIAN)),
    tongue("por", Algorithm::Portuguese, Told::Words(PORTUGUESE)),
    tongue("ron", Algorithm::Romanian, Told::Words(ROMANIAN)),
    tongue("rus", Algorithm::Russian, Told::Letters('\u{400}', '\u{4ff}')),
    tongue("spa", Algorithm::Spanish, Told::Words(SPANISH)),
    tongue("swe", Algorithm::Swedish, Told::Words(SWEDISH)),
    tongue("tur", Algorithm::Turkish, Told::Words(TURKISH)),
];

const DANISH: &str = "og i at det er en til på som af for med den de ikke der var jeg et har vi kan fra mig hvad skal ved være \
    efter også om du hun han vil hvor nu meget";
const GERMAN: &str = "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus \
    er hat dass sie nach wird bei einer um am sind noch wie einem über einen so wir ihr ihre ich bitte oder kann haben";
const ENGLISH: &str = "the of and to in is that it for was on are with as be this have from or by not but you at which they \
    we can your will please has an our if would there been i my all their what when do me";
const FINNISH: &str = "ja on ei että se oli hän en mutta joka kun niin kuin myös tai sen ovat mitä olen ole minä sinä te ne \
    jos vain nyt voi tämä sekä me he olla jo sitten kanssa";
const FRENCH: &str = "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec je \
    vous nous mais ou son cette à aux votre être ont elle";
const HUNGARIAN: &str = "a az és hogy nem is egy ez de van meg csak már azt mint el volt még ha vagy ki fel kell lehet én \
    minden amely után ezt sem itt most ön";
const ITALIAN: &str = "di e il la che in un a per è una sono con non si da le dei del i come ma al nel della ho anche più \
    questo gli lo alla ha se mi su nella";
const DUTCH: &str = "de van het een en in is dat op te zijn met voor niet aan er die om ook als maar bij naar door ze hij wij \
    heeft nog wordt uit ik je we hebben u kan was";
const NORWEGIAN: &str = "og i det er på som en til å av for at med de ikke den har jeg om et men var vi kan fra skal hva så \
    være etter også du hun han vil noe nå meg";
const PORTUGUESE: &str = "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem \
    à seu sua ou ser são está você nos muito";
const ROMANIAN: &str = "de și în a la cu nu o pe să că un este din mai ce care sau pentru au fi sunt se dar am fost acest prin \
    lui al ale cel ca dacă va";
const SPANISH: &str = "de la que el en y a los se del las un por con no una su para es al lo como más pero sus le ya o este \
    sí porque esta son muy está nos me hay ha";
const SWEDISH: &str = "och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi kan ska \
    så också eller du hon vill nu mycket mig";
const TURKISH: &str = "ve bir bu da de için ile ne o çok ama gibi daha var ben mi olarak sonra kadar en değil her mı olan ki \
    ya biz siz";

/// The languages of which a word is a small one, as bits.
static SMALL_WORDS: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
    let mut small = HashMap::new();
    for (number, tongue) in TONGUES.iter().enumerate() {
        if let Told::Words(list) = tongue.told_by {
            list.split_ascii_whitespace().for_each(|word| *small.entry(word).or_default() |= 1 << number);
        }
    }
    small
});

/// The languages that one text may be in, and what its words are reduced to in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language(usize);

impl Language {
    const ENGLISH: Language = Language(4);

    /// All of them.
    pub fn all() -> impl Iterator<Item = Language> {
        (0..TONGUES.len()).map(Language)
    }

    /// The languages that these texts are likely in. Without any text it is English, as when it is not sure.
    pub fn of_all<'t>(texts: impl IntoIterator<Item = &'t String>) -> Vec<Language> {
        let texts = texts.into_iter().filter(|text| !text.trim_ascii().is_empty());
        let found: BTreeSet<Language> = texts.flat_map(|text| Language::of(text)).collect();
        if found.is_empty() { vec![Language::ENGLISH] } else { found.into_iter().collect() }
    }

    /// The languages that the text is likely in: as a rule one. When that is not sure, English is among them.
    pub fn of(text: &str) -> Vec<Language> {
        let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
        if let Some(language) = Language::by_letters(sample) {
            return vec![language];
        }
        let (mut count, mut small) = (0, [0; TONGUES.len()]);
        for word in sample.split(|character: char| !character.is_alphabetic()).filter(|word| !word.is_empty()) {
            count += 1;
            let languages = SMALL_WORDS.get(&*word.to_lowercase()).copied().unwrap_or_default();
            small.iter_mut().enumerate().for_each(|(number, small)| *small += (languages >> number & 1) as usize);
        }
        let most = small.into_iter().max().unwrap_or_default();
        let is_in_one = most > 0 && most * WORDS_FOR_EACH >= count;
        let is_sure = is_in_one && most >= SURE_WORDS;
        let is_likely = |language: &Language| is_in_one && small[language.0] == most;
        Language::all().filter(|it| is_likely(it) || !is_sure && *it == Language::ENGLISH).collect()
    }

    /// The language in whose alphabet most letters are, unless that is the Latin one.
    fn by_letters(sample: &str) -> Option<Language> {
        if sample.is_ascii() {
            return None;
        }
        let letters = sample.chars().filter(|character| character.is_alphabetic()).count();
        Language::all().find(|language| match TONGUES[language.0].told_by {
            Told::Letters(first, last) => {
                let own = |character: &char| (first..=last).contains(character) && character.is_alphabetic();
                sample.chars().filter(own).count() * 2 > letters
            }
            Told::Words(_) => false,
        })
    }

    /// Its code (ISO 639-3).
    pub fn code(self) -> &'static str {
        TONGUES[self.0].code
    }

    /// What a word in lower case is reduced to, without accents. Empty when nothing is left of it.
    pub fn stem(self, lower: &str) -> String {
        let stem = Stemmer::new(TONGUES[self.0].algorithm).stem(lower);
        let mut folded = String::with_capacity(stem.len());
        words::fold(&stem, &mut folded);
        if folded.contains(char::is_whitespace) { String::new() } else { folded }
    }

    /// Does what a word is reduced to differ from the beginning of the word? Then its forms are not found by how they
    /// begin.
    pub fn cuts_beginnings(self) -> bool {
        TONGUES[self.0].code == "ara"
    }
}

/// What a word may be reduced to in any language, without the word itself.
pub fn stems(lower: &str, folded: &str) -> BTreeSet<String> {
    Language::all().map(|language| language.stem(lower)).filter(|stem| !stem.is_empty() && stem != folded).collect()
}

/// How all words begin that are reduced to this stem: a vowel at its end may be written otherwise (*make*, *making*).
pub fn beginning(stem: &str) -> &str {
    let cut = stem.strip_suffix(['a', 'e', 'i', 'o', 'u', 'y']);
    cut.filter(|cut| cut.len() >= BEGINNING_BYTES_MIN).unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_GERMAN: &str = "Die Häuser der Stadt stehen an den Straßen, und die Leute gehen am Abend nach Hause.";
    const IN_ENGLISH: &str =
        "The houses of the town stand along the streets, and people are walking home in the evening.";

    #[test]
    fn languages_are_told_apart() {
        let check = |text: &str, expected: &str| {
            let codes: Vec<&str> = Language::of(text).into_iter().map(Language::code).collect();
            assert_eq!(codes.join(" "), expected, "{text}");
        };
        check(IN_GERMAN, "deu");
        check(IN_ENGLISH, "eng");
        check(
            "Vedhæftet er fakturaen, som vi talte om i går. Jeg håber, at den kan betales af jer inden fredag.",
            "dan",
        );
        check(
            "Ohessa on lasku, josta puhuimme eilen. Toivon, että se voidaan maksaa ennen kuin loma alkaa, ja kiitän.",
            "fin",
        );
        check(
            "Veuillez trouver ci-joint la facture dont nous avons parlé hier, et que vous pouvez payer par virement.",
            "fra",
        );
        check(
            "Mellékelten küldöm a számlát, amelyről tegnap beszéltünk, és kérem, hogy azt még péntekig fizesse be.",
            "hun",
        );
        check(
            "In allegato trova la fattura di cui abbiamo parlato ieri; le sono grato se può pagarla entro venerdì.",
            "ita",
        );
        check(
            "In de bijlage vindt u de factuur waarover wij gisteren spraken; ik hoop dat het voor vrijdag lukt.",
            "nld",
        );
        check(
            "Vedlagt er fakturaen som vi snakket om i går, og jeg håper at den blir betalt av dere før helgen.",
            "nob",
        );
        check(
            "Segue em anexo a fatura de que falámos ontem; peço que a pague até sexta-feira, se não for incómodo.",
            "por",
        );
        check(
            "Găsiți în anexă factura despre care am vorbit ieri și vă rog să o plătiți până vineri, dacă este posibil.",
            "ron",
        );
        check(
            "Adjunto le envío la factura de la que hablamos ayer; le ruego que la pague antes del viernes, por favor.",
            "spa",
        );
        check(
            "Bifogat finns fakturan som vi talade om i går, och jag hoppas att den kan betalas av er före helgen.",
            "swe",
        );
        check(
            "Ekte dün konuştuğumuz fatura var; bu faturayı cuma gününe kadar ödemeniz için çok teşekkür ederim.",
            "tur",
        );
        check("Во вложении счёт, о котором мы говорили вчера; see the attachment.", "rus");
        check("Στο συνημμένο θα βρείτε το τιμολόγιο.", "ell");
        check("تجدون الفاتورة في المرفقات", "ara");
        // Nothing tells.
        check("", "eng");
        check("Invoice 4711", "eng");
        check("日本語のテキスト", "eng");
        check(
            "vel demor injo rade figrede senferbafer lamorquigre vatanor blekayo hollara culgre vel xayoin menva",
            "eng",
        );
        // Little tells, and it may as well be an English text.
        check("Angebot für Anna", "deu eng");
    }

    #[test]
    fn words_of_one_kind_meet() {
        let check = |text: &str, word: &str, expected: &str| {
            let stems: Vec<String> = Language::of(text).into_iter().map(|language| language.stem(word)).collect();
            assert_eq!(stems.first().map(String::as_str), Some(expected), "{word}");
        };
        check(IN_ENGLISH, "walking", "walk");
        check(IN_ENGLISH, "walk", "walk");
        check(IN_GERMAN, "häuser", "haus");
        check(IN_GERMAN, "haus", "haus");
        check("", "meetings", "meet");
        assert!(stems("walking", "walking").contains("walk"));
        assert!(!stems("walk", "walk").contains("walk"));
    }

    #[test]
    fn forms_begin_alike() {
        let forms = [
            ("eng", "make making makes"),
            ("eng", "fly flies flying"),
            ("eng", "happy happier happiness"),
            ("eng", "agree agreed agreement"),
            ("deu", "angebot angebote angeboten"),
            ("fra", "continuer continue continuons"),
            ("spa", "trabajo trabajos trabajar"),
            ("ita", "lavoro lavori lavorare"),
            ("swe", "handel handeln"),
        ];
        for (code, forms) in forms {
            let language = Language::all().find(|language| language.code() == code).expect("is known");
            for wanted in forms.split(' ') {
                let stem = language.stem(wanted);
                let alike = |form: &&str| language.stem(form) == stem;
                for form in forms.split(' ').filter(alike) {
                    assert!(form.starts_with(beginning(&stem)), "{wanted} finds {form} by {stem}");
                }
            }
        }
    }
}
