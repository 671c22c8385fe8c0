// CLIP's byte-pair vocabulary: which pieces of words there are, and in which order they are joined.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clip/api.h"

namespace pipit::clip {

using TokenId = std::int32_t;

inline constexpr TokenId kStartOfText = 49406;
inline constexpr TokenId kEndOfText = 49407;
inline constexpr std::int64_t kVocabularySize = 49408;

/// Where the vocabulary lies beside this library: <its folder>/pipit/data/bpe_simple_vocab_16e6.txt.gz.
PIPIT_CLIP_API std::filesystem::path installed_vocabulary();

/// Immutable; safe to use from several threads.
class Vocabulary {
 public:
  /// Reads bpe_simple_vocab_16e6.txt.gz as OpenAI ships it; of its merges the first 48,894 count.
  /// Throws pipit::Error (`not_found`, or `invalid_checkpoint` for a file that is something else).
  explicit Vocabulary(const std::filesystem::path& file);

  /// Splits one word (not empty, UTF-8) into tokens: its bytes, joined pair by pair, the pair that stands first in the
  /// vocabulary first. Takes n·log n for a word of n bytes, however long.
  std::vector<TokenId> split(std::string_view word) const;

 private:
  struct Merge {
    std::int32_t rank;
    TokenId joined;
  };
  static std::uint64_t key(TokenId left, TokenId right) {
    return static_cast<std::uint64_t>(left) << 32 | static_cast<std::uint32_t>(right);
  }

  std::array<TokenId, 256> byte_tokens_{};  // at the end of a word: + 256
  std::unordered_map<std::uint64_t, Merge> merges_;
};

}  // namespace pipit::clip
