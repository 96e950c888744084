"""The console in another language: every text that a page shows comes from the file of its translation.

The language is English in letters with marks, so that whatever is said in plain ones was not translated."""

import re

from console import ADMIN, PICTURES, USER
from gallery import BEYOND_THE_MENU, furnished
from spool import NOWHERE

MARKED = str.maketrans("abcdefghijklmnopqrstuvwxyz", "áƀćđéƒǵħíĵķĺḿńóṕʠŕśŧúṽẃẋýź")
FILE = PICTURES / "en-XA.ftl"

# What pages show in plain letters: names, what the API and the logs call things, and what people have written.
PLAIN = set("""
    Mailstead Manage Sieve Web PROXY Gmail alice bob admin dean mailstead postmaster Invoice Invoices Office Team someone remote example
    anonymous smtp submission submissions imap imaps pop sieve web spool indexing reports system delivery audit
    debug info warning error hostname data
    sends nothing else the office not authenticated by System Administrator
""".split())

# Pages whose tables are made of what the logs and the API say.
TABLES_IN_PLAIN = ("/api", "/audit", "/logs", "/me/visits")

TEXTS = """
const shown = [], skip = "code, kbd, pre, script, style, time, textarea, [data-tail], noscript, .notice p, tbody td.title, .settings h2, select[name=kind], select[name=level]";
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode;
  if (!node.parentElement.closest(skip)) shown.push(node.data);
}
for (const element of document.querySelectorAll("[aria-label], [placeholder], [data-label], [data-confirm]"))
  for (const name of ["aria-label", "placeholder", "data-label", "data-confirm"])
    if (element.hasAttribute(name)) shown.push(element.getAttribute(name));
return shown;
"""


def marked(texts):
    """A translation: each letter of what stands behind a key, but for what is put in and for choices by number."""
    def mark(text):
        return "".join(part if part.lstrip().startswith(("{", "[", "*[")) else part.translate(MARKED)
                       for part in re.split(r"(\{[^{}]*\}|^\s*\*?\[\w+\])", text, flags=re.M))

    lines = []
    for line in texts.splitlines():
        key, equals, text = line.partition(" =")
        if line.startswith((" ", "\t")):
            lines.append(line if "$count ->" in line or line.strip() == "}" else mark(line))
        elif equals and not line.startswith("#"):
            lines.append(key + equals + mark(text))
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def translated(box):
    PICTURES.mkdir(parents=True, exist_ok=True)
    FILE.write_text(marked(box.cli("config", "texts")))
    box.cli("config", "set", "web.translation", str(FILE))


def plain(text):
    """What of a text is in plain letters and should not be."""
    text = re.sub(r"\S*[@/.:_\d]\S*", " ", text)
    return [word for word in re.findall(r"[a-z]{2,}|[A-Z][a-z]+", text) if word not in PLAIN]


def every_page_speaks_the_language(console):
    sessions, found = furnished(console), {}
    with console.browser() as browser:
        browser.open("/")
        assert browser.driver.execute_script("return document.documentElement.lang") == "en-XA"
        browser.sign_in(ADMIN)
        for path in ["/", "/sign-in", *browser.menu(), *BEYOND_THE_MENU[ADMIN], f"/users/{USER}/mail"]:
            browser.open(path)
            texts = TEXTS.replace("tbody td.title", "tbody td, h2") if path.startswith(TABLES_IN_PLAIN) else TEXTS
            words = {word for text in browser.driver.execute_script(texts) for word in plain(text)}
            if words:
                found[path] = sorted(words)
        browser.open("/dashboard").photograph("translated-dashboard")
    assert not found, f"in plain letters: {found}"
    assert len(sessions) == 4


TESTS = [every_page_speaks_the_language]
every_page_speaks_the_language.settings = NOWHERE
every_page_speaks_the_language.host = "0.0.0.0"
every_page_speaks_the_language.before = translated
