//! Letters in many languages and scripts.

use super::super::mime::{Entity, Mail, Person};
use super::{ALICE, BOB};

/// Author, recipient, id, subject and text of each.
const LETTERS: [(Person, Person, &str, &str, &str); 13] = [
    (
        ("Jürgen Großmann", "juergen@grossmann.example"),
        ALICE,
        "de",
        "Grüße aus Köln – und eine Frage zum Schlüssel",
        "Hallo Alice,\n\nschöne Grüße vom Rhein! Wir haben den Schlüssel für das Gartenhäuschen gefunden, er lag\n\
         unter dem Blumentopf. Soll ich ihn dir mit der Post schicken, oder kommst du im Dezember ohnehin vorbei?\n\n\
         Viele Grüße\nJürgen\n",
    ),
    (
        ("Élodie Lefèvre", "elodie@lefevre.example"),
        BOB,
        "fr",
        "Re : traduction française — dernières corrections",
        "Bonjour Bob,\n\nvoici les dernières corrections. Attention à l’espace insécable avant les points\n\
         d’exclamation ! Le chapitre « Où êtes-vous ? » est terminé, il reste la préface.\n\nÀ bientôt\nÉlodie\n",
    ),
    (
        ("María José Núñez", "mj@nunez.example"),
        ALICE,
        "es",
        "¿Vienes a Cádiz en febrero?",
        "¡Hola, Alice!\n\nEl carnaval empieza el 12 de febrero. Tenemos sitio para dos en la habitación pequeña.\n\
         Mañana te mando fotos del piso.\n\nUn abrazo\nMaría José\n",
    ),
    (
        ("Małgorzata Wiśniewska", "malgorzata@wisniewska.example"),
        BOB,
        "pl",
        "Zażółć gęślą jaźń: test czcionek",
        "Cześć Bob,\n\nw nowej wersji brakuje litery „ź” w nagłówkach. Zrzut ekranu wyślę wieczorem.\n\nPozdrawiam\n\
         Małgorzata\n",
    ),
    (
        ("Иван Петров", "ivan@petrov.example"),
        ALICE,
        "ru",
        "Расписание поездов на понедельник",
        "Здравствуйте, Алиса!\n\nПоезд отправляется в 7:45 с третьего пути. Билеты я уже купил, встречаемся у\n\
         главного входа.\n\nС уважением,\nИван\n",
    ),
    (
        ("Ελένη Παπαδοπούλου", "eleni@papadopoulou.example"),
        BOB,
        "el",
        "Φωτογραφίες από τη Νάξο",
        "Γεια σου Μπομπ,\n\nσου στέλνω τις φωτογραφίες την Κυριακή. Ο καιρός ήταν υπέροχος!\n\nΕλένη\n",
    ),
    (
        ("山田 太郎", "taro@yamada.example"),
        ALICE,
        "ja",
        "来週の打ち合わせについて",
        "アリス様\n\nお世話になっております。来週の打ち合わせですが、火曜日の午後三時はいかがでしょうか。\n\
         会議室は二階を予約しました。\n\nよろしくお願いいたします。\n山田\n",
    ),
    (
        ("李小龙", "xiaolong@li.example"),
        BOB,
        "zh",
        "关于合同第三条的修改意见",
        "Bob，您好：\n\n合同第三条我们建议改为“三十个工作日内”。其余条款没有意见，请查收附件后确认。\n\n此致\n李小龙\n",
    ),
    (
        ("김민지", "minji@kim.example"),
        ALICE,
        "ko",
        "사진 고마워요!",
        "앨리스에게,\n\n보내 준 사진 잘 받았어요. 다음 주에 서울에서 만나요!\n\n민지\n",
    ),
    (
        ("فاطمة الزهراء", "fatima@zahra.example"),
        BOB,
        "ar",
        "موعد الاجتماع القادم",
        "السلام عليكم بوب،\n\nالاجتماع القادم يوم الأربعاء في الساعة العاشرة صباحًا.\n\nمع التحية\nفاطمة\n",
    ),
    (
        ("נועה לוי", "noa@levi.example"),
        ALICE,
        "he",
        "מתכון לעוגת גבינה",
        "היי אליס,\n\nהנה המתכון שביקשת: 500 גרם גבינה, 4 ביצים, כוס סוכר. 180 מעלות, 50 דקות.\n\nנועה\n",
    ),
    (
        ("प्रिया शर्मा", "priya@sharma.example"),
        BOB,
        "hi",
        "दीवाली की शुभकामनाएँ",
        "प्रिय बॉब,\n\nआपको और आपके परिवार को दीवाली की हार्दिक शुभकामनाएँ!\n\nप्रिया\n",
    ),
    (
        ("Zoë 🌻", "zoe@sunflower.example"),
        ALICE,
        "emoji",
        "🎂 Surprise party! 🤫 (don't tell Bob)",
        "Saturday 🕖 19:00 at my place. Bring 🧁 and no 🐶, Bob is allergic.\n\n👩‍👩‍👧‍👦 are all invited. 🏳️‍🌈\n",
    ),
];

pub(super) fn mails() -> Vec<Mail> {
    let letter = |(at, (from, to, id, subject, text)): (u64, &(Person, Person, &'static str, &'static str, &str))| {
        Mail::new(*from, &[*to], 70 + at * 7, id, subject, Entity::text(text))
    };
    (0..).zip(&LETTERS).map(letter).collect()
}
