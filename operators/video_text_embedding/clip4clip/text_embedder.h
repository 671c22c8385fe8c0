// A sentence to its vector.
#pragma once

#include <memory>

#include "clip/text_model.h"
#include "clip/tokenizer.h"
#include "embedder.h"
#include "weights.h"

namespace pipit::clip4clip {

class TextEmbedder : public Embedder {
 public:
  TextEmbedder(const Arguments& arguments, const Weights& weights, Context& context);

  void embed(const Batch& in, BatchEmitter& out) override;
  const clip::Footprint& footprint() const override { return model_->footprint(); }

 private:
  Context& context_;
  std::size_t max_words_;
  std::shared_ptr<const clip::Tokenizer> tokenizer_;
  std::shared_ptr<const clip::TextModel> model_;
};

}  // namespace pipit::clip4clip
