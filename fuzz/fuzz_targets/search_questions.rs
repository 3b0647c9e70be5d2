//! Asks the full-text search questions about any text: nothing panics, and each place that is found is in the text.
//! The question stands before the first NUL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailbox::search::forms;
use mailbox::search::sought::{ANYWHERE, Sought, places};

fuzz_target!(|data: &[u8]| {
    let data = String::from_utf8_lossy(data);
    let (asked, text) = data.split_once('\0').unwrap_or((&data, ""));
    for word in forms::words(text) {
        assert!(!word.plain.is_empty() && text.get(word.start..word.end).is_some());
    }
    let words = [false, true].into_iter().filter_map(|quoted| Sought::words(&ANYWHERE, asked, quoted));
    let piece = Some(asked).filter(|asked| !asked.is_empty()).map(|asked| Sought::piece(&ANYWHERE, asked));
    for sought in words.chain(piece) {
        sought.question();
        // A letter that has the words as they were typed has them.
        assert!(!sought.as_typed(asked).is_in(text) || sought.is_in(text));
        for (start, end) in places(std::slice::from_ref(&sought), text) {
            assert!(text.get(start..end).is_some());
        }
    }
});
