"""Attachments as programs of others write them, each with a word that is nowhere else."""

import io
import pathlib
import shutil
import subprocess
import tempfile
import zipfile

import docx
import odf.opendocument
import odf.text
import openpyxl
import pptx
from reportlab.pdfgen import canvas


def word_document(word):
    document, out = docx.Document(), io.BytesIO()
    document.add_heading("A heading")
    document.add_paragraph(f"In a paragraph: {word}.")
    document.add_table(1, 1).cell(0, 0).text = f"{word}cell"
    document.save(out)
    return out.getvalue()


def workbook(word):
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["name", word, 17])
    book.save(out)
    return out.getvalue()


def slides(word):
    show, out = pptx.Presentation(), io.BytesIO()
    show.slides.add_slide(show.slide_layouts[0]).shapes.title.text = f"About {word}"
    show.save(out)
    return out.getvalue()


def open_document(word):
    document, out = odf.opendocument.OpenDocumentText(), io.BytesIO()
    document.text.addElement(odf.text.P(text=f"In a paragraph: {word}."))
    document.save(out)
    return out.getvalue()


def pdf_of_reportlab(word):
    out = io.BytesIO()
    page = canvas.Canvas(out, pageCompression=1)
    page.drawString(100, 700, f"Auf der Seite: {word}, und die Häuser sind auch da.")
    page.showPage()
    page.save()
    return out.getvalue()


def pdf_of_chromium(word):
    program = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "page.html").write_text(f"<meta charset=utf-8><h1>Überschrift</h1><p>Printed: {word} fluffig")
        subprocess.run([program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                        "--disable-background-networking", "--disable-component-update", "--disable-sync",
                        f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer",
                        f"--print-to-pdf={folder / 'page.pdf'}", f"file://{folder / 'page.html'}"],
                       check=True, capture_output=True, timeout=120)
        return (folder / "page.pdf").read_bytes()


MAKERS = {
    "letter.docx": word_document,
    "numbers.xlsx": workbook,
    "talk.pptx": slides,
    "note.odt": open_document,
    "invoice.pdf": pdf_of_reportlab,
    **({"printed.pdf": pdf_of_chromium} if shutil.which("chromium") else {}),
}


def bombs():
    """Files that mean harm: what they unpack to, how deep they nest, how much they ask for."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"word/part{number}.xml", "<w:t>" + "x" * (40 << 20))
    yield "bomb.docx", zipped.getvalue()
    yield "deep.pdf", b"%PDF-1.4 1 0 obj " + b"[" * (4 << 20)
    yield "deep.docx", zip_of("word/document.xml", "<a>" * 2_000_000)
    import zlib
    packed = zlib.compress(b"BT /F 1 Tf (word) Tj ET " * (8 << 20))
    pages = b"".join(b"%d 0 obj << /Type /Page /Contents 1 0 R >> endobj\n" % number for number in range(2, 5000))
    yield "bomb.pdf", (b"%%PDF-1.4\n1 0 obj << /Filter /FlateDecode /Length %d >> stream\n" % len(packed)) + packed + \
        b"\nendstream endobj\n" + pages
    yield "entities.docx", zip_of("word/document.xml", '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(9)) + "]><w:t>&j;</w:t>")


def zip_of(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()
