#include "value/type.h"

#include <doctest/doctest.h>

#include <string>

using pipit::DType;
using pipit::Tensor;
using pipit::Type;
using pipit::Value;

TEST_CASE("type: every form of the grammar prints as it was written") {
  for (const char* text : {"any",
                           "null",
                           "bool",
                           "int",
                           "float",
                           "string",
                           "bytes",
                           "frame",
                           "map",
                           "list",
                           "list<string>",
                           "list<list<int>>",
                           "tensor",
                           "tensor<f32>[512]",
                           "tensor<f32>[?]",
                           "tensor<u8>[?,?,3]",
                           "tensor<f32>[...]",
                           "tensor<bf16>[]",
                           "list<tensor<f16>[2,3]>",
                           "tensor[4]"}) {
    CHECK(Type::parse(text).text() == text);
  }
  CHECK(Type::parse("tensor[...]").text() == "tensor");
  CHECK(Type::parse("tensor<i64>").text() == "tensor<i64>[...]");
}

TEST_CASE("type: what is not a type is refused with the grammar") {
  for (const std::string text :
       {"", "text", "list<>", "list<string", "tensor<f33>", "tensor<f32>[", "tensor<f32>[-1]", "tensor<f32>[x]",
        "tensor<f32", "tensor<f32>4", "tensor<f32>[99999999999999999999]", "String"}) {
    const std::string quoted = text == "list<>" ? "" : text == "list<string" ? text : text;
    CHECK_THROWS_WITH_AS(
        Type::parse(text),
        ("'" + quoted +
         "' is not a type; expected any, null, bool, int, float, string, bytes, frame, map, list<T> or "
         "tensor<f32>[512]")
            .c_str(),
        pipit::Error);
  }
}

TEST_CASE("type: an input accepts what may fit") {
  const auto accepts = [](const char* wanted, const char* given) {
    return Type::parse(wanted).accepts(Type::parse(given));
  };
  CHECK(accepts("any", "frame"));
  CHECK(accepts("frame", "any"));
  CHECK(accepts("float", "int"));
  CHECK_FALSE(accepts("int", "float"));
  CHECK_FALSE(accepts("string", "int"));
  CHECK(accepts("tensor<f32>[512]", "tensor<f32>[?]"));
  CHECK(accepts("tensor<f32>[?]", "tensor<f32>[512]"));
  CHECK(accepts("tensor<f32>[512]", "tensor"));
  CHECK_FALSE(accepts("tensor<f32>[512]", "tensor<f32>[768]"));
  CHECK_FALSE(accepts("tensor<f32>[512]", "tensor<f32>[1,512]"));
  CHECK_FALSE(accepts("tensor<f32>[512]", "tensor<f16>[512]"));
  CHECK(accepts("list<float>", "list<int>"));
  CHECK_FALSE(accepts("list<string>", "list<int>"));
  CHECK(accepts("list<string>", "list"));
}

TEST_CASE("type: a value is looked at wholly") {
  const auto holds = [](const char* type, const Value& value) { return Type::parse(type).holds(value); };
  const Value vector = Tensor::empty(DType::kFloat32, {4});
  CHECK(holds("any", {}));
  CHECK(holds("null", {}));
  CHECK_FALSE(holds("string", {}));
  CHECK(holds("float", 3));
  CHECK_FALSE(holds("int", 3.0));
  CHECK_FALSE(holds("int", true));
  CHECK(holds("tensor<f32>[4]", vector));
  CHECK(holds("tensor<f32>[?]", vector));
  CHECK(holds("tensor", vector));
  CHECK_FALSE(holds("tensor<f32>[5]", vector));
  CHECK_FALSE(holds("tensor<f32>[4,1]", vector));
  CHECK_FALSE(holds("tensor<f64>[4]", vector));
  CHECK(holds("list<string>", Value::list({"a", "b"})));
  CHECK(holds("list<string>", Value::list({})));
  CHECK_FALSE(holds("list<string>", Value::list({"a", 1})));
  CHECK(holds("list", Value::list({"a", 1})));
}

TEST_CASE("type: a value's type is told as found") {
  CHECK(pipit::type_of(Value()) == "null");
  CHECK(pipit::type_of("a") == "string");
  CHECK(pipit::type_of(Tensor::empty(DType::kUInt8, {2, 3})) == "tensor<u8>[2,3]");
  CHECK(pipit::type_of(Tensor::empty(DType::kFloat64, {})) == "tensor<f64>[]");
}
