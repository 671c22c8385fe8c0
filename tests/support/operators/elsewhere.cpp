#include "test_operators.h"

namespace test {

/// Says that its result lies in the memory of another device; nobody can read it here.
class Elsewhere {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Codes that lie on a device.").input("text", "string").output("codes", "tensor<f32>[2]");
  }
  Elsewhere(const pipit::Arguments&, pipit::Context&) {}
  pipit::Value process(const pipit::Row&) {
    pipit_managed_tensor* codes = pipit::detail::OwnedTensor::make(nullptr, pipit::DType::kFloat32, {2}, nullptr);
    codes->tensor.device = {PIPIT_DEVICE_CUDA, 1};
    return pipit::Tensor::adopt(codes);
  }
};

}  // namespace test

PIPIT_OPERATOR("test/text.elsewhere", "1.0.0", "for tests", test::Elsewhere);
