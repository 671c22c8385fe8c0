// towhee.np_normalize: x / ||x||, as numpy.linalg.norm measures it.
#include "pipit/operator.h"

#include <cmath>

namespace {

class NpNormalize {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Divides by the Euclidean length, of the whole tensor or along one axis.")
        .input("x", "tensor<f32>[...]")
        .output("x", "tensor<f32>[...]")
        .argument("axis", "int", "null", "along this axis, negative ones from the end; null: of all elements together");
  }

  NpNormalize(const pipit::Arguments& arguments, pipit::Context&) {
    if (arguments.has("axis")) axis_ = arguments.integer("axis");
  }

  pipit::Value process(const pipit::Row& row) const {
    const pipit::Tensor x = row[0].tensor();
    if (!x.contiguous()) throw pipit::Error("invalid_input", "the tensor is strided, expected a contiguous one");
    const auto shape = x.shape();
    const Run run = elements_of_one_length(x);
    pipit::Tensor out = pipit::Tensor::empty(pipit::DType::kFloat32, {shape.begin(), shape.end()});
    for (std::int64_t start = 0; start < x.elements(); start += run.count * run.step) {
      for (std::int64_t i = start; i < start + run.step; ++i) {
        normalize(x.data<float>() + i, run, out.mutable_data<float>() + i);
      }
    }
    return out;
  }

 private:
  struct Run {
    std::int64_t count;
    std::int64_t step;
  };

  Run elements_of_one_length(const pipit::Tensor& x) const {
    if (!axis_) return {x.elements(), 1};
    const auto shape = x.shape();
    const auto dimensions = static_cast<std::int64_t>(shape.size());
    const std::int64_t axis = *axis_ < 0 ? *axis_ + dimensions : *axis_;
    if (axis < 0 || axis >= dimensions) {
      throw pipit::Error("invalid_argument", "axis is " + std::to_string(*axis_) + ", the tensor has " +
                                                 std::to_string(dimensions) + " dimensions");
    }
    Run run{shape[axis], 1};
    for (std::int64_t d = axis + 1; d < dimensions; ++d) run.step *= shape[d];
    return run;
  }

  static void normalize(const float* x, const Run& run, float* out) {
    double squares = 0;
    for (std::int64_t i = 0; i < run.count; ++i) squares += static_cast<double>(x[i * run.step]) * x[i * run.step];
    if (squares == 0)
      throw pipit::Error("invalid_input", "a vector of zeros has no direction; it cannot be normalized");
    const auto length = static_cast<float>(std::sqrt(squares));
    if (!std::isfinite(length)) {
      throw pipit::Error("invalid_input", "a vector with NaN, infinity or too large numbers cannot be normalized");
    }
    for (std::int64_t i = 0; i < run.count; ++i) out[i * run.step] = x[i * run.step] / length;
  }

  std::optional<std::int64_t> axis_;
};

}  // namespace

PIPIT_OPERATOR("towhee.np_normalize", "1.0.0", "divides a vector by its length", NpNormalize);
