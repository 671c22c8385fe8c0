// test/text.tokens: the tokens that a sentence becomes, which the operators keep to themselves.
#include <memory>

#include "clip/text/tokenizer.h"
#include "pipit/operator.h"

namespace {

using pipit::clip::TextRules;
using pipit::clip::Tokenizer;

class Tokens {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("The tokens of a sentence, start and end included.")
        .input("text", "string")
        .output("tokens", "list<int>")
        .argument("rules", "enum(openai|huggingface)", "openai", "whose")
        .argument("max_words", "int", "1000000", "at most so many");
  }

  Tokens(const pipit::Arguments& arguments, pipit::Context& context)
      : rules_(arguments.string("rules") == "openai" ? TextRules::kOpenAi : TextRules::kHuggingFace),
        max_words_(static_cast<std::size_t>(arguments.integer("max_words"))),
        tokenizer_(context.shared<Tokenizer>("clip tokenizer", [] { return std::make_unique<Tokenizer>(); })) {}

  pipit::Value process(const pipit::Row& row) const {
    std::vector<pipit::Value> tokens;
    for (const auto token : tokenizer_->encode(row[0].string(), max_words_, rules_).tokens) {
      tokens.emplace_back(std::int64_t{token});
    }
    return pipit::Value::list(std::move(tokens));
  }

 private:
  TextRules rules_;
  std::size_t max_words_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace

PIPIT_OPERATOR("test/text.tokens", "1.0.0", "for the fidelity suite", Tokens);
