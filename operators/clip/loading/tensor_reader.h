// From a checkpoint's bytes to the tensors that a model computes with.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "clip/api.h"
#include "clip/kernels/linear.h"
#include "clip/loading/footprint.h"
#include "clip/loading/placement.h"
#include "pipit/weights/clip_checkpoint.h"

namespace pipit::clip {

/// Bytes that the tensors of one tower (with its head) will be copied to; those that can be used where they lie are
/// none of them.
enum class Side { kVision, kText };
PIPIT_CLIP_API std::int64_t bytes_to_copy(const weights::ClipCheckpoint& checkpoint, const Placement& placement,
                                          Side side);

/// Reads tensors in the model's element type and on its device. A tensor that has both already is used where it lies,
/// without a copy; it keeps the checkpoint's storage alive.
class TensorReader {
 public:
  /// Adds what it reads to `footprint`. Both must outlive the reader.
  TensorReader(const weights::ClipCheckpoint& checkpoint, const Placement& placement, Footprint& footprint)
      : checkpoint_(checkpoint), placement_(placement), footprint_(footprint) {}

  /// `name` is one of ClipCheckpoint's. Throws pipit::Error (`internal`) for one that the checkpoint lacks.
  at::Tensor read(const std::string& name);

  /// As read, but in the file's element type: for a table of which little is looked up at a time.
  at::Tensor read_as_stored(const std::string& name);

  /// A product of the blocks, its weight in as many bits as the placement says. Throws pipit::Error
  /// (`invalid_checkpoint`) for a weight that cannot be had in so few.
  Linear read_linear(const std::string& weight, const std::string& bias);

  /// The same in several, so many outputs each.
  std::vector<Linear> read_linears(const std::string& weight, const std::string& bias, at::IntArrayRef outputs);

  const weights::ClipArchitecture& architecture() const { return checkpoint_.architecture; }
  const Placement& placement() const { return placement_; }

 private:
  const weights::Source& find(const std::string& name) const;
  at::Tensor read(const weights::Source& source, c10::ScalarType dtype);

  const weights::ClipCheckpoint& checkpoint_;
  Placement placement_;
  Footprint& footprint_;
};

}  // namespace pipit::clip
