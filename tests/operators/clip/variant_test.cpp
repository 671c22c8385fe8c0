// Models whose configs ask for more than the ordinary CLIP: their vectors are those of open_clip and transformers
// (data/variants.py).
#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "clip/export/torchscript.h"
#include "clip/picture/preprocessing.h"
#include "fixture.h"
#include "made_up.h"
#include "pipit/error.h"
#include "pipit/weights/conversion.h"

namespace clip = pipit::clip;
namespace weights = pipit::weights;

namespace {

nlohmann::json variants() {
  return nlohmann::json::parse(std::ifstream(std::string(PIPIT_TEST_DATA) + "/variants.json"));
}

/// A folder with a model and its configs, gone when the test is over.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("pipit_variant_test_{}", getpid())) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path weights() const { return path_ / "model.safetensors"; }
  void write(const nlohmann::json& files) const {
    for (const auto& [name, config] : files.items()) std::ofstream(path_ / name) << config;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

weights::ClipCheckpoint resolve(const std::filesystem::path& file, bool text) {
  return weights::resolve_clip(weights::Checkpoint::open(file), {.vision = !text, .text = text});
}

/// The picture of variants.py.
at::Tensor picture(const nlohmann::json& all) {
  const std::int64_t width = all["width"];
  const std::int64_t height = all["height"];
  at::Tensor pixels = at::empty({height, width, 3}, at::kByte);
  auto* out = pixels.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) *out++ = static_cast<std::uint8_t>(x * 2 + 40 * c + y * (3 - c));
    }
  }
  return pixels;
}

/// As image_text_embedding.clip does it, of length 1.
Vector embed_picture(const weights::ClipCheckpoint& checkpoint, const at::Tensor& pixels) {
  const auto& is = checkpoint.architecture;
  const at::Tensor square =
      clip::resize_and_crop(pixels, is.resolution, clip::CentreRounding::kDown, is.variant.picture);
  const clip::VideoModel model(checkpoint, {});
  return row(model.embed(square.unsqueeze(0), {1}, clip::Pooling::kNormalized), 0);
}

void check_sentences(const weights::ClipCheckpoint& checkpoint, const nlohmann::json& sentences) {
  const clip::TextModel model(checkpoint, {});
  std::vector<clip::Sentence> all;
  for (const auto& sentence : sentences) all.push_back({sentence["ids"], false});
  const at::Tensor vectors = model.embed(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(largest_difference(row(vectors, static_cast<std::int64_t>(i)), sentences[i]["vector"]) < 1e-5);
    CHECK(row(model.embed({&all[i], 1}), 0) == row(vectors, static_cast<std::int64_t>(i)));
  }
}

}  // namespace

TEST_CASE("variants: what a config asks for is computed as open_clip and transformers compute it") {
  const nlohmann::json all = variants();
  const at::Tensor pixels = picture(all);
  for (const char* kind : {"open_clip", "hugging_face"}) {
    for (const auto& model : all[kind]["models"]) {
      CAPTURE(std::string(kind));
      CAPTURE(model["name"].get<std::string>());
      const Folder folder;
      made_up::write_checkpoint(folder.weights(), all[kind]["tensors"], "F32");
      folder.write(model["files"]);
      // torchvision, on which transformers stands, resizes in another fixed point than Pillow: some bytes are one
      // apart.
      const double most = std::string(kind) == "open_clip" ? 1e-5 : 2e-4;
      CHECK(largest_difference(embed_picture(resolve(folder.weights(), false), pixels), model["picture"]) < most);
      if (model.contains("sentences")) check_sentences(resolve(folder.weights(), true), model["sentences"]);
    }
  }
}

TEST_CASE("variants: a converted file computes what its source and the config beside it do") {
  const nlohmann::json all = variants();
  const at::Tensor pixels = picture(all);
  for (const auto& model : all["open_clip"]["models"]) {
    CAPTURE(model["name"].get<std::string>());
    const Folder folder;
    made_up::write_checkpoint(folder.weights(), all["open_clip"]["tensors"], "F32");
    folder.write(model["files"]);
    const auto whole = weights::resolve_clip(weights::Checkpoint::open(folder.weights()));
    std::filesystem::create_directory(folder.path() / "alone");
    const auto converted = folder.path() / "alone" / "converted.safetensors";
    weights::write_converted(whole, {}, converted);
    CHECK(resolve(converted, false).architecture.variant.picture == whole.architecture.variant.picture);
    CHECK(embed_picture(resolve(converted, false), pixels) == embed_picture(resolve(folder.weights(), false), pixels));
    check_sentences(resolve(converted, true), model["sentences"]);
  }
}

TEST_CASE("variants: TorchScript refuses what its archives do not compute") {
  const nlohmann::json all = variants();
  const Folder folder;
  made_up::write_checkpoint(folder.weights(), all["open_clip"]["tensors"], "F32");
  for (const auto& model : all["open_clip"]["models"]) {
    if (model["name"] == "squash") folder.write(model["files"]);
  }
  const auto whole = weights::resolve_clip(weights::Checkpoint::open(folder.weights()));
  CHECK_THROWS_WITH_AS(clip::write_torchscript(whole, folder.path() / "archive.pt"),
                       fmt::format("'{}' differs from the ordinary CLIP by {{\"resize\":\"squash\"}}, which pipit's "
                                   "TorchScript archives do not compute; convert it to safetensors",
                                   folder.weights().string())
                           .c_str(),
                       pipit::Error);
}

TEST_CASE("variants: a picture of which nothing is left is refused") {
  weights::PictureRule rule;
  rule.resize = weights::Resize::kLongest;
  const at::Tensor thread = at::zeros({1, 1000, 3}, at::kByte);
  CHECK_THROWS_WITH_AS(clip::resize_and_crop(thread, 32, clip::CentreRounding::kDown, rule),
                       "a picture of 1000x1 is too narrow: resized to a long side of 32, nothing of it is left",
                       pipit::Error);
}
