#include "weights/formats/safetensors_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

namespace pipit::weights {
namespace {

// The data starts at a cache line, so that every tensor is aligned wherever the file is mapped.
constexpr std::size_t kAlignment = 64;

}  // namespace

std::uint64_t NewTensor::size() const {
  std::uint64_t total = dtype_bytes(dtype);
  for (std::int64_t n : shape) total *= static_cast<std::uint64_t>(n);
  return total;
}

SafetensorsWriter::SafetensorsWriter(std::vector<NewTensor> tensors, const std::map<std::string, std::string>& metadata)
    : tensors_(std::move(tensors)) {
  // The widest elements first, as the format's own writer does: each tensor is aligned to its elements.
  std::sort(tensors_.begin(), tensors_.end(), [](const NewTensor& a, const NewTensor& b) {
    return std::tuple(dtype_bytes(b.dtype), a.name) < std::tuple(dtype_bytes(a.dtype), b.name);
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t at = 0;
  for (const NewTensor& tensor : tensors_) {
    const std::uint64_t end = at + tensor.size();
    header[tensor.name] = {
        {"dtype", dtype_info(tensor.dtype).safetensors}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  const std::string json = header.dump();
  const std::size_t length = sizeof(std::uint64_t) + json.size();
  const std::uint64_t padded = (length + kAlignment - 1) / kAlignment * kAlignment - sizeof(std::uint64_t);
  header_.assign(reinterpret_cast<const char*>(&padded), sizeof(padded));
  header_ += json;
  header_.resize(sizeof(padded) + padded, ' ');
  size_ = header_.size() + at;
}

void SafetensorsWriter::write(const Sink& sink) const {
  sink(std::as_bytes(std::span(header_)));
  for (const NewTensor& tensor : tensors_) sink(tensor.bytes());
}

}  // namespace pipit::weights
