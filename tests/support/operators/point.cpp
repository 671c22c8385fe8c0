#include "test_operators.h"

namespace test {

/// A text's numbers as a vector, in a space.
class Point {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("The numbers in a text as a vector.")
        .input("text", "string", "numbers with spaces between")
        .output("vec", "tensor<f32>[?]")
        .argument("space", "string", "", "the name of the space; without a name it has none")
        .argument("size", "int", "0", "how many numbers there are; 0: it does not say")
        .refuses("bad_text", "when it has something else");
  }
  Point(const pipit::Arguments& arguments, pipit::Context& context)
      : space_(arguments.string("space")), size_(arguments.integer("size")), context_(context) {}

  pipit::Value process(const pipit::Row& row) const {
    std::istringstream text{std::string(row[0].string())};
    std::vector<float> numbers;
    for (std::string word; text >> word;) {
      char* end = nullptr;
      numbers.push_back(std::strtof(word.c_str(), &end));
      if (*end != '\0') throw pipit::Error("bad_text", "'" + word + "' is not a number");
    }
    pipit::Tensor vec = pipit::Tensor::empty(pipit::DType::kFloat32, {static_cast<std::int64_t>(numbers.size())});
    std::copy(numbers.begin(), numbers.end(), vec.mutable_data<float>());
    return vec;
  }

  std::string output_type(std::uint32_t) const { return size_ > 0 ? "tensor<f32>[" + std::to_string(size_) + "]" : ""; }
  std::string space() const {
    context_.count("asked_for_its_space");
    if (space_ == "lost") throw pipit::Error("not_found", "its weights are gone");
    return space_;
  }

 private:
  std::string space_;
  std::int64_t size_;
  pipit::Context& context_;
};

}  // namespace test

PIPIT_OPERATOR("test/text.point", "1.0.0", "for tests", test::Point);
