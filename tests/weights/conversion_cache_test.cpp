// The cache of converted weights: what is kept, what is found again, and what its failures cost.
#include "pipit/weights/conversion_cache.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "clip_files.h"
#include "pipit/error.h"
#include "pipit/weights/load_clip.h"
#include "tensor_numbers.h"
#include "test_file.h"

using pipit::weights::Checkpoint;
using pipit::weights::ClipCheckpoint;
using pipit::weights::Conversion;
using pipit::weights::ConversionCache;
using pipit::weights::DType;
using pipit::weights::kEightBits;
using pipit::weights::load_clip;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;
const Conversion kFloat32 = {.dtype = DType::kFloat32};

ClipCheckpoint half_checkpoint() {
  return resolve_clip(Checkpoint::open(kData / "openai.safetensors"), {.heads = 2});
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> list;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") list.push_back(entry.path());
  }
  return list;
}

std::multiset<std::string> conversions_in(const ConversionCache& cache) {
  std::multiset<std::string> names;
  for (const auto& entry : cache.entries()) names.insert(entry.conversion);
  return names;
}

// A cache in a folder of its own.
struct Fixture {
  TestFile place{""};
  std::filesystem::path folder = place.path().parent_path() / "cache";
  ConversionCache cache{folder};
};

}  // namespace

TEST_CASE("cache: what was converted once is found again") {
  Fixture at;
  const ClipCheckpoint source = half_checkpoint();
  const ClipCheckpoint first = at.cache.find_or_make(source, kFloat32);
  CHECK(first.file.path() == kData / "openai.safetensors");
  CHECK(first.layout == "OpenAI");
  CHECK(first.architecture.vision.heads == 2);
  CHECK(bytes_to_convert(first, kFloat32) == 0);
  CHECK(numbers<float>(first.tensors.at("visual.proj").parts.at(0)) ==
        floats_of_half(source.tensors.at("visual.proj").parts.at(0)));
  const auto files = files_in(at.folder);
  REQUIRE(files.size() == 1);
  const auto written = std::filesystem::last_write_time(files[0]);
  at.cache.find_or_make(half_checkpoint(), kFloat32);
  CHECK(files_in(at.folder) == files);
  CHECK(std::filesystem::last_write_time(files[0]) == written);
}

