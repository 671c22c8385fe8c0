// A model of made-up weights whose vectors are known (data/models.py), and how vectors compare.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "clip/model/text_model.h"
#include "clip/model/video_model.h"

using Vector = std::vector<float>;

/// A checkpoint of a fixture's made-up weights, in a file that is gone when the test is over.
class Fixture {
 public:
  /// `bits` 8 or 4: the blocks' weights quantized in the file, as the project's own files hold them.
  explicit Fixture(const std::string& name, int bits = 0);
  ~Fixture();
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;

  pipit::weights::ClipCheckpoint resolve(bool vision, bool text) const;
  pipit::clip::VideoModel video_model(const std::string& dtype = "float32") const;
  pipit::clip::TextModel text_model(const std::string& dtype = "float32") const;

  /// The pictures of clips, one after another; valid until the next call.
  at::Tensor pictures(const std::vector<std::int64_t>& lengths);
  std::vector<pipit::clip::Sentence> sentences() const;

  nlohmann::json facts;

 private:
  std::filesystem::path file_;
  std::vector<std::uint8_t> pixels_;
};

Vector row(const at::Tensor& rows, std::int64_t i);
double largest_difference(const Vector& a, const Vector& b);
double cosine(const Vector& a, const Vector& b);
