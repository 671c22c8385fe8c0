#include "test_operators.h"

namespace test {

/// The sum of two vectors.
class Mix {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Adds two vectors.")
        .input("a", "tensor<f32>[...]")
        .input("b", "tensor<f32>[...]")
        .output("sum", "tensor<f32>[...]")
        .argument("takes", "string", "", "the space that the vectors must lie in; without one any");
  }
  Mix(const pipit::Arguments& arguments, pipit::Context&) : takes_(arguments.string("takes")) {}
  pipit::Value process(const pipit::Row& row) const {
    const pipit::Tensor a = row[0].tensor();
    const pipit::Tensor b = row[1].tensor();
    pipit::Tensor sum = pipit::Tensor::empty(pipit::DType::kFloat32, {a.elements()});
    for (std::int64_t i = 0; i < a.elements(); ++i) {
      sum.mutable_data<float>()[i] = a.data<float>()[i] + b.data<float>()[i % b.elements()];
    }
    return sum;
  }

  std::string takes_space() const { return takes_; }

 private:
  std::string takes_;
};

}  // namespace test

PIPIT_OPERATOR("test/text.mix", "1.0.0", "for tests", test::Mix);
