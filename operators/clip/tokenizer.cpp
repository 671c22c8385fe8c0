#include "clip/tokenizer.h"

#include <unicode/utf8.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include "clip/text_cleaning.h"
#include "clip/unicode.h"

namespace pipit::clip {
namespace {

constexpr std::size_t kRememberedWords = 1 << 16;
constexpr std::size_t kLongestRememberedWord = 64;

constexpr std::string_view kStartText = "<|startoftext|>";
constexpr std::string_view kEndText = "<|endoftext|>";

/// Cuts clean text where CLIP's pattern does:
///   <|startoftext|> | <|endoftext|> | 's | 't | 're | 've | 'm | 'll | 'd | letters | one number | anything else but
///   white space
class WordScanner {
 public:
  explicit WordScanner(std::string_view text) : text_(text) {}

  /// The next word; empty at the end.
  std::string_view next() {
    Character c = character();
    while (c.size != 0 && c.kind == Kind::kSkipped) {
      at_ += c.size;
      c = character();
    }
    const std::size_t start = at_;
    if (!skip_fixed()) {
      const Kind kind = c.kind;
      do {
        at_ += c.size;
        c = character();
      } while (c.size != 0 && c.kind == kind && kind != Kind::kNumber);
    }
    return text_.substr(start, at_ - start);
  }

 private:
  enum class Kind { kLetter, kNumber, kOther, kSkipped };
  struct Character {
    Kind kind = Kind::kSkipped;
    std::size_t size = 0;
  };

  Character character() const {
    if (at_ == text_.size()) return {};
    const auto first = static_cast<unsigned char>(text_[at_]);
    if (first < 0x80) {
      if (first >= 'a' && first <= 'z') return {Kind::kLetter, 1};
      if (first >= '0' && first <= '9') return {Kind::kNumber, 1};
      return {first == ' ' ? Kind::kSkipped : Kind::kOther, 1};
    }
    std::size_t end = at_;
    UChar32 c = 0;
    U8_NEXT_UNSAFE(text_.data(), end, c);
    return {kind(static_cast<char32_t>(c)), end - at_};
  }

  static Kind kind(char32_t c) {
    // The combining iota: no letter itself, but its upper case is one, which the pattern's "ignore case" takes for "not
    // other".
    if (c == 0x0345) return Kind::kSkipped;
    switch (classify(c)) {
      case CharacterClass::kLetter:
        return Kind::kLetter;
      case CharacterClass::kNumber:
        return Kind::kNumber;
      case CharacterClass::kSpace:
        return Kind::kSkipped;
      case CharacterClass::kOther:
        break;
    }
    return Kind::kOther;
  }

  bool skip_fixed() {
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '<')) return false;
    for (const std::string_view fixed :
         {kStartText, kEndText, std::string_view("'s"), std::string_view("'t"), std::string_view("'re"),
          std::string_view("'ve"), std::string_view("'m"), std::string_view("'ll"), std::string_view("'d")}) {
      if (const std::size_t size = size_of_match(fixed)) {
        at_ += size;
        return true;
      }
    }
    return false;
  }

  /// Ignoring case: in lower-cased text only the long s is left of what equals an ASCII letter in another case.
  std::size_t size_of_match(std::string_view fixed) const {
    std::string_view rest = text_.substr(at_);
    for (const char c : fixed) {
      if (rest.starts_with(c)) {
        rest.remove_prefix(1);
      } else if (c == 's' && rest.starts_with("\u017F")) {
        rest.remove_prefix(2);
      } else {
        return 0;
      }
    }
    return text_.size() - at_ - rest.size();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct WordHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
};

}  // namespace

struct Tokenizer::State {
  explicit State(const std::filesystem::path& file) : vocabulary(file) {}

  void append(std::string_view word, std::vector<TokenId>& out) {
    if (word == kStartText || word == kEndText) {
      out.push_back(word == kStartText ? kStartOfText : kEndOfText);
      return;
    }
    if (const auto known = words.find(word); known != words.end()) {
      out.insert(out.end(), known->second.begin(), known->second.end());
      return;
    }
    std::vector<TokenId> tokens = vocabulary.split(word);
    out.insert(out.end(), tokens.begin(), tokens.end());
    if (word.size() > kLongestRememberedWord) return;
    if (words.size() == kRememberedWords) words.clear();
    words.emplace(word, std::move(tokens));
  }

  const Vocabulary vocabulary;
  std::mutex mutex;  // of what follows
  std::unordered_map<std::string, std::vector<TokenId>, WordHash, std::equal_to<>> words;
};

Tokenizer::Tokenizer(const std::filesystem::path& vocabulary) : state_(std::make_unique<State>(vocabulary)) {}
Tokenizer::~Tokenizer() = default;

Sentence Tokenizer::encode(std::string_view text, std::size_t max_tokens) const {
  const std::string clean = clean_text(text);
  Sentence sentence;
  std::vector<TokenId>& tokens = sentence.tokens;
  tokens.push_back(kStartOfText);
  WordScanner words(clean);
  const std::scoped_lock lock(state_->mutex);
  for (auto word = words.next(); !word.empty() && tokens.size() < max_tokens; word = words.next()) {
    state_->append(word, tokens);
  }
  if (tokens.size() > max_tokens - 1) {
    tokens.resize(max_tokens - 1);
    sentence.cut = true;
  }
  tokens.push_back(kEndOfText);
  return sentence;
}

}  // namespace pipit::clip
