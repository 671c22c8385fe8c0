// A safetensors file to be written.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pipit/weights/checkpoint.h"
#include "weights/files/bytes.h"

namespace pipit::weights {

struct NewTensor {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::function<std::vector<std::byte>()> bytes;  // row-major; called once, when its turn comes

  std::uint64_t size() const;
};

/// Takes the next bytes of a file.
using Sink = std::function<void(Bytes)>;

class SafetensorsWriter {
 public:
  SafetensorsWriter(std::vector<NewTensor> tensors, const std::map<std::string, std::string>& metadata);

  /// Of the whole file.
  std::uint64_t size() const { return size_; }
  std::uint64_t tensor_bytes() const { return size_ - header_.size(); }
  /// Writes it from its first byte to its last. The same tensors and metadata give the same bytes.
  void write(const Sink& sink) const;

 private:
  std::vector<NewTensor> tensors_;
  std::string header_;
  std::uint64_t size_ = 0;
};

}  // namespace pipit::weights
