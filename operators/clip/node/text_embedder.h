// A sentence to its vector.
#pragma once

#include <memory>

#include "clip/model/text_model.h"
#include "clip/node/embedder.h"
#include "clip/node/weights.h"
#include "clip/text/tokenizer.h"

namespace pipit::clip {

struct TextOptions {
  TextRules rules = TextRules::kOpenAi;
  bool normalized = true;  // the vector
};

class TextEmbedder : public Embedder {
 public:
  /// Takes max_words from the arguments.
  TextEmbedder(const Arguments& arguments, const TextOptions& options, const Weights& weights, Context& context);

  void embed(const Batch& in, BatchEmitter& out) override;
  const Footprint& footprint() const override { return model_->footprint(); }

 private:
  Context& context_;
  std::size_t max_words_;
  TextOptions options_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const TextModel> model_;
};

}  // namespace pipit::clip
