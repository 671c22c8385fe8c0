#include "plugin_kit/probe_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace pipit::cli {
namespace {

using Named = std::vector<std::pair<std::string, Value>>;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class T>
void fill(Tensor& tensor, double (*element)(std::int64_t i, int seed), int seed) {
  for (std::int64_t i = 0; i < tensor.elements(); ++i) tensor.mutable_data<T>()[i] = static_cast<T>(element(i, seed));
}

/// A tensor of the type, `size` in place of every size that the type leaves open.
Tensor tensor_of(const Type& type, std::int64_t size, double (*element)(std::int64_t i, int seed), int seed) {
  const DType dtype = type.element.value_or(DType::kFloat32);
  std::vector<std::int64_t> shape = type.shape.value_or(std::vector<std::int64_t>{Type::kUnknown});
  std::ranges::replace(shape, Type::kUnknown, size);
  Tensor tensor = Tensor::empty(dtype, std::move(shape));
  if (dtype == DType::kFloat64) {
    fill<double>(tensor, element, seed);
  } else if (dtype == DType::kFloat32) {
    fill<float>(tensor, element, seed);
  } else {
    const std::size_t bytes = dtype_bytes(dtype);
    std::memset(tensor.mutable_data<std::byte>(), seed, static_cast<std::size_t>(tensor.elements()) * bytes);
  }
  return tensor;
}

double ramp(std::int64_t i, int seed) {
  return 0.25 * static_cast<double>((i * 7 + seed * 3) % 11 + 1);
}

Value frame_of(std::int64_t height, std::int64_t width, int seed) {
  Tensor pixels = Tensor::empty(DType::kUInt8, {height, width, 3});
  for (std::int64_t i = 0; i < pixels.elements(); ++i) {
    pixels.mutable_data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * (seed + 1) % 251);
  }
  FrameInfo info;
  info.index = seed;
  info.timestamp_ms = 40.0 * seed;
  info.key_frame = seed == 0;
  info.estimated_frames = 3;
  info.duration_s = 0.12;
  info.rate = 25;
  return Frame::make(info, pixels);
}

Value bytes_of(std::string_view text) {
  return Value::bytes(std::as_bytes(std::span(text)));
}

}  // namespace

std::vector<Value> ordinary_values(const Type& type) {
  if (!type.kind) return {"a text", "another text", "a third"};
  switch (*type.kind) {
    case Kind::kNull:
      return {nullptr, nullptr, nullptr};
    case Kind::kBool:
      return {true, false, true};
    case Kind::kInt:
      return {1, 2, 3};
    case Kind::kFloat:
      return {0.5, 1.5, 2.5};
    case Kind::kString:
      return {"a text", "another, longer text", "ein Stück Text"};
    case Kind::kBytes:
      return {bytes_of("abc"), bytes_of("defg"), bytes_of("h")};
    case Kind::kTensor:
      return {tensor_of(type, 4, ramp, 1), tensor_of(type, 4, ramp, 2), tensor_of(type, 4, ramp, 3)};
    case Kind::kFrame:
      return {frame_of(48, 64, 0), frame_of(48, 64, 1), frame_of(48, 64, 2)};
    case Kind::kList: {
      const std::vector<Value> items = ordinary_values(type.item ? *type.item : Type{});
      return {Value::list(items), Value::list({items[0]}), Value::list({items[2], items[1]})};
    }
    case Kind::kMap:
      return {Value::map({{"a", 1}}), Value::map({{"b", 2}}), Value::map({{"a", "c"}})};
  }
  return {};
}

