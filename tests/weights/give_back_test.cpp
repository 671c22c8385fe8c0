// Pages of a mapped file that a model no longer needs.
#include <doctest/doctest.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "pipit/weights/checkpoint.h"

using pipit::weights::Checkpoint;
using pipit::weights::TensorView;

namespace {

const std::string kFile = std::string(PIPIT_SOURCE_DIR) + "/pipelines/demo/clip4clip-shapes.safetensors";

/// Kilobytes of the file's mappings that are in this process's memory.
std::int64_t resident() {
  std::ifstream maps("/proc/self/smaps");
  std::int64_t sum = 0;
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) inside = line.ends_with(kFile);
    if (inside && line.starts_with("Rss:")) sum += std::stoll(line.substr(4));
  }
  return sum;
}

std::size_t bytes_of(const TensorView& view) {
  return static_cast<std::size_t>(view.elements()) * pipit::weights::dtype_bytes(view.dtype);
}

}  // namespace

TEST_CASE("checkpoint: a tensor that was given back leaves memory and reads as before") {
  const Checkpoint checkpoint = Checkpoint::open(kFile);
  const TensorView& table = checkpoint.tensors().at("clip.token_embedding.weight");
  const std::vector<std::byte> before(table.data, table.data + bytes_of(table));
  const std::int64_t touched = resident();
  CHECK(touched * 1024 >= static_cast<std::int64_t>(before.size()));
  checkpoint.give_back(table);
  CHECK(touched - resident() >= static_cast<std::int64_t>(before.size()) / 1024 - 8);
  CHECK(std::memcmp(table.data, before.data(), before.size()) == 0);
}

TEST_CASE("checkpoint: what was read and not mapped cannot be given back") {
  const Checkpoint checkpoint = Checkpoint::open(kFile, {.mmap = false});
  const TensorView& table = checkpoint.tensors().at("clip.token_embedding.weight");
  const std::vector<std::byte> before(table.data, table.data + bytes_of(table));
  checkpoint.give_back(table);
  CHECK(std::memcmp(table.data, before.data(), before.size()) == 0);
}