TEST_CASE("cache: another conversion and another content are other files") {
  Fixture at;
  at.cache.find_or_make(half_checkpoint(), kFloat32);
  at.cache.find_or_make(half_checkpoint(), {.dtype = DType::kBFloat16});
  at.cache.find_or_make(half_checkpoint(), {.dtype = DType::kFloat32, .quantization = kEightBits});
  TestFile copy("", "copy.safetensors");
  std::filesystem::copy_file(kData / "openai.safetensors", copy.path(),
                             std::filesystem::copy_options::overwrite_existing);
  const auto open_copy = [&] { return resolve_clip(Checkpoint::open(copy.path()), {.heads = 2}); };
  at.cache.find_or_make(open_copy(), kFloat32);
  CHECK_MESSAGE(files_in(at.folder).size() == 3, "the same content by another name is the same");
  {
    std::fstream file(copy.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('\x11');
  }
  const ClipCheckpoint changed = at.cache.find_or_make(open_copy(), kFloat32);
  CHECK(files_in(at.folder).size() == 4);
  for (const auto& entry : at.cache.entries()) {
    CHECK(entry.bytes == std::filesystem::file_size(entry.file));
    CHECK(entry.source_sha256.size() == 64);
  }
  CHECK(conversions_in(at.cache) == std::multiset<std::string>{"bfloat16", "float32", "float32", "int8-float32"});
}

TEST_CASE("cache: a file that was damaged is made anew") {
  Fixture at;
  const ClipCheckpoint good = at.cache.find_or_make(half_checkpoint(), kFloat32);
  const std::filesystem::path file = files_in(at.folder).at(0);
  for (const char* damage : {"flipped", "shortened", "emptied"}) {
    CAPTURE(damage);
    const auto size = std::filesystem::file_size(file);
    if (damage[0] == 'f') {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(static_cast<std::streamoff>(size) - 3);
      stream.put('\x7f');
    } else {
      // Another file by that name: the mapping of the first must not be cut.
      std::filesystem::copy_file(file, at.place.path(), std::filesystem::copy_options::overwrite_existing);
      std::filesystem::resize_file(at.place.path(), damage[0] == 's' ? size / 2 : 0);
      std::filesystem::rename(at.place.path(), file);
    }
    const ClipCheckpoint again = at.cache.find_or_make(half_checkpoint(), kFloat32);
    CHECK(files_in(at.folder) == std::vector{file});
    CHECK(numbers<float>(again.tensors.at("visual.proj").parts.at(0)) ==
          floats_of_half(half_checkpoint().tensors.at("visual.proj").parts.at(0)));
  }
}

TEST_CASE("cache: what was not used for longest makes room") {
  Fixture at;
  at.cache.find_or_make(half_checkpoint(), kFloat32);
  at.cache.find_or_make(half_checkpoint(), {.dtype = DType::kBFloat16});
  at.cache.find_or_make(half_checkpoint(), {.dtype = DType::kFloat16});
  std::uint64_t bytes = 0;
  const auto now = std::filesystem::file_time_type::clock::now();
  for (const auto& entry : at.cache.entries()) {
    bytes += entry.bytes;
    const auto age = entry.conversion == "bfloat16" ? std::chrono::hours(3) : std::chrono::hours(1);
    std::filesystem::last_write_time(std::filesystem::path(entry.file).replace_extension(".used"), now - age);
  }
  const ConversionCache full(at.folder, bytes);
  full.find_or_make(half_checkpoint(), kFloat32);  // used again, so that float16 is older
  CHECK(full.entries().size() == 3);
  full.find_or_make(half_checkpoint(), {.dtype = DType::kFloat16, .quantization = kEightBits});
  CHECK(conversions_in(full) == std::multiset<std::string>{"float16", "float32", "int8-float16"});
  full.find_or_make(half_checkpoint(), {.dtype = DType::kBFloat16});
  CHECK(conversions_in(full) == std::multiset<std::string>{"bfloat16", "float32", "int8-float16"});
  const ConversionCache tiny(at.folder, 100);
  CHECK_THROWS_AS(tiny.find_or_make(half_checkpoint(), {.dtype = DType::kFloat64}), pipit::Error);
  CHECK_MESSAGE(tiny.entries().size() == 3, "what can never fit drives nothing out");
}

TEST_CASE("cache: emptying it removes everything and tells how much") {
  Fixture at;
  CHECK(at.cache.clear() == 0);
  const ClipCheckpoint used = at.cache.find_or_make(half_checkpoint(), kFloat32);
  const auto bytes = at.cache.entries().at(0).bytes;
  CHECK(at.cache.clear() == bytes);
  CHECK(at.cache.entries().empty());
  CHECK(files_in(at.folder).empty());
  CHECK(numbers<float>(used.tensors.at("logit_scale").parts.at(0)).size() == 1);
}

TEST_CASE("cache: many at once make one file") {
  Fixture at;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      int good = 0;
      std::vector<std::thread> threads;
      std::vector<int> done(3);
      for (int& one : done) {
        threads.emplace_back([&] {
          const ClipCheckpoint result = at.cache.find_or_make(half_checkpoint(), kFloat32);
          one = bytes_to_convert(result, kFloat32) == 0;
        });
      }
      for (std::thread& thread : threads) thread.join();
      for (const int one : done) good += one;
      ::_exit(good == 3 ? 0 : 1);
    }
    REQUIRE(child > 0);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(files_in(at.folder).size() == 1);
  for (const auto& entry : std::filesystem::directory_iterator(at.folder)) CHECK(entry.path().extension() != ".tmp");
}

