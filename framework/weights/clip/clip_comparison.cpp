#include "weights/clip/clip_comparison.h"

#include <fnmatch.h>

#include <cmath>
#include <utility>

#include "weights/files/fault.h"
#include "weights/numbers/elements.h"

namespace pipit::weights {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sizes;
  for (std::int64_t size : shape) sizes.push_back(size < 0 ? "?" : std::to_string(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

bool is_square(std::int64_t number) {
  auto root = std::llround(std::sqrt(static_cast<double>(number)));
  return root > 0 && root * root == number;
}

}  // namespace

Source ClipComparison::take(const Expected& expected) {
  if (expected.linear && quantization_) return take_quantized(expected);
  Source source{{}, expected.transposed};
  for (const std::string& name : expected.names) {
    const TensorView* view = find(name, expected.required);
    if (view != nullptr && check(expected, name, *view)) source.parts.push_back(*view);
  }
  return source;
}

Source ClipComparison::take_quantized(const Expected& expected) {
  // Three tensors apart would need three scales; pipit joins them before it quantises.
  if (expected.names.size() != 1) fail("is quantised, and has {} apart", quote(expected.names.front()));
  const std::string& name = expected.names.front();
  const std::vector<std::int64_t> shape = shape_of(expected);
  const std::int64_t rows = shape[0];
  const std::int64_t columns = shape[1];
  const bool int4 = quantization_->bits == 4;
  if (int4 && columns > 0 && columns % quantization_->group != 0) {
    fail("is quantised in groups of {}, and {} has {} columns", quantization_->group, quote(name), columns);
  }
  const std::vector<std::int64_t> scale_shape =
      int4 ? std::vector<std::int64_t>{rows, columns / quantization_->group} : std::vector<std::int64_t>{rows};
  const DType scale_type = int4 ? DType::kFloat16 : DType::kFloat32;
  auto take = [&](const std::string& part, DType dtype, const std::vector<std::int64_t>& part_shape) {
    const TensorView* view = find(part, true);
    return view != nullptr && check_exactly(part, *view, dtype, part_shape) ? view : nullptr;
  };
  const TensorView* values = take(name, int4 ? DType::kUInt8 : DType::kInt8, {rows, int4 ? columns / 2 : columns});
  const TensorView* scale = take(name + ".scale", scale_type, scale_shape);
  const TensorView* zero = int4 ? take(name + ".zero", scale_type, scale_shape) : nullptr;
  if (values == nullptr || scale == nullptr || (int4 && zero == nullptr)) return {};
  return {{*values}, false, Scales{*scale, int4 ? std::optional(*zero) : std::nullopt}};
}

void ClipComparison::allow_like(const std::string& pattern) {
  for (const auto& [name, view] : tensors_) {
    if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) known_.insert(name);
  }
}

const TensorView* ClipComparison::find(const std::string& name, bool required) {
  known_.insert(name);
  auto found = tensors_.find(name);
  if (found != tensors_.end()) return &found->second;
  if (required) missing_.push_back(quote(name));
  return nullptr;
}

std::vector<std::int64_t> ClipComparison::shape_of(const Expected& expected) const {
  std::vector<std::int64_t> shape;
  for (Dim dim : expected.shape) shape.push_back(sizes_.of(expected.part, dim));
  return shape;
}

bool ClipComparison::check_exactly(const std::string& name, const TensorView& view, DType dtype,
                                   const std::vector<std::int64_t>& shape) {
  if (view.dtype != dtype) {
    wrong_.push_back(fmt::format("{} is of {}, expected {}", quote(name), dtype_name(view.dtype), dtype_name(dtype)));
  } else if (view.shape != shape) {
    wrong_.push_back(fmt::format("{} is {}, expected {}", quote(name), shape_text(view.shape), shape_text(shape)));
  } else {
    return true;
  }
  return false;
}

bool ClipComparison::check(const Expected& expected, const std::string& name, const TensorView& view) {
  if (!is_float(view.dtype)) {
    wrong_.push_back(fmt::format("{} is of {}, expected a float type", quote(name), dtype_name(view.dtype)));
    return false;
  }
  const std::vector<std::int64_t> shape = shape_of(expected);
  bool fits = shape.size() == view.shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = shape[i] == -1 || shape[i] == view.shape[i];
  std::string is = fmt::format("{} is {}", quote(name), shape_text(view.shape));
  if (!fits) {
    wrong_.push_back(fmt::format("{}, expected {}", is, shape_text(shape)));
  } else if (view.elements() == 0) {
    wrong_.push_back(is + ", which is empty");
  } else if (expected.name == "visual.positional_embedding" && !is_square(view.shape[0] - 1)) {
    wrong_.push_back(is + ", where one more than a square was expected");
  } else {
    return true;
  }
  return false;
}

void ClipComparison::refuse_faults(std::string_view model, const Layout& layout) const {
  constexpr std::size_t kMostListed = 1'000;
  std::vector<std::string> unexpected;
  for (const auto& [name, view] : tensors_) {
    if (!known_.contains(name)) unexpected.push_back(quote(name));
  }
  std::vector<std::string> faults;
  auto add = [&](std::string_view kind, const std::vector<std::string>& texts) {
    if (!texts.empty()) faults.push_back(fmt::format("{} {}: {}", texts.size(), kind, join_some(texts, kMostListed)));
  };
  add("missing", missing_);
  add("unexpected", unexpected);
  add("wrong", wrong_);
  if (!faults.empty()) fail("is not a whole {} in {}'s layout: {}", model, layout.name, fmt::join(faults, "; "));
}

}  // namespace pipit::weights