Named edge_values(const Type& type) {
  if (!type.kind) return {{"null", nullptr}, {"an empty list", Value::list({})}};
  switch (*type.kind) {
    case Kind::kInt:
      return {{"0", 0}, {"the least int", INT64_MIN}, {"the largest int", INT64_MAX}};
    case Kind::kFloat:
      return {{"0.0", 0.0}, {"NaN", kNan}, {"infinity", kInfinity}, {"-1e308", -1e308}};
    case Kind::kString:
      return {{"an empty text", ""},
              {"a text of 1 MiB", std::string(1 << 20, 'x')},
              {"bytes that are no UTF-8", "\xff\xfe\x80"},
              {"a text with a NUL", std::string_view("a\0b", 3)}};
    case Kind::kBytes:
      return {{"no bytes", bytes_of("")}};
    case Kind::kTensor:
      return {{"a tensor with sizes of 0", tensor_of(type, 0, ramp, 0)},
              {"a tensor with sizes of 1", tensor_of(type, 1, ramp, 0)},
              {"a tensor of zeros", tensor_of(
                                        type, 4, [](std::int64_t, int) { return 0.0; }, 0)},
              {"a tensor of NaN", tensor_of(
                                      type, 4, [](std::int64_t, int) { return kNan; }, 0)}};
    case Kind::kFrame:
      return {{"a frame of one pixel", frame_of(1, 1, 0)}, {"a frame of 1 x 5000", frame_of(1, 5000, 0)}};
    case Kind::kList:
      return {{"an empty list", Value::list({})}};
    case Kind::kMap:
      return {{"an empty map", Value::map({})}};
    default:
      return {};
  }
}

namespace {

Named edges_of_type(const ArgumentType& type) {
  using Base = ArgumentType::Base;
  switch (type.base) {
    case Base::kString:
      return {{"an empty text", ""}, {"a text of 1 MiB", std::string(1 << 20, 'x')}};
    case Base::kPath:
      return {{"an empty path", ""}, {"a path that is not there", "/nowhere/at/all"}, {"a folder", "/"}};
    case Base::kInt:
      return {{"0", 0}, {"-1", -1}, {"the least int", INT64_MIN}, {"the largest int", INT64_MAX}};
    case Base::kFloat:
      return {{"0.0", 0.0}, {"-1.0", -1.0}, {"NaN", kNan}, {"infinity", kInfinity}};
    case Base::kBool:
      return {{"true", true}, {"false", false}};
    case Base::kEnum: {
      Named values;
      for (const std::string& choice : type.choices) values.emplace_back("'" + choice + "'", choice);
      return values;
    }
    case Base::kList:
      return {{"an empty list", Value::list({})}};
    case Base::kMap:
      return {{"an empty map", Value::map({})}};
    default:
      return {{"null", nullptr}};
  }
}

/// As YAML has it; a text is quoted.
YamlNode written(const Value& value) {
  if (value.kind() == Kind::kInt) return {.text = std::to_string(value.integer())};
  if (value.kind() == Kind::kFloat) return {.text = fmt::format("{}", value.number())};
  return {.text = std::string(value.string()), .quoted = true};
}

}  // namespace

Named edge_values(const Argument& argument) {
  const bool is_list = argument.type.base == ArgumentType::Base::kList;
  Named values;
  for (auto& [what, value] : edges_of_type(argument.type)) {
    const bool is_path = argument.type.base == ArgumentType::Base::kPath && value.kind() == Kind::kString;
    const bool taken = is_list || (argument.values.takes(value) &&
                                   (!is_path || argument.values.path_fault(std::string(value.string())).empty()));
    if (taken) values.emplace_back(what, std::move(value));
  }
  for (const Value& value : argument.values.ends()) {
    values.emplace_back(written(value).text, is_list ? Value::list({value}) : value);
  }
  return values;
}

std::vector<YamlNode> outside_values(const Argument& argument) {
  std::vector<YamlNode> nodes;
  for (const Value& value : argument.values.outside()) {
    YamlNode one = written(value);
    if (argument.type.base == ArgumentType::Base::kList) one = {.kind = YamlNode::Kind::kSequence, .items = {one}};
    nodes.push_back(std::move(one));
  }
  return nodes;
}

}  // namespace pipit::cli
