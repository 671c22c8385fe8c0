#include "pipit/weights/vector_space.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/sha256.h"
#include "pipit/weights/load_clip.h"
#include "test_file.h"

using pipit::weights::ClipRequest;
using pipit::weights::ConversionCache;
using pipit::weights::load_clip;
using pipit::weights::LoadClipOptions;
using pipit::weights::VectorSpace;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;

ClipRequest one_tower(bool vision, const std::filesystem::path& path) {
  ClipRequest request;
  request.vision = vision;
  request.text = !vision;
  // A folder has a config that tells.
  if (!std::filesystem::is_directory(path)) request.heads = 2;
  return request;
}

std::string name_of(const std::filesystem::path& path, bool vision, const LoadClipOptions& options = {},
                    bool through_head = true) {
  return VectorSpace(load_clip(path, one_tower(vision, path), options), options.mmap, std::nullopt).name(through_head);
}

/// As sha256sum prints it.
std::string sum_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return pipit::Sha256::of(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace

TEST_CASE("vector space: it is the architecture and the sum of the file and the same for both towers") {
  const std::filesystem::path file = kData / "openai.safetensors";
  const std::string name = name_of(file, true);
  const std::string architecture = load_clip(file, one_tower(true, file)).architecture.name;
  CHECK(name == architecture + " sha256:" + sum_of(file));
  CHECK(name_of(file, false) == name);
  LoadClipOptions read;
  read.mmap = false;
  CHECK(name_of(file, true, read) == name);
}

TEST_CASE("vector space: averaged weights of a file have their own") {
  const std::filesystem::path file = kData / "averaged.ckpt";
  LoadClipOptions averaged;
  averaged.state = pipit::weights::WeightState::kAveraged;
  CHECK(name_of(file, true, averaged) == name_of(file, true) + " ema");
}

TEST_CASE("vector space: what a config asks of one tower is in the name of the other too") {
  const TestFile folder("");
  const std::filesystem::path model = folder.path().parent_path() / "model";
  std::filesystem::copy(kData / "openclip", model);
  const std::string plain = name_of(model, false);
  const std::filesystem::path config = model / "open_clip_config.json";
  nlohmann::json json = nlohmann::json::parse(std::ifstream(config));
  json["preprocess_cfg"]["resize_mode"] = "squash";
  std::ofstream(config) << json;
  CHECK(name_of(model, true) == plain + " {\"resize\":\"squash\"}");
  CHECK(name_of(model, false) == name_of(model, true));
}

TEST_CASE("vector space: an adapter is part of it") {
  const auto options = [](const char* adapter) {
    LoadClipOptions with;
    with.adapter_path = kData / adapter;
    return with;
  };
  const std::filesystem::path base = kData / "huggingface";
  const std::string plain = name_of(base, true);
  const std::string lora = name_of(base, true, options("lora"));
  CHECK(lora.find(" adapter:") != std::string::npos);
  CHECK(lora != name_of(base, true, options("lora_rslora")));
  CHECK(lora == name_of(base, false, options("lora")));
  CHECK(plain.find(" adapter:") == std::string::npos);
}

TEST_CASE("vector space: a lone picture does not lie where a head over frames moves clips") {
  const auto name = [](const char* file, bool through_head) {
    ClipRequest both;
    both.heads = 2;
    return VectorSpace(load_clip(kData / file, both), true, std::nullopt).name(through_head);
  };
  CHECK(name("clip4clip_seqtransf.bin", false) == name("clip4clip_seqtransf.bin", true) + " without seqTransf");
  CHECK(name("clip4clip_meanp.bin", false) == name("clip4clip_meanp.bin", true));
}

TEST_CASE("vector space: the cache remembers the sum of a file that stays") {
  const TestFile folder("");
  const std::filesystem::path file = folder.path().parent_path() / "copy.safetensors";
  std::filesystem::copy_file(kData / "openai.safetensors", file);
  // A file that has just changed is not remembered.
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const ConversionCache cache(folder.path().parent_path() / "cache");
  const VectorSpace space(load_clip(file, one_tower(true, file)), true, cache);
  CHECK(space.name(true) == name_of(file, true));
  CHECK(space.name(true) == name_of(file, true));
}
