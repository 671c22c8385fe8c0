// Text as CLIP's tokenizer wants it: repaired, unescaped, one space between words, lower case.
#pragma once

#include <string>
#include <string_view>

namespace pipit::clip {

/// What CLIP's SimpleTokenizer does before it looks for words: ftfy.fix_text (6.3, its defaults), html.unescape twice,
/// white space folded and trimmed, str.lower. One thing of ftfy is left out: the repair of mojibake ("schÃ¶n"), which
/// stays as it is. In a corpus made to be hard (tests/operators/clip/data/corpus.py, 21,000 lines) that changes 12 of
/// the 20,300 lines that were not written as mojibake, and all 700 that were.
///
/// Takes and returns UTF-8. Throws pipit::Error: `invalid_input` for other bytes, `limit_exceeded` for text that was
/// escaped so often that it can only be an attack.
std::string clean_text(std::string_view text);

/// What Hugging Face's CLIPTokenizer does before it looks for words: NFC, white space folded, each character in lower
/// case. Takes, returns and throws as above.
std::string fold_text(std::string_view text);

}  // namespace pipit::clip
