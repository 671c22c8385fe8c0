// Searches of an index, each timed when it is asked for: search.py asks by turns with the library that it compares
// with.
//
//   bench_search make VECTORS.npy INDEX float32|float16   an index of these rows
//   bench_search tune QUERIES.npy INDEX THREADS RECALL    its accelerator; prints seconds and bytes
//   bench_search serve QUERIES.npy INDEX THREADS          then a line for each line of standard input, "exact|fast
//   FIRST
//                                                         COUNT K": milliseconds, and the rows of each query's answers
#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "index/index.h"
#include "index/index_writer.h"
#include "index/search/search.h"
#include "value/npy_header.h"

namespace {

struct Array {
  std::int64_t dimension;
  std::vector<float> numbers;
};

Array read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const auto header = pipit::NpyHeader::parse(bytes);
  if (!header || header->shape.size() != 1) throw std::runtime_error(fmt::format("'{}' is not a matrix", file));
  Array array{header->shape[0], std::vector<float>(static_cast<std::size_t>(header->rows * header->shape[0]))};
  std::memcpy(array.numbers.data(), bytes.data() + header->data_offset, array.numbers.size() * sizeof(float));
  return array;
}

void make(const std::string& vectors, const std::string& index, const std::string& dtype) {
  const Array array = read(vectors);
  pipit::IndexWriter writer(index);
  writer.begin({.space = "bench",
                .dimension = array.dimension,
                .dtype = dtype == "float16" ? pipit::DType::kFloat16 : pipit::DType::kFloat32,
                .vector = "vec",
                .pipeline = nlohmann::ordered_json::object(),
                .queries = {}});
  const auto dimension = static_cast<std::size_t>(array.dimension);
  for (std::size_t at = 0; at < array.numbers.size(); at += dimension) {
    const std::span<const float> row(array.numbers.data() + at, dimension);
    pipit::IndexItem item;
    item.rows.push_back({row, fmt::format("{{\"path\":\"clips/{:08}.mp4\"}}", at / dimension)});
    writer.add(item);
  }
  writer.finish();
}

void tune(const std::string& queries, const std::string& index, int threads, double recall) {
  const Array array = read(queries);
  pipit::IndexWriter writer(index);
  writer.go_on(writer.existing()->settings);
  const pipit::Tuning tuning = writer.accelerate(array.numbers, {.recall = recall, .graph = {.threads = threads}});
  fmt::print("{} {}\n", tuning.build_seconds, tuning.bytes);
}

void serve(const std::string& queries, const std::string& path, int threads) {
  const Array array = read(queries);
  const pipit::Index index = pipit::Index::open(path);
  std::string kind;
  std::size_t first = 0;
  std::size_t count = 0;
  std::int64_t k = 0;
  while (std::cin >> kind >> first >> count >> k) {
    const pipit::Search search(index, {.k = k, .exact = kind == "exact", .threads = threads});
    const auto dimension = static_cast<std::size_t>(array.dimension);
    const auto asked = std::span(array.numbers).subspan(first * dimension, count * dimension);
    const auto start = std::chrono::steady_clock::now();
    const auto answers = search.answers(asked);
    const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    std::cout << taken.count();
    for (const auto& of_query : answers) {
      for (const pipit::Answer& answer : of_query) std::cout << ' ' << answer.row;
    }
    std::cout << std::endl;
  }
}

}  // namespace

int main(int count, char** values) {
  const std::vector<std::string> words(values + 1, values + count);
  if (words.size() == 4 && words[0] == "make") return make(words[1], words[2], words[3]), 0;
  if (words.size() == 5 && words[0] == "tune") {
    return tune(words[1], words[2], std::stoi(words[3]), std::stod(words[4])), 0;
  }
  if (words.size() == 4 && words[0] == "serve") return serve(words[1], words[2], std::stoi(words[3])), 0;
  std::cerr << "usage: bench_search make|tune|serve …\n";
  return 2;
}
