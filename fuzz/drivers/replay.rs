//! Replays the cases of a target, for a test of the crate beside this folder.

use std::path::Path;

/// Where the cases are, and what their bytes may be cut to: every beginning of a case is a case.
pub fn replay(target: &str, run: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let mut cases = 0;
    for kind in ["corpus-seeds", "regressions"] {
        let Ok(folder) = std::fs::read_dir(fuzz.join(kind).join(target)) else { continue };
        for case in folder {
            let path = case.expect("an entry").path();
            println!("{}", path.display());
            let bytes = std::fs::read(&path).expect("reads");
            (0..=bytes.len()).for_each(|end| run(&bytes[..end]));
            cases += 1;
        }
    }
    assert!(cases > 0, "no case for {target}");
}
