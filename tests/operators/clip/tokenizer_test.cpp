// Tokens against those of OpenAI's SimpleTokenizer with ftfy (data/corpus.py).
#include "clip/text/tokenizer.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "pipit/error.h"

using pipit::clip::Sentence;
using pipit::clip::TextRules;
using pipit::clip::TokenId;
using pipit::clip::Tokenizer;
using Tokens = std::vector<TokenId>;

namespace {

constexpr std::size_t kUncut = 1 << 20;

const Tokenizer& tokenizer() {
  static const Tokenizer tokenizer;
  return tokenizer;
}

/// Without start and end, which must be there.
Tokens inner_tokens(const std::string& text, TextRules rules) {
  const Tokens tokens = tokenizer().encode(text, kUncut, rules).tokens;
  REQUIRE(tokens.size() >= 2);
  CHECK(tokens.front() == 49406);
  CHECK(tokens.back() == 49407);
  return Tokens(tokens.begin() + 1, tokens.end() - 1);
}

}  // namespace

TEST_CASE("tokenizer: ids are those of SimpleTokenizer and of Hugging Face on a hard corpus") {
  const std::string path = std::string(PIPIT_TEST_DATA) + "/tokens.jsonl.gz";
  const std::unique_ptr<gzFile_s, int (*)(gzFile_s*)> in(gzopen(path.c_str(), "rb"), gzclose);
  REQUIRE(in);
  std::vector<char> line(1 << 16);
  int lines = 0;
  for (; gzgets(in.get(), line.data(), static_cast<int>(line.size())) != nullptr; ++lines) {
    const auto expected = nlohmann::json::parse(line.data());
    const auto& ids = expected.value("ids", nlohmann::json());
    const auto text = expected["text"].get<std::string>();
    if (!ids.is_null()) CHECK_MESSAGE(inner_tokens(text, TextRules::kOpenAi) == ids, expected.dump(-1, ' ', true));
    const auto& others = expected.value("huggingface", ids);
    if (!others.is_null()) {
      CHECK_MESSAGE(inner_tokens(text, TextRules::kHuggingFace) == others, expected.dump(-1, ' ', true));
    }
  }
  CHECK(lines > 10'000);
}

TEST_CASE("tokenizer: a known sentence") {
  const Sentence sentence = tokenizer().encode("kids feeding and playing with the horse", 32);
  CHECK(sentence.tokens == Tokens{49406, 1911, 9879, 537, 1629, 593, 518, 4558, 49407});
  CHECK_FALSE(sentence.cut);
}

TEST_CASE("tokenizer: an empty sentence is start and end") {
  for (const char* text : {"", " ", "\t\r\n", "\u3000\u2028"}) {
    CHECK(tokenizer().encode(text, 32).tokens == Tokens{49406, 49407});
  }
}

TEST_CASE("tokenizer: a long sentence is cut and says so") {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "horse ";
  const Sentence sentence = tokenizer().encode(text, 32);
  Tokens expected(32, 4558);
  expected.front() = 49406;
  expected.back() = 49407;
  CHECK(sentence.tokens == expected);
  CHECK(sentence.cut);
}

TEST_CASE("tokenizer: a sentence that just fits is not cut") {
  CHECK(tokenizer().encode("horse horse", 4).tokens == Tokens{49406, 4558, 4558, 49407});
  CHECK_FALSE(tokenizer().encode("horse horse", 4).cut);
  CHECK(tokenizer().encode("horse horse", 3).tokens == Tokens{49406, 4558, 49407});
  CHECK(tokenizer().encode("horse horse", 3).cut);
  CHECK(tokenizer().encode("horse", 2).tokens == Tokens{49406, 49407});
  CHECK(tokenizer().encode("horse", 2).cut);
}

TEST_CASE("tokenizer: a word cut within is cut too") {
  const Tokens whole = tokenizer().encode("supercalifragilistic", 32).tokens;
  REQUIRE(whole.size() > 4);
  const Sentence cut = tokenizer().encode("supercalifragilistic", 4);
  CHECK(cut.tokens == Tokens{49406, whole[1], whole[2], 49407});
  CHECK(cut.cut);
}

TEST_CASE("tokenizer: special tokens written out are special") {
  CHECK(tokenizer().encode("<|endoftext|>horse<|StartOfText|>", 32).tokens == Tokens{49406, 49407, 4558, 49406, 49407});
}

TEST_CASE("tokenizer: text that is not UTF-8 is refused with the place") {
  CHECK_THROWS_WITH_AS(tokenizer().encode("ab\xff", 32), "text is not UTF-8: byte 0xff at offset 2", pipit::Error);
  CHECK_THROWS_WITH_AS(tokenizer().encode("\xe4\xb8", 32), "text is not UTF-8: byte 0xe4 at offset 0", pipit::Error);
  CHECK_THROWS_WITH_AS(tokenizer().encode("a \xed\xa0\x80", 32), "text is not UTF-8: byte 0xed at offset 2",
                       pipit::Error);
  CHECK_THROWS_WITH_AS(tokenizer().encode("\xc0\xaf", 32), "text is not UTF-8: byte 0xc0 at offset 0", pipit::Error);
}

TEST_CASE("tokenizer: a word of a million letters takes no quadratic time") {
  const std::string word(1'000'000, 'a');
  CHECK(tokenizer().encode(word, 77).tokens.size() == 77);
}

TEST_CASE("tokenizer: escapes within escapes have an end") {
  std::string text = "&";
  for (int i = 0; i < 10000; ++i) text += "amp;";
  CHECK_THROWS_WITH_AS(tokenizer().encode(text, 32), "text has HTML escapes within escapes more than 100 deep",
                       pipit::Error);
}

TEST_CASE("tokenizer: several threads get what one gets") {
  const std::vector<std::string> texts = {"a man rides a horse", "two dogs & a cat", "schön ist's",
                                          "horse horse horse"};
  std::vector<Tokens> alone;
  for (const std::string& text : texts) alone.push_back(Tokenizer().encode(text, 32).tokens);
  const Tokenizer shared;
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i) {
        const std::size_t which = (i + t) % texts.size();
        wrong[t] += shared.encode(texts[which], 32).tokens != alone[which];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
}

TEST_CASE("tokenizer: a missing vocabulary is named") {
  CHECK_THROWS_WITH_AS(Tokenizer("/nowhere/bpe.txt.gz"),
                       "no CLIP vocabulary at '/nowhere/bpe.txt.gz'; it is installed with the operators", pipit::Error);
}

TEST_CASE("tokenizer: a file that is no vocabulary is refused") {
  const std::string file = std::string(PIPIT_TEST_DATA) + "/mean_p.json";
  const std::string message = "'" + file +
                              "' is not CLIP's vocabulary: line 2 is not a pair of tokens; expected "
                              "bpe_simple_vocab_16e6.txt.gz with 48894 merges or more";
  CHECK_THROWS_WITH_AS(Tokenizer{file}, message.c_str(), pipit::Error);
}
