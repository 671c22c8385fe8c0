#include "clip_comparison.h"

#include <cmath>
#include <utility>

#include "fault.h"

namespace pipit::weights {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::vector<std::string> sizes;
  for (std::int64_t size : shape) sizes.push_back(size < 0 ? "?" : std::to_string(size));
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

bool is_float(DType dtype) {
  return dtype == DType::kFloat64 || dtype == DType::kFloat32 || dtype == DType::kFloat16 || dtype == DType::kBFloat16;
}

bool is_square(std::int64_t number) {
  auto root = std::llround(std::sqrt(static_cast<double>(number)));
  return root > 0 && root * root == number;
}

}  // namespace

Source ClipComparison::take(const Expected& expected) {
  Source source{{}, expected.transposed};
  for (const std::string& name : expected.names) {
    known_.insert(name);
    auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      if (expected.required) missing_.push_back(quote(name));
    } else if (check(expected, name, found->second)) {
      source.parts.push_back(found->second);
    }
  }
  return source;
}

bool ClipComparison::check(const Expected& expected, const std::string& name, const TensorView& view) {
  if (!is_float(view.dtype)) {
    wrong_.push_back(fmt::format("{} is of {}, expected a float type", quote(name), dtype_name(view.dtype)));
    return false;
  }
  std::vector<std::int64_t> shape;
  for (Dim dim : expected.shape) shape.push_back(sizes_.of(expected.part, dim));
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
  if (!faults.empty()) fail("is no whole {} in {}'s layout: {}", model, layout.name, fmt::join(faults, "; "));
}

}  // namespace pipit::weights
