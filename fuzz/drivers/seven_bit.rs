//! Any bytes as a message that is made 7-bit: what comes out is, does not depend on how it was cut, and needs no second
//! time.

use std::sync::Arc;

use mailstead_core::message::Outline;
use mailstead_core::message::seven_bit::{Recoder, Recoding, Survey, Unfit};

/// Runs one case.
pub fn run(message: &[u8]) {
    let whole = recoded(message, usize::MAX);
    assert_eq!(recoded(message, 3), whole);
    let Ok(Some(out)) = whole else { return };
    assert!(out.is_ascii());
    assert!(matches!(recoded(&out, usize::MAX), Ok(None)));
}

fn recoded(message: &[u8], size: usize) -> Result<Option<Vec<u8>>, Unfit> {
    let (outline, size) = (outline(message), size.min(message.len()).max(1));
    let mut survey = Survey::new(&outline, 0);
    message.chunks(size).for_each(|piece| survey.push(piece));
    survey.finish();
    let Some(recoding) = Recoding::plan(&outline, &survey)? else { return Ok(None) };
    let (mut recoder, mut out) = (Recoder::new(Arc::new(recoding), 0), Vec::new());
    message.chunks(size).for_each(|piece| recoder.push(piece, &mut out));
    recoder.finish(&mut out);
    Ok(Some(out))
}

fn outline(message: &[u8]) -> Outline<'static> {
    Outline::of(message)
}
