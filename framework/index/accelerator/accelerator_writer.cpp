#include "index/accelerator/accelerator_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/half.h"
#include "index/accelerator/row_codes.h"
#include "pipit/error.h"

namespace pipit {
namespace {

using Files = std::map<std::string, IndexManifest::Sum>;

void require_fit(const Index& index) {
  const auto refuse = [&](const std::string& why) {
    throw Error("invalid_argument",
                fmt::format("index '{}' cannot have an accelerator: {}", index.path().string(), why));
  };
  if (index.settings().dimension > kMostCodedNumbers) {
    refuse(fmt::format("its vectors have {} numbers, at most {} are possible", index.settings().dimension,
                       kMostCodedNumbers));
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (index.rows() > kMost) refuse(fmt::format("it has {} rows, at most {} are possible", index.rows(), kMost));
}

template <class Number>
void write(const IndexFolder& folder, const std::string& name, const IndexArrayShape& shape,
           std::span<const Number> numbers, Files& files) {
  NewFile file = folder.make_file(name);
  file.write(array_header(shape));
  file.write(std::as_bytes(numbers));
  std::string sum = file.finish();
  files[name] = {file.bytes(), std::move(sum)};
}

/// Row by row, so that they are never all in memory; gives the scales.
std::vector<float> write_codes(const Index& index, const IndexFolder& folder, Files& files) {
  const std::int64_t dimension = index.settings().dimension;
  const auto count = static_cast<std::size_t>(dimension);
  NewFile file = folder.make_file("codes.npy");
  file.write(array_header({DType::kInt8, index.rows(), {dimension}}));
  std::vector<float> scales;
  std::vector<float> widened(count);
  std::vector<std::int8_t> code(count);
  for (std::int64_t row = 0; row < index.rows(); ++row) {
    const std::byte* numbers = index.vector(row).data();
    std::span<const float> floats(reinterpret_cast<const float*>(numbers), count);
    if (index.settings().dtype == DType::kFloat16) {
      std::transform(reinterpret_cast<const std::uint16_t*>(numbers),
                     reinterpret_cast<const std::uint16_t*>(numbers) + count, widened.begin(), float16_to_float);
      floats = widened;
    }
    scales.push_back(encode_row(floats, code));
    file.write(std::as_bytes(std::span(code)));
  }
  std::string sum = file.finish();
  files["codes.npy"] = {file.bytes(), std::move(sum)};
  return scales;
}

}  // namespace

IndexManifest::Accelerator write_accelerator(const Index& index, const IndexFolder& accelerators,
                                             const std::string& name, const GraphSettings& settings) {
  require_fit(index);
  const IndexFolder folder = accelerators.make_inner(name);
  IndexManifest::Accelerator made;
  made.name = name;
  made.rows = index.rows();
  const std::vector<float> scales = write_codes(index, folder, made.files);
  write<float>(folder, "scales.npy", {DType::kFloat32, made.rows}, scales, made.files);

  const std::int64_t dimension = index.settings().dimension;
  const IndexArray codes(folder, "codes.npy", made.files["codes.npy"].bytes, {DType::kInt8, made.rows, {dimension}});
  const NeighbourGraph graph = build_graph({dimension, codes.numbers<std::int8_t>(), scales}, settings);
  made.width = graph.width;
  made.starts = std::ssize(graph.starts);
  write<std::int32_t>(folder, "links.npy", {DType::kInt32, made.rows, {made.width}}, graph.links, made.files);
  write<std::int32_t>(folder, "starts.npy", {DType::kInt32, made.starts}, graph.starts, made.files);
  folder.sync();
  accelerators.sync();
  return made;
}

}  // namespace pipit
