//! Files to attach, made here and always the same: a picture, a document, a recording.

/// A picture of a sunset over hills as a PNG, colours uncompressed (ISO/IEC 15948).
pub fn png() -> Vec<u8> {
    const WIDTH: u32 = 240;
    const HEIGHT: u32 = 135;
    let mut pixels = Vec::new();
    for y in 0..HEIGHT {
        pixels.push(0); // no filter on this row
        for x in 0..WIDTH {
            pixels.extend_from_slice(&sunset(x as f32 / WIDTH as f32, y as f32 / HEIGHT as f32));
        }
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [WIDTH.to_be_bytes(), HEIGHT.to_be_bytes()].concat();
    header.extend_from_slice(&[8, 2, 0, 0, 0]); // 8 bits, RGB
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"IDAT", &zlib_stored(&pixels));
    chunk(&mut png, b"IEND", &[]);
    png
}

/// The colour at a point, 0 to 1 from the upper left.
fn sunset(x: f32, y: f32) -> [u8; 3] {
    let hill = 0.68 + 0.07 * (x * 9.0).sin() + 0.03 * (x * 23.0).cos();
    if y > hill {
        let shade = 1.0 - (y - hill) * 1.8;
        return [40.0, 66.0, 58.0].map(|part: f32| (part * shade) as u8);
    }
    if (x - 0.66).powi(2) * 3.2 + (y - 0.52).powi(2) < 0.008 {
        return [255, 236, 179];
    }
    let (high, low) = ([64.0, 78.0, 124.0], [245.0, 160.0, 105.0]);
    std::array::from_fn(|part| (high[part] + (low[part] - high[part]) * y / hill) as u8)
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let from = png.len();
    png.extend_from_slice(kind);
    png.extend_from_slice(data);
    let sum = crc32(&png[from..]);
    png.extend_from_slice(&sum.to_be_bytes());
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// A zlib stream (RFC 1950) of stored blocks.
fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let (mut low, mut high) = (1u32, 0u32);
    for byte in bytes {
        low = (low + u32::from(*byte)) % 65_521;
        high = (high + low) % 65_521;
    }
    stream.extend_from_slice(&(high << 16 | low).to_be_bytes());
    stream
}

/// A one-page PDF with these lines of ASCII text.
pub fn pdf(lines: &[&str]) -> Vec<u8> {
    let mut page = String::from("BT /F1 12 Tf 16 TL 72 760 Td\n");
    for line in lines {
        let escaped = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        page.push_str(&format!("({escaped}) Tj T*\n"));
    }
    page.push_str("ET\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_string(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .into(),
        format!("<< /Length {} >>\nstream\n{page}endstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".into(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut table = String::from("0000000000 65535 f \n");
    for (number, object) in (1..).zip(&objects) {
        table.push_str(&format!("{:010} 00000 n \n", pdf.len()));
        pdf.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let (begin, count) = (pdf.len(), objects.len() + 1);
    pdf.push_str(&format!("xref\n0 {count}\n{table}trailer\n<< /Size {count} /Root 1 0 R >>\n"));
    pdf.push_str(&format!("startxref\n{begin}\n%%EOF\n"));
    pdf.into_bytes()
}

/// A recording of about `bytes` bytes as a WAV: a chord that swells and fades.
pub fn wav(bytes: usize) -> Vec<u8> {
    const RATE: u32 = 44_100;
    let samples = (bytes - 44) / 4;
    let length = (samples * 4) as u32;
    let mut wav = Vec::with_capacity(bytes);
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&(36 + length).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&(RATE * 4).to_le_bytes());
    wav.extend_from_slice(b"\x04\0\x10\0data");
    wav.extend_from_slice(&length.to_le_bytes());
    for at in 0..samples {
        let second = at as f32 / RATE as f32;
        let tone = |hertz: f32| (second * hertz * std::f32::consts::TAU).sin();
        let swell = 2500.0 * (1.0 + (second * 0.8).sin());
        for chord in [[220.0, 277.2], [329.6, 440.0]] {
            let value = chord.into_iter().map(tone).sum::<f32>() * swell;
            wav.extend_from_slice(&(value as i16).to_le_bytes());
        }
    }
    wav
}

#[cfg(test)]
mod tests {
    #[test]
    fn sums_are_those_of_the_standards() {
        assert_eq!(super::crc32(b"123456789"), 0xCBF4_3926);
        assert!(super::zlib_stored(b"Wikipedia").ends_with(&0x11E6_0398u32.to_be_bytes()));
    }

    #[test]
    fn a_recording_has_the_size_asked_for() {
        assert_eq!(super::wav(1 << 20).len(), 1 << 20);
    }
}
