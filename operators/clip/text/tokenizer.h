// Text to tokens, as OpenAI's SimpleTokenizer makes them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "clip/api.h"
#include "clip/text/vocabulary.h"

namespace pipit::clip {

/// A sentence for the text tower: 49406, the words' tokens, 49407.
struct Sentence {
  std::vector<TokenId> tokens;
  bool cut = false;  // there were more words than fit
};

/// Whose tokens: OpenAI's SimpleTokenizer with ftfy 6.3, or Hugging Face's CLIPTokenizer, which repairs and unescapes
/// nothing and takes "<|endoftext|>" for the token only where it is written so.
enum class TextRules { kOpenAi, kHuggingFace };

/// Safe to use from several threads. Remembers the tokens of the words that it has seen, up to a bound.
class PIPIT_CLIP_API Tokenizer {
 public:
  /// Throws pipit::Error if the vocabulary cannot be read; it is read once, here.
  explicit Tokenizer(const std::filesystem::path& vocabulary = installed_vocabulary());
  ~Tokenizer();

  /// Reference: openai/CLIP, clip/simple_tokenizer.py (see text_cleaning.h); transformers,
  /// models/clip/tokenization_clip.py. `text` is UTF-8 of any length; at most `max_tokens` (two or more) come out,
  /// start and end included. An empty text is start and end. Throws pipit::Error (`invalid_input`) for text that is not
  /// UTF-8.
  Sentence encode(std::string_view text, std::size_t max_tokens, TextRules rules = TextRules::kOpenAi) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pipit::clip
