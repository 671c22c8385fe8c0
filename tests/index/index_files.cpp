#include "index_files.h"

#include <fmt/format.h>

#include <cmath>

namespace test {

using pipit::Index;

pipit::IndexSettings settings(std::int64_t dimension, pipit::DType dtype) {
  pipit::IndexSettings settings;
  settings.space = "clip_vit_b32 sha256:00ff";
  settings.dimension = dimension;
  settings.dtype = dtype;
  settings.vector = "vec";
  settings.pipeline = {{"nodes", {{"name", "embed"}}}};
  settings.queries["text"] = {"/p/text.yaml", "pipit: 1\n", "/p", {{"vars.weights", "/w/b32.pt"}}};
  return settings;
}

std::vector<float> unit_vector(std::mt19937& random, std::int64_t dimension) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(static_cast<std::size_t>(dimension));
  double squares = 0;
  for (float& number : vector) {
    number = normal(random);
    squares += double{number} * number;
  }
  for (float& number : vector) number = static_cast<float>(number / std::sqrt(squares));
  return vector;
}

void add_item(pipit::IndexWriter& writer, std::mt19937& random, std::int64_t rows, std::int64_t dimension) {
  std::vector<std::vector<float>> vectors;
  for (std::int64_t i = 0; i < rows; ++i) vectors.push_back(unit_vector(random, dimension));
  pipit::IndexItem item;
  item.digest = static_cast<std::uint64_t>(writer.items()) + 100;
  for (std::int64_t i = 0; i < rows; ++i) {
    item.rows.push_back({vectors[static_cast<std::size_t>(i)],
                         fmt::format("{{\"path\":\"item-{}.mp4\",\"row\":{}}}", writer.items(), i)});
  }
  writer.add(item);
}

std::string content(const Index& index) {
  std::string all = index.settings().space + "\n";
  for (std::int64_t row = 0; row < index.rows(); ++row) {
    const Index::Place at = index.place(row);
    if (index.segments()[at.segment].is_removed(at.row)) continue;
    const auto vector = index.vector(row);
    all += fmt::format("{} {}\n", index.line(row), pipit::Sha256::of(vector));
  }
  for (const pipit::IndexItemLine& item : index.items()) {
    all += fmt::format("{} {:x} {} {} {}\n", item.item, item.digest, item.rows, item.inputs, item.error);
  }
  return all;
}

}  // namespace test
