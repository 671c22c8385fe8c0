#include "test_operators.h"

namespace test {

/// Tells of itself all that an operator can.
class Talker {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Numbers the texts of an item, as often as asked, and tells of everything.")
        .input("text", "string")
        .output_many("text", "string")
        .output_many("codes", "tensor<f32>[?]")
        .argument("copies", "int", "1", "how often a text comes out")
        .between(0, 9)
        .argument("length", "int", "null", "of the codes")
        .argument("factor", "float", "0.5", "what the codes are")
        .argument("names", "list<string>", "[]", "what it answers to")
        .argument("needs", "path", "null", "a file that each instance reads")
        .per_item();
  }
  Talker(const pipit::Arguments& arguments, pipit::Context& context) : arguments_(arguments), context_(context) {
    context_.warn("constructed");
    const std::string file = arguments.has("needs") ? arguments.string("needs") : "";
    if (!file.empty() && !std::ifstream(file)) throw pipit::Error("not_found", "no file '" + file + "' any more");
  }
  std::string output_type(std::uint32_t port) const {
    if (port == 0 || !arguments_.has("length")) return "";
    return "tensor<f32>[" + std::to_string(arguments_.integer("length")) + "]";
  }
  pipit::Value report() const {
    return pipit::Value::map({{"node", context_.node()}, {"threads", context_.threads()}});
  }
  void process(const pipit::Row& row, pipit::Emitter& out) {
    const std::string_view text = row[0].string();
    ++texts_;
    context_.count("texts");
    if (text.empty()) context_.warn("an empty text");
    pipit::Tensor codes = pipit::Tensor::empty(pipit::DType::kFloat32, {static_cast<std::int64_t>(text.size())});
    std::fill_n(codes.mutable_data<float>(), text.size(), static_cast<float>(arguments_.number("factor")));
    for (std::int64_t i = 0; i < arguments_.integer("copies"); ++i) {
      context_.count("emitted");
      if (!out.emit({std::to_string(texts_) + std::string(text), codes})) return;
    }
  }
  void finish(pipit::Emitter& out) {
    context_.count("stopped", out.stop_requested() ? 1 : 0);
    out.emit({std::to_string(texts_) + " texts", pipit::Tensor::empty(pipit::DType::kFloat32, {6})});
  }

 private:
  const pipit::Arguments arguments_;
  pipit::Context& context_;
  int texts_ = 0;
};

}  // namespace test

PIPIT_OPERATOR("test/text.talker", "1.0.0", "for tests", test::Talker);