TEST_CASE("cache: its folder is the user's") {
  const auto with = [](const char* own, const char* caches, const char* home) {
    for (const auto& [name, value] : {std::pair("PIPIT_CACHE", own), {"XDG_CACHE_HOME", caches}, {"HOME", home}}) {
      value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
    }
    const auto folder = ConversionCache::default_folder();
    return folder ? folder->string() : "none";
  };
  const std::string home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  CHECK(with("/own", "/caches", "/home/me") == "/own");
  CHECK(with(nullptr, "/caches", "/home/me") == "/caches/pipit");
  CHECK(with("", "relative", "/home/me") == "/home/me/.cache/pipit");
  CHECK(with(nullptr, nullptr, nullptr) == "none");
  CHECK(with("off", "/caches", "/home/me") == "none");
  with(nullptr, nullptr, home.empty() ? nullptr : home.c_str());
}

TEST_CASE("model: a disk that is full costs the cache and not the weights") {
  auto file = clip_file(openai_shapes(kDemo));
  Fixture at;
  std::vector<std::string> warnings;
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit small{65536, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const ClipCheckpoint result = convert_for_model(load_clip(file->path(), {}), kFloat32, at.cache,
                                                  [&](const std::string& text) { warnings.push_back(text); });
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(result.file.files() == std::vector{file->path()});
  CHECK(warnings ==
        std::vector<std::string>{"the cache of converted weights in '" + at.folder.string() +
                                 "' cannot be written: File too large; the weights are converted in memory"});
  CHECK(files_in(at.folder).empty());
}

TEST_CASE("model: what can be used where it lies is not converted") {
  auto file = clip_file(openai_shapes(kDemo));
  Fixture at;
  const auto warn = [](const std::string& text) { FAIL(text); };
  const auto convert = [&](const Conversion& conversion) {
    return convert_for_model(load_clip(file->path(), {}), conversion, at.cache, warn);
  };
  CHECK(convert({.dtype = DType::kFloat16}).file.files() == std::vector{file->path()});
  CHECK_FALSE(std::filesystem::exists(at.folder));
  const ClipCheckpoint converted = convert(kFloat32);
  CHECK(converted.file.files() == files_in(at.folder));
  const ClipCheckpoint kept = convert({.dtype = DType::kFloat32, .kept = {"token_embedding.weight"}});
  CHECK(kept.tensors.at("token_embedding.weight").parts.at(0).dtype == DType::kFloat16);
  CHECK(kept.tensors.at("text_projection").parts.at(0).dtype == DType::kFloat32);
  CHECK(at.cache.entries().size() == 2);
}

TEST_CASE("model: little is converted as it is read") {
  Fixture at;
  const ClipCheckpoint result =
      convert_for_model(load_clip(kData / "openai.safetensors", {.heads = 2}), kFloat32, at.cache, {});
  CHECK(result.file.files() == std::vector{kData / "openai.safetensors"});
  CHECK_FALSE(std::filesystem::exists(at.folder));
}

TEST_CASE("open: a pin holds the file's sum") {
  TestFile copy("", "copy.safetensors");
  std::filesystem::copy_file(kData / "wide.safetensors", copy.path(),
                             std::filesystem::copy_options::overwrite_existing);
  const auto message = [&](const std::string& pin) -> std::string {
    try {
      load_clip(copy.path(), {.text = false}, {.sha256 = pin});
    } catch (const pipit::Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string sum = "2c34a0846574b46dd316008990deb16cf55e01b0e67a7e17b2941fd5f4d97614";
  CHECK(message(sum) == "accepted");
  CHECK(message("abc") == "sha256 is 64 hexadecimal digits, got 'abc'");
  const std::string zeros(64, '0');
  CHECK(message(zeros) ==
        "weight_path '" + copy.path().string() + "' has the SHA-256 sum " + sum + ", sha256 says " + zeros);
}
