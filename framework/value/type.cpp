#include "value/type.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pipit {
namespace {

[[noreturn]] void fail(std::string_view text) {
  throw Error(
      "invalid_argument",
      fmt::format("'{}' is not a type; expected any, null, bool, int, float, string, bytes, frame, map, list<T> or "
                  "tensor<f32>[512]",
                  text));
}

std::optional<DType> parse_element(std::string_view name, std::string_view whole) {
  const auto found = find_dtype(&DTypeInfo::name, name);
  if (!found) fail(whole);
  return found;
}

std::vector<std::int64_t> parse_shape(std::string_view dims, std::string_view whole) {
  std::vector<std::int64_t> shape;
  while (!dims.empty()) {
    const std::size_t comma = std::min(dims.find(','), dims.size());
    const std::string_view one = dims.substr(0, comma);
    std::int64_t size = Type::kUnknown;
    if (one != "?") {
      const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), size);
      if (error != std::errc() || end != one.data() + one.size() || size < 0) fail(whole);
    }
    shape.push_back(size);
    dims.remove_prefix(std::min(comma + 1, dims.size()));
  }
  return shape;
}

Type tensor_type(std::string_view rest, std::string_view whole) {
  Type type;
  type.kind = Kind::kTensor;
  if (rest.starts_with('<')) {
    const std::size_t close = rest.find('>');
    if (close == std::string_view::npos) fail(whole);
    type.element = parse_element(rest.substr(1, close - 1), whole);
    rest.remove_prefix(close + 1);
  }
  if (rest.empty() || rest == "[...]") return type;
  if (!rest.starts_with('[') || !rest.ends_with(']')) fail(whole);
  type.shape = parse_shape(rest.substr(1, rest.size() - 2), whole);
  return type;
}

std::string tensor_text(const std::optional<DType>& element, const std::optional<std::vector<std::int64_t>>& shape) {
  std::string text = "tensor";
  if (element) text += fmt::format("<{}>", dtype_info(*element).name);
  if (!shape) return element ? text + "[...]" : text;
  text += '[';
  for (std::size_t i = 0; i < shape->size(); ++i) {
    if (i > 0) text += ',';
    text += (*shape)[i] == Type::kUnknown ? "?" : std::to_string((*shape)[i]);
  }
  return text + ']';
}

bool sizes_agree(const std::vector<std::int64_t>& wanted, std::span<const std::int64_t> found) {
  return std::equal(wanted.begin(), wanted.end(), found.begin(), found.end(), [](std::int64_t a, std::int64_t b) {
    return a == b || a == Type::kUnknown || b == Type::kUnknown;
  });
}

}  // namespace

Type Type::parse(std::string_view text) {
  Type type;
  if (text == "any") return type;
  if (text == "list") {
    type.kind = Kind::kList;
    return type;
  }
  // A parser that calls itself must not be led far.
  if (list_depth(text) > kDeepestLists) throw Error("invalid_argument", too_deep_text(text));
  if (text.starts_with("list<") && text.ends_with('>')) return list_of(parse(text.substr(5, text.size() - 6)));
  if (text.starts_with("tensor")) return tensor_type(text.substr(6), text);
  for (Kind kind :
       {Kind::kNull, Kind::kBool, Kind::kInt, Kind::kFloat, Kind::kString, Kind::kBytes, Kind::kFrame, Kind::kMap}) {
    if (text == kind_name(kind)) {
      type.kind = kind;
      return type;
    }
  }
  fail(text);
}

Type Type::list_of(Type item) {
  Type type;
  type.kind = Kind::kList;
  type.item = std::make_shared<const Type>(std::move(item));
  return type;
}

std::string Type::text() const {
  if (!kind) return "any";
  if (*kind == Kind::kTensor) return tensor_text(element, shape);
  if (*kind == Kind::kList && item) return fmt::format("list<{}>", item->text());
  return std::string(kind_name(*kind));
}

bool Type::accepts(const Type& from) const {
  if (!kind || !from.kind) return true;
  if (*kind != *from.kind) return *kind == Kind::kFloat && *from.kind == Kind::kInt;
  if (element && from.element && *element != *from.element) return false;
  if (shape && from.shape && !sizes_agree(*shape, *from.shape)) return false;
  return !item || !from.item || item->accepts(*from.item);
}

namespace {

/// Operators take a frame's pixels as what they are said to be.
bool is_picture(const Tensor& pixels) {
  const auto shape = pixels.shape();
  const auto& type = pixels.dlpack().dtype;
  return type.code == PIPIT_TYPE_UINT && type.bits == 8 && type.lanes <= 1 && shape.size() == 3 && shape[0] > 0 &&
         shape[1] > 0 && shape[2] == 3;
}

}  // namespace

bool Type::holds(const Value& value) const {
  if (!kind) return true;
  if (*kind != value.kind()) return *kind == Kind::kFloat && value.kind() == Kind::kInt;
  if (*kind == Kind::kFrame) return is_picture(value.frame().pixels());
  if (*kind == Kind::kTensor && (element || shape)) {
    const Tensor tensor = value.tensor();
    return (!element || tensor.dtype() == *element) && (!shape || sizes_agree(*shape, tensor.shape()));
  }
  if (*kind == Kind::kList && item && item->kind) {
    return std::ranges::all_of(value.list(), [this](const Value& v) { return item->holds(v); });
  }
  return true;
}

std::size_t list_depth(std::string_view text) {
  constexpr std::string_view kOpens = "list<";
  std::size_t depth = 0;
  for (; text.starts_with(kOpens); ++depth) text.remove_prefix(kOpens.size());
  return depth;
}

std::string too_deep_text(std::string_view text) {
  return fmt::format("a type of {} lists inside each other; at most {} are read", list_depth(text), kDeepestLists);
}

std::string type_of(const Value& value) {
  const auto text = [](const Tensor& tensor) {
    return tensor_text(tensor.dtype(), std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end()));
  };
  if (value.kind() == Kind::kTensor) return text(value.tensor());
  if (value.kind() == Kind::kFrame && !is_picture(value.frame().pixels())) {
    return "frame of " + text(value.frame().pixels());
  }
  return std::string(kind_name(value.kind()));
}

bool may_be_vector(const Type& type) {
  return type.kind == Kind::kTensor && type.element.value_or(DType::kFloat32) == DType::kFloat32 &&
         (!type.shape || type.shape->size() == 1);
}

}  // namespace pipit
