#include "clip/model/temporal_head.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "clip/model/vectors.h"
#include "pipit/error.h"

namespace pipit::clip {
namespace {

constexpr double kEpsilon = 1e-12;  // seqTransf's

}  // namespace

TemporalHead::TemporalHead(TensorReader& reader) : head_(reader.architecture().head) {
  if (head_ == weights::Head::kSeqLstm) {
    for (const char* name : {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}) {
      lstm_.push_back(reader.read(fmt::format("lstm_visual.{}", name)));
    }
  } else if (head_ == weights::Head::kSeqTransf) {
    frame_positions_ = reader.read("frame_position_embeddings.weight");
    transformer_.emplace(reader, TransformerOptions{.prefix = "transformerClip.",
                                                    .layers = reader.architecture().head_layers,
                                                    .heads = reader.architecture().text.heads,
                                                    .eps = kEpsilon});
  } else if (head_ == weights::Head::kTransformerAdapter) {
    frame_positions_ = reader.read("adapter.positional_embedding");
    transformer_.emplace(reader, TransformerOptions{.prefix = "adapter.transformer.",
                                                    .layers = reader.architecture().head_layers,
                                                    .heads = reader.architecture().text.heads});
  }
}

at::Tensor TemporalHead::relate(const at::Tensor& features, at::IntArrayRef lengths) const {
  switch (head_) {
    case weights::Head::kMeanP:
      return features;
    case weights::Head::kSeqLstm: {
      std::vector<at::Tensor> outputs;
      for (const at::Tensor& clip : features.split_with_sizes(lengths)) outputs.push_back(remember(clip));
      return features + at::cat(outputs);
    }
    case weights::Head::kSeqTransf:
    case weights::Head::kTransformerAdapter:
      return attend(features, lengths);
  }
  throw Error("internal", "a head that is none");
}

at::Tensor TemporalHead::remember(const at::Tensor& frames) const {
  if (frames.is_cpu()) {
    const at::Tensor zero = at::zeros({1, 1, frames.size(1)}, frames.options());
    return std::get<0>(at::lstm(frames.unsqueeze(0), {zero, zero}, lstm_, /*has_biases=*/true, /*num_layers=*/1,
                                /*dropout=*/0, /*train=*/false, /*bidirectional=*/false, /*batch_first=*/true))
        .squeeze(0);
  }
  // cuDNN's rounds to TF32.
  at::Tensor hidden = at::zeros({1, frames.size(1)}, frames.options());
  at::Tensor cell = hidden;
  std::vector<at::Tensor> outputs;
  for (const at::Tensor& frame : frames.split(1)) {
    std::tie(hidden, cell) = at::lstm_cell(frame, {hidden, cell}, lstm_[0], lstm_[1], lstm_[2], lstm_[3]);
    outputs.push_back(hidden);
  }
  return at::cat(outputs);
}

at::Tensor TemporalHead::attend(const at::Tensor& features, at::IntArrayRef lengths) const {
  std::vector<at::Tensor> positions;
  for (const std::int64_t length : lengths) {
    if (length > frame_positions_.size(0)) {
      throw Error("item_too_large", fmt::format("the clip has {} frames, this model's {} head takes {}", length,
                                                weights::head_name(head_), frame_positions_.size(0)));
    }
    positions.push_back(frame_positions_.narrow(0, 0, length));
  }
  return features + transformer_->forward(features + at::cat(positions), lengths);
}

at::Tensor TemporalHead::forward(const at::Tensor& features, at::IntArrayRef lengths, Pooling pooling) const {
  at::Tensor related = relate(features, lengths);
  if (head_ != weights::Head::kTransformerAdapter && pooling == Pooling::kNormalized) related = l2_normalize(related);
  std::vector<at::Tensor> means;
  for (const at::Tensor& clip : related.split_with_sizes(lengths)) means.push_back(clip.mean(0));
  return l2_normalize(at::stack(means));
}

}  // namespace pipit::clip
