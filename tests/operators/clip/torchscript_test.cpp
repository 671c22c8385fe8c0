// Archives for torch.jit.load: what LibTorch's own loader makes of them, and what the reader of weights does.
#include "clip/export/torchscript.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "clip/picture/preprocessing.h"
#include "fixture.h"
#include "pipit/error.h"

namespace clip = pipit::clip;
namespace weights = pipit::weights;

namespace {

class Archive {
 public:
  explicit Archive(const weights::ClipCheckpoint& checkpoint)
      : file(std::filesystem::temp_directory_path() / ("pipit_clip_test_" + std::to_string(getpid()) + ".pt")) {
    clip::write_torchscript(checkpoint, file);
  }
  ~Archive() { std::filesystem::remove(file); }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  const std::filesystem::path file;
};

}  // namespace

TEST_CASE("torchscript: an archive's methods give the vectors of the model with every head and kind of patches") {
  for (const char* name :
       {"mean_p", "mean_p_fp16", "hugging_face_gelu", "seq_lstm", "seq_transf", "transformer_adapter", "patches_3d"}) {
    CAPTURE(name);
    Fixture fixture(name);
    const Archive archive(fixture.resolve(true, true));
    torch::jit::Module module = torch::jit::load(archive.file.string());
    for (const auto& expected : fixture.facts["clips"]) {
      const std::int64_t frames = expected["frames"];
      const at::Tensor pictures = clip::normalize(fixture.pictures({frames}));
      const at::Tensor vector = module.get_method("encode_video")({pictures}).toTensor();
      const Vector reference = std::string(name) == "transformer_adapter" ? expected["raw_vector"] : expected["vector"];
      CHECK(largest_difference(row(vector.unsqueeze(0), 0), reference) <= 2e-5);
    }
    const std::vector<clip::Sentence> sentences = fixture.sentences();
    if (sentences.empty()) continue;
    const at::Tensor tokens = at::zeros({static_cast<std::int64_t>(sentences.size()), 77}, at::kLong);
    for (std::size_t i = 0; i < sentences.size(); ++i) {
      const std::vector<std::int64_t> ids(sentences[i].tokens.begin(), sentences[i].tokens.end());
      tokens[static_cast<std::int64_t>(i)].narrow(0, 0, static_cast<std::int64_t>(ids.size())).copy_(at::tensor(ids));
    }
    const at::Tensor vectors = module.get_method("encode_text")({tokens}).toTensor();
    for (std::int64_t i = 0; i < vectors.size(0); ++i) {
      CHECK(largest_difference(row(vectors, i), fixture.facts["sentences"][i]["vector"]) <= 2e-5);
    }
  }
}

TEST_CASE("torchscript: an archive is a checkpoint again with the same vectors") {
  for (const char* name : {"mean_p", "seq_lstm", "seq_transf", "transformer_adapter", "patches_3d"}) {
    CAPTURE(name);
    Fixture fixture(name);
    const Archive archive(fixture.resolve(true, true));
    const clip::VideoModel again(weights::resolve_clip(weights::Checkpoint::open(archive.file), {}),
                                 clip::Placement::parse("cpu", "float32"));
    const at::Tensor pictures = fixture.pictures({12});
    const Vector vector = row(again.embed(pictures, {12}, clip::Pooling::kNormalized), 0);
    CHECK(vector == row(fixture.video_model().embed(pictures, {12}, clip::Pooling::kNormalized), 0));
  }
}

TEST_CASE("torchscript: what shapes do not show goes along") {
  const Fixture fixture("hugging_face_gelu");
  const Archive archive(fixture.resolve(true, true));
  const weights::ClipCheckpoint again = weights::resolve_clip(weights::Checkpoint::open(archive.file), {});
  CHECK(again.architecture.activation == weights::Activation::kGelu);
  CHECK(again.assumptions.empty());
}

TEST_CASE("torchscript: quantised weights are refused and a file that cannot be written leaves nothing") {
  const Fixture quantised("mean_p", 8);
  const weights::ClipCheckpoint checkpoint = quantised.resolve(true, true);
  CHECK_THROWS_WITH_AS(clip::write_torchscript(checkpoint, "x.pt"),
                       ("'" + checkpoint.file.path().string() +
                        "' holds 8-bit weights, which TorchScript has no operators for; take the file that they were "
                        "quantised from")
                           .c_str(),
                       pipit::Error);
  const Fixture whole("mean_p");
  CHECK_THROWS_AS(clip::write_torchscript(whole.resolve(true, true), "/no/such/folder/x.pt"), pipit::Error);
}
