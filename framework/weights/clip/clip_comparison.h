// A file's tensors against those that a CLIP consists of.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "weights/clip/clip_architecture.h"
#include "weights/clip/clip_layout.h"

namespace pipit::weights {

/// Keeps what it finds until all is known, so that every fault of a file is told at once.
class ClipComparison {
 public:
  /// Tensors and sizes must outlive it.
  ClipComparison(const Tensors& tensors, const Sizes& sizes, std::optional<Quantization> quantization)
      : tensors_(tensors), sizes_(sizes), quantization_(quantization) {}

  /// The tensors of the file that make up the expected one; those that are not as expected are noted, and left out.
  Source take(const Expected& expected);

  /// A name that may be in the file.
  void allow(const std::string& name) { known_.insert(name); }
  /// Names that may be in the file, by a pattern as of file names.
  void allow_like(const std::string& pattern);

  /// Throws Fault where tensors are missing, or wrong, or were never taken.
  void refuse_faults(std::string_view model, const Layout& layout) const;

 private:
  Source take_quantized(const Expected& expected);
  const TensorView* find(const std::string& name, bool required);
  std::vector<std::int64_t> shape_of(const Expected& expected) const;
  bool check(const Expected& expected, const std::string& name, const TensorView& view);
  bool check_exactly(const std::string& name, const TensorView& view, DType dtype,
                     const std::vector<std::int64_t>& shape);

  const Tensors& tensors_;
  const Sizes& sizes_;
  std::optional<Quantization> quantization_;
  std::set<std::string> known_;
  std::vector<std::string> missing_;
  std::vector<std::string> wrong_;
};

}  // namespace pipit::weights
