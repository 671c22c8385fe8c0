// Files as PyTorch, safetensors and transformers write them, against what those programs say is in them.
#include <doctest/doctest.h>

#include <array>
#include <boost/crc.hpp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "pipit/weights/checkpoint.h"

using pipit::weights::Checkpoint;
using pipit::weights::Container;
using pipit::weights::TensorView;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;

using Lines = std::map<std::string, std::string>;  // by tensor: dtype, shape, strides, CRC-32

// By file.
std::map<std::string, Lines> read_expected() {
  std::map<std::string, Lines> files;
  std::ifstream text(kData / "expected.txt");
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    std::string file, name, rest;
    std::getline(fields, file, '\t');
    std::getline(fields, name, '\t');
    std::getline(fields, rest);
    files[file][name] = rest;
  }
  return files;
}

std::string joined(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (std::int64_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

void add_row_major(const TensorView& view, std::size_t dimension, const std::byte* at, boost::crc_32_type& crc) {
  std::size_t item = pipit::weights::dtype_bytes(view.dtype);
  if (dimension == view.shape.size()) return crc.process_bytes(at, item);
  for (std::int64_t i = 0; i < view.shape[dimension]; ++i) {
    add_row_major(view, dimension + 1, at + i * view.strides[dimension] * static_cast<std::int64_t>(item), crc);
  }
}

Lines describe(const Checkpoint& file) {
  Lines lines;
  for (const auto& [name, view] : file.tensors()) {
    boost::crc_32_type crc;
    add_row_major(view, 0, view.data, crc);
    std::array<char, 9> hex{};
    std::snprintf(hex.data(), hex.size(), "%08x", crc.checksum());
    lines[name] = std::string(dtype_name(view.dtype)) + "\t" + joined(view.shape) + "\t" + joined(view.strides) + "\t" +
                  hex.data();
  }
  return lines;
}

}  // namespace

TEST_CASE("checkpoint: every producer's file holds what the producer says") {
  const std::map<std::string, Lines> files = read_expected();
  CHECK(files.size() == 28);
  for (const auto& [name, lines] : files) {
    CAPTURE(name);
    for (bool mmap : {true, false}) {
      CHECK(describe(Checkpoint::open(kData / name, {.mmap = mmap})) == lines);
    }
  }
}

TEST_CASE("checkpoint: the container is found by content") {
  auto container = [](const char* name) { return Checkpoint::open(kData / name).container(); };
  CHECK(container("openai.safetensors") == Container::kSafetensors);
  CHECK(container("clip4clip_meanp.bin") == Container::kTorchZip);
  CHECK(container("legacy.pth") == Container::kTorchLegacy);
  CHECK(container("openai_torchscript.pt") == Container::kTorchScript);
  CHECK(pipit::weights::container_name(Container::kTorchLegacy) == "PyTorch state dict (before 1.6)");
}

TEST_CASE("checkpoint: a model folder is its weights") {
  CHECK(Checkpoint::open(kData / "huggingface").tensors().size() == 62);
  CHECK(Checkpoint::open(kData / "huggingface/").container() == Container::kSafetensors);
  CHECK(Checkpoint::open(kData / "openclip").tensors().size() == 50);
}

TEST_CASE("checkpoint: text beside the tensors is kept") {
  auto file = Checkpoint::open(kData / "kinds.safetensors");
  CHECK(file.metadata() == std::map<std::string, std::string>{{"note", "every kind"}});
}

TEST_CASE("checkpoint: tensors outlive the object that opened them") {
  auto file = Checkpoint::open(kData / "kinds.safetensors");
  TensorView view = file.tensors().at("float32");
  auto storage = file.storage();
  file = Checkpoint::open(kData / "openai.pth");
  float third = 0;
  std::memcpy(&third, view.data + 2 * sizeof(float), sizeof(float));
  CHECK(third == 2.0F);
}

TEST_CASE("tensor view: contiguous and aligned say how the bytes lie") {
  auto file = Checkpoint::open(kData / "kinds_protocol2.pt");
  const auto& tensors = file.tensors();
  CHECK(tensors.at("float32").contiguous());
  CHECK(tensors.at("offset").contiguous());
  CHECK(tensors.at("scalar").contiguous());
  CHECK(tensors.at("empty").contiguous());
  CHECK_FALSE(tensors.at("transposed").contiguous());
  CHECK_FALSE(tensors.at("every_second").contiguous());
  CHECK(tensors.at("float32").aligned());
  CHECK(tensors.at("scalar").elements() == 1);
  CHECK(tensors.at("empty").elements() == 0);
  TensorView shifted = tensors.at("float32");
  shifted.data += 1;
  CHECK_FALSE(shifted.aligned());
}

TEST_CASE("tensor view: tensors of one storage share its bytes") {
  auto file = Checkpoint::open(kData / "kinds_protocol2.pt");
  const auto& tensors = file.tensors();
  CHECK(tensors.at("shared").data == tensors.at("transposed").data);
  CHECK(tensors.at("offset").data == tensors.at("shared").data + 5 * sizeof(float));
}
