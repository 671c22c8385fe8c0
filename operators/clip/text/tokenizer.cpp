#include "clip/text/tokenizer.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>

#include "clip/text/text_cleaning.h"
#include "clip/text/unicode.h"

namespace pipit::clip {
namespace {

constexpr std::size_t kRememberedWords = 1 << 16;
constexpr std::size_t kLongestRememberedWord = 64;

constexpr std::string_view kStartText = "<|startoftext|>";
constexpr std::string_view kEndText = "<|endoftext|>";

/// Cuts clean text where CLIP's pattern does:
///   <|startoftext|> | <|endoftext|> | 's | 't | 're | 've | 'm | 'll | 'd | letters | one number | anything else but
///   white space
/// OpenAI ignores case in it. Hugging Face does not, and has found the special tokens before: a special text that is
/// left ("<|ENDOFTEXT|>", in lower case by now) is a piece that it cuts once more, into "<|", the letters and "|>".
class WordScanner {
 public:
  WordScanner(std::string_view text, TextRules rules)
      : text_(text), openai_(rules == TextRules::kOpenAi), piece_end_(text.size()) {}

  /// The next word; empty at the end.
  std::string_view next() {
    if (at_ == piece_end_) piece_end_ = text_.size();
    Character c = character();
    while (c.size != 0 && c.kind == Kind::kSkipped) {
      at_ += c.size;
      c = character();
    }
    const std::size_t start = at_;
    if (!openai_ && piece_end_ == text_.size()) begin_piece();
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
    if (at_ == piece_end_) return {};
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

  Kind kind(char32_t c) const {
    // The combining iota: no letter itself, but its upper case is one, which the pattern's "ignore case" takes for "not
    // other".
    if (openai_ && c == 0x0345) return Kind::kSkipped;
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

  void begin_piece() {
    for (const std::string_view special : {kStartText, kEndText}) {
      if (size_of_match(special) > 0) piece_end_ = at_ + special.size();
    }
  }

  bool skip_fixed() {
    if (at_ == text_.size() || (text_[at_] != '\'' && (text_[at_] != '<' || !openai_))) return false;
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
      } else if (openai_ && c == 's' && rest.starts_with("\u017F")) {
        rest.remove_prefix(2);
      } else {
        return 0;
      }
    }
    return text_.size() - at_ - rest.size();
  }

  std::string_view text_;
  bool openai_;
  std::size_t piece_end_;
  std::size_t at_ = 0;
};

struct WordHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view word) const { return std::hash<std::string_view>()(word); }
};

}  // namespace

struct Tokenizer::State {
  explicit State(const std::filesystem::path& file) : vocabulary(file) {}

  /// Adds the tokens of a clean text's words, until there are `most` or somewhat more.
  void append_words(std::string_view clean, TextRules rules, std::size_t most, std::vector<TokenId>& out) {
    WordScanner scanner(clean, rules);
    for (auto word = scanner.next(); !word.empty() && out.size() < most; word = scanner.next()) {
      if (rules == TextRules::kOpenAi && (word == kStartText || word == kEndText)) {
        out.push_back(word == kStartText ? kStartOfText : kEndOfText);
      } else {
        append(word, out);
      }
    }
  }

  void append(std::string_view word, std::vector<TokenId>& out) {
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

Sentence Tokenizer::encode(std::string_view text, std::size_t max_tokens, TextRules rules) const {
  Sentence sentence;
  std::vector<TokenId>& tokens = sentence.tokens;
  tokens.push_back(kStartOfText);
  if (rules == TextRules::kOpenAi) {
    const std::string clean = clean_text(text);
    const std::scoped_lock lock(state_->mutex);
    state_->append_words(clean, rules, max_tokens, tokens);
  } else {
    // Special tokens are found first, and what lies between them is a text of its own.
    while (!text.empty() && tokens.size() < max_tokens) {
      const std::size_t special = std::min({text.find(kStartText), text.find(kEndText), text.size()});
      const std::string folded = fold_text(text.substr(0, special));
      text.remove_prefix(special);
      const std::scoped_lock lock(state_->mutex);
      state_->append_words(folded, rules, max_tokens, tokens);
      if (text.empty()) break;
      tokens.push_back(text.starts_with(kStartText) ? kStartOfText : kEndOfText);
      text.remove_prefix((text.starts_with(kStartText) ? kStartText : kEndText).size());
    }
  }
  if (tokens.size() > max_tokens - 1) {
    tokens.resize(max_tokens - 1);
    sentence.cut = true;
  }
  tokens.push_back(kEndOfText);
  return sentence;
}

}  // namespace pipit::clip
