#include "index/segment_writer.h"

#include <algorithm>
#include <cmath>

#include "base/half.h"
#include "index/index_array.h"

namespace pipit {
SegmentWriter::SegmentWriter(const IndexFolder& segments, const std::string& name, const IndexSettings& settings)
    : settings_(settings),
      folder_(segments.make_inner(name)),
      vectors_(folder_.make_file("vectors.npy")),
      rows_(folder_.make_file("rows.jsonl")),
      items_(folder_.make_file("items.jsonl")) {
  segment_.name = name;
  vectors_.write(array_header({settings_.dtype, 0, {settings_.dimension}}));
}

void SegmentWriter::add_row(std::span<const float> vector, std::string_view line) {
  double squares = 0;
  if (settings_.dtype == DType::kFloat16) {
    halves_.resize(vector.size());
    std::ranges::transform(vector, halves_.begin(), float_to_float16);
    for (const std::uint16_t half : halves_) squares += double{float16_to_float(half)} * float16_to_float(half);
    vectors_.write(std::as_bytes(std::span(halves_)));
  } else {
    for (const float number : vector) squares += double{number} * number;
    vectors_.write(std::as_bytes(vector));
  }
  segment_.largest_norm = std::max(segment_.largest_norm, std::sqrt(squares));
  rows_.write(line);
  ++segment_.rows;
}

void SegmentWriter::add_item(std::string_view line, bool failed) {
  items_.write(line);
  ++segment_.items;
  segment_.failed += failed ? 1 : 0;
}

void SegmentWriter::add_rows(std::span<const std::byte> vectors, std::string_view lines, std::int64_t rows,
                             double largest_norm) {
  vectors_.write(vectors);
  rows_.write(lines);
  segment_.rows += rows;
  segment_.largest_norm = std::max(segment_.largest_norm, largest_norm);
}

void SegmentWriter::add_items(std::string_view lines, std::int64_t items, std::int64_t failed) {
  items_.write(lines);
  segment_.items += items;
  segment_.failed += failed;
}

std::int64_t SegmentWriter::bytes() const {
  return vectors_.bytes() + rows_.bytes() + items_.bytes();
}

IndexManifest::Segment SegmentWriter::finish() {
  vectors_.overwrite(array_header({settings_.dtype, segment_.rows, {settings_.dimension}}));
  const auto sum = [&](const char* name, NewFile& file) {
    std::string digits = file.finish();
    segment_.files[name] = {file.bytes(), std::move(digits)};
  };
  sum("vectors.npy", vectors_);
  sum("rows.jsonl", rows_);
  sum("items.jsonl", items_);
  folder_.sync();
  return segment_;
}

}  // namespace pipit
