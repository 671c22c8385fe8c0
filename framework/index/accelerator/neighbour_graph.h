// Which rows are near to which: a graph in which a search walks from row to nearer row.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace pipit {

/// Rows as row_codes.h makes them.
struct CodedRows {
  std::int64_t dimension = 0;
  std::span<const std::int8_t> codes;  // [rows, dimension]
  std::span<const float> scales;       // [rows]

  std::int64_t rows() const { return std::ssize(scales); }
};

struct NeighbourGraph {
  static constexpr std::int32_t kNone = -1;

  std::int64_t width = 0;            // links of a row at most
  std::vector<std::int32_t> links;   // [rows, width], filled up with kNone
  std::vector<std::int32_t> starts;  // rows spread over all, where a search looks first
};

struct GraphSettings {
  std::int64_t links = 16;    // a new row gets so many; it may come to have twice as many
  std::int64_t effort = 200;  // rows that are looked at closely to find them
  int threads = 1;
  /// Told how many rows are in, from one of the threads; whether to go on.
  std::function<bool(std::int64_t rows)> progress{};
};

/// Builds it by hnswlib, by the rows' inner products. The graph depends on the threads' order, and only on that. Throws
/// pipit::Error (`canceled`) when `progress` says so; std::bad_alloc.
NeighbourGraph build_graph(const CodedRows& rows, const GraphSettings& settings);

}  // namespace pipit
