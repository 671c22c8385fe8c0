#include "clip/text/vocabulary.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <queue>
#include <string>

#include "pipit/error.h"

namespace pipit::clip {
namespace {

constexpr std::size_t kMerges = 49152 - 256 - 2;
constexpr std::string_view kEndOfWord = "</w>";

std::string read_gzip(const std::filesystem::path& file) {
  const std::unique_ptr<gzFile_s, decltype(&gzclose)> in(gzopen(file.c_str(), "rb"), &gzclose);
  if (!in) {
    throw Error("not_found",
                fmt::format("no CLIP vocabulary at '{}'; it is installed with the operators", file.string()));
  }
  std::string text;
  std::array<char, 1 << 16> chunk;
  int size = 0;
  while ((size = gzread(in.get(), chunk.data(), chunk.size())) > 0) text.append(chunk.data(), size);
  if (size < 0) throw Error("invalid_checkpoint", fmt::format("'{}' is a damaged gzip file", file.string()));
  return text;
}

/// The file spells bytes as printable characters: those that are such characters in Latin-1 as themselves, all others
/// as U+0100 and up. The order of `bytes` is the order of their tokens.
struct ByteSpelling {
  std::array<unsigned char, 256> bytes;
  std::array<std::string, 256> texts;  // by token
};

ByteSpelling byte_spelling() {
  ByteSpelling spelling;
  std::array<bool, 256> printable{};
  std::size_t token = 0;
  const auto add = [&](int byte, int code_point) {
    spelling.bytes[token] = static_cast<unsigned char>(byte);
    std::string& text = spelling.texts[token++];
    if (code_point < 0x80) {
      text = static_cast<char>(code_point);
    } else {
      text = {static_cast<char>(0xC0 | code_point >> 6), static_cast<char>(0x80 | (code_point & 0x3F))};
    }
  };
  struct Range {
    int first, last;
  };
  for (const Range range : {Range{'!', '~'}, Range{0xA1, 0xAC}, Range{0xAE, 0xFF}}) {
    for (int byte = range.first; byte <= range.last; ++byte) {
      printable[byte] = true;
      add(byte, byte);
    }
  }
  for (int byte = 0, other = 0x100; byte < 256; ++byte) {
    if (!printable[byte]) add(byte, other++);
  }
  return spelling;
}

}  // namespace

std::filesystem::path installed_vocabulary() {
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&installed_vocabulary), &self) == 0) {
    throw Error("internal", "libpipit_clip.so cannot find its own path");
  }
  return std::filesystem::path(self.dli_fname).parent_path() / "pipit" / "data" / "bpe_simple_vocab_16e6.txt.gz";
}

Vocabulary::Vocabulary(const std::filesystem::path& file) {
  const std::string text = read_gzip(file);
  std::unordered_map<std::string, TokenId> tokens;
  tokens.reserve(kVocabularySize);
  const ByteSpelling spelling = byte_spelling();
  for (TokenId token = 0; token < 256; ++token) {
    byte_tokens_[spelling.bytes[token]] = token;
    tokens[spelling.texts[token]] = token;
    tokens[spelling.texts[token] + std::string(kEndOfWord)] = token + 256;
  }

  // First the tokens, then the merges: where two merges give one text, its token is the later one's.
  const auto not_ours = [&](std::size_t line) {
    return Error("invalid_checkpoint",
                 fmt::format("'{}' is not CLIP's vocabulary: line {} is not a pair of tokens; expected "
                             "bpe_simple_vocab_16e6.txt.gz with {} merges or more",
                             file.string(), line + 1, kMerges));
  };
  struct Pair {
    std::string_view left, right;
  };
  std::vector<Pair> pairs;
  pairs.reserve(kMerges);
  std::string_view rest = text;
  for (std::size_t line = 0; line <= kMerges; ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view merge = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line == 0) continue;  // a comment
    const std::size_t space = merge.find(' ');
    if (space == 0 || space >= merge.size() - 1) throw not_ours(line);
    pairs.push_back({merge.substr(0, space), merge.substr(space + 1)});
    tokens[std::string(pairs.back().left).append(pairs.back().right)] = static_cast<TokenId>(512 + pairs.size() - 1);
  }
  merges_.reserve(kMerges);
  for (std::size_t rank = 0; rank < kMerges; ++rank) {
    const Pair& pair = pairs[rank];
    const auto left = tokens.find(std::string(pair.left));
    const auto right = tokens.find(std::string(pair.right));
    if (left == tokens.end() || right == tokens.end()) throw not_ours(rank + 1);
    merges_[key(left->second, right->second)] = {static_cast<std::int32_t>(rank),
                                                 tokens.at(std::string(pair.left).append(pair.right))};
  }
}

std::vector<TokenId> Vocabulary::split(std::string_view word) const {
  // The pieces are a doubly linked list in an array, so that a join costs the same wherever it happens.
  struct Piece {
    TokenId token;
    int previous;
    int next;
  };
  struct Candidate {
    std::int32_t rank;
    int left;
    TokenId left_token, right_token;  // as they were when this was found: a later join makes it void
    TokenId joined;
    bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
  };
  constexpr int kNone = -1;
  const int size = static_cast<int>(word.size());
  std::vector<Piece> pieces(word.size());
  for (int i = 0; i < size; ++i) {
    pieces[i] = {byte_tokens_[static_cast<unsigned char>(word[i])], i - 1, i + 1 < size ? i + 1 : kNone};
  }
  pieces.back().token += 256;

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates;
  const auto consider = [&](int left) {
    if (left == kNone || pieces[left].next == kNone) return;
    const TokenId left_token = pieces[left].token;
    const TokenId right_token = pieces[pieces[left].next].token;
    const auto merge = merges_.find(key(left_token, right_token));
    if (merge != merges_.end()) {
      candidates.push({merge->second.rank, left, left_token, right_token, merge->second.joined});
    }
  };
  for (int i = 0; i < size; ++i) consider(i);

  // The reference joins every occurrence of a pair, from left to right, before it looks at pairs that this makes.
  constexpr TokenId kGone = -1;
  std::vector<int> joined;
  while (!candidates.empty()) {
    const std::int32_t rank = candidates.top().rank;
    joined.clear();
    while (!candidates.empty() && candidates.top().rank == rank) {
      const Candidate c = candidates.top();
      candidates.pop();
      Piece& left = pieces[c.left];
      if (left.token != c.left_token || left.next == kNone || pieces[left.next].token != c.right_token) continue;
      Piece& right = pieces[left.next];
      left.token = c.joined;
      left.next = right.next;
      right.token = kGone;
      if (left.next != kNone) pieces[left.next].previous = c.left;
      joined.push_back(c.left);
    }
    for (const int at : joined) {
      consider(pieces[at].previous);
      consider(at);
    }
  }

  std::vector<TokenId> tokens;
  for (int i = 0; i != kNone; i = pieces[i].next) tokens.push_back(pieces[i].token);
  return tokens;
}

}  // namespace pipit::clip
