#include "value/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/half.h"
#include "value/utf8.h"

namespace pipit {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(number)) {
      out += "null";
      return;
    }
  }
  fmt::format_to(std::back_inserter(out), "{}", number);
}

/// Writes one dimension of a tensor and, inside it, the next ones. `one` writes the element at an offset.
template <class One>
void append_dimension(std::string& out, const pipit_tensor& tensor, std::int32_t dimension, std::int64_t offset,
                      const One& one) {
  if (dimension == tensor.dimensions) {
    one(offset);
    return;
  }
  std::int64_t stride = 1;
  if (tensor.strides != nullptr) {
    stride = tensor.strides[dimension];
  } else {
    for (std::int32_t d = dimension + 1; d < tensor.dimensions; ++d) stride *= tensor.shape[d];
  }
  out += '[';
  for (std::int64_t i = 0; i < tensor.shape[dimension]; ++i) {
    if (i > 0) out += ',';
    append_dimension(out, tensor, dimension + 1, offset + i * stride, one);
  }
  out += ']';
}

template <class Element, class Convert>
void append_elements(std::string& out, const Tensor& tensor, Convert convert) {
  const auto* data = static_cast<const Element*>(tensor.raw_data());
  append_dimension(out, tensor.dlpack(), 0, 0, [&](std::int64_t at) { append_number(out, convert(data[at])); });
}

void append_tensor(std::string& out, const Tensor& tensor) {
  if (const std::string device = foreign_device(tensor); !device.empty()) {
    throw Error("invalid_output", fmt::format("a tensor lies on {}, and text is written from main memory; have its "
                                              "operator give it there",
                                              device));
  }
  const auto same = [](auto x) { return x; };
  switch (tensor.dtype()) {
    case DType::kFloat64:
      return append_elements<double>(out, tensor, same);
    case DType::kFloat32:
      return append_elements<float>(out, tensor, same);
    case DType::kFloat16:
      return append_elements<std::uint16_t>(out, tensor, float16_to_float);
    case DType::kBFloat16:
      return append_elements<std::uint16_t>(out, tensor, bfloat16_to_float);
    case DType::kInt64:
      return append_elements<std::int64_t>(out, tensor, same);
    case DType::kInt32:
      return append_elements<std::int32_t>(out, tensor, same);
    case DType::kInt16:
      return append_elements<std::int16_t>(out, tensor, same);
    case DType::kInt8:
      return append_elements<std::int8_t>(out, tensor, [](std::int8_t x) { return int{x}; });
    case DType::kUInt8:
      return append_elements<std::uint8_t>(out, tensor, [](std::uint8_t x) { return int{x}; });
    case DType::kBool:
      return append_elements<std::uint8_t>(out, tensor, [](std::uint8_t x) { return x != 0; });
  }
}

/// Whether the lists are a tensor of this shape, numbers at the bottom.
bool is_regular(const nlohmann::json& level, const std::vector<std::int64_t>& shape, std::size_t depth) {
  if (depth == shape.size()) return level.is_number();
  if (!level.is_array() || static_cast<std::int64_t>(level.size()) != shape[depth]) return false;
  return std::ranges::all_of(level, [&](const nlohmann::json& next) { return is_regular(next, shape, depth + 1); });
}

Value tensor_from_json(const nlohmann::json& json, const Type& type) {
  std::vector<std::int64_t> shape;
  for (const nlohmann::json* level = &json; level->is_array(); level = &level->front()) {
    shape.push_back(static_cast<std::int64_t>(level->size()));
    if (level->empty()) break;
  }
  if (type.element && *type.element != DType::kFloat32) return {};
  // The first row's size says nothing of the others': no memory for rows that are not there.
  if (!is_regular(json, shape, 0)) return {};
  Tensor tensor = Tensor::empty(DType::kFloat32, shape);
  auto* data = tensor.mutable_data<float>();
  const auto fill = [&](const auto& self, const nlohmann::json& level) -> void {
    if (level.is_number()) *data++ = level.get<float>();
    if (!level.is_array()) return;
    for (const nlohmann::json& next : level) self(self, next);
  };
  fill(fill, json);
  return tensor;
}

}  // namespace

std::string foreign_device(const Tensor& tensor) {
  const auto& device = tensor.dlpack().device;
  if (device.type == PIPIT_DEVICE_CPU) return "";
  if (device.type == PIPIT_DEVICE_CUDA) return fmt::format("cuda:{}", device.id);
  return fmt::format("a device of DLPack's kind {}", device.type);
}

void append_json_text(std::string& out, std::string_view text, OtherBytes other) {
  const auto append = [&](std::string_view piece) {
    const std::string quoted = nlohmann::json(piece).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    out.append(quoted, 1, quoted.size() - 2);
  };
  out += '"';
  if (other == OtherBytes::kEscape) {
    for (std::size_t at = 0; at < text.size();) {
      if (const std::size_t size = utf8_size(text.substr(at, 4)); size > 0) {
        at += size;
        continue;
      }
      append(text.substr(0, at));
      fmt::format_to(std::back_inserter(out), "\\udc{:02x}", static_cast<unsigned char>(text[at]));
      text.remove_prefix(at + 1);
      at = 0;
    }
  }
  append(text);
  out += '"';
}

void append_json(std::string& out, const Value& value, OtherBytes other) {
  switch (value.kind()) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += value.boolean() ? "true" : "false";
      return;
    case Kind::kInt:
      return append_number(out, value.integer());
    case Kind::kFloat:
      return append_number(out, value.number());
    case Kind::kString:
      return append_json_text(out, value.string(), other);
    case Kind::kTensor:
      return append_tensor(out, value.tensor());
    case Kind::kList: {
      out += '[';
      for (const Value& element : value.list()) {
        if (out.back() != '[') out += ',';
        append_json(out, element, other);
      }
      out += ']';
      return;
    }
    case Kind::kMap: {
      out += '{';
      for (std::size_t i = 0; i < value.map_size(); ++i) {
        const auto [key, entry] = value.map_at(i);
        if (i > 0) out += ',';
        append_json_text(out, key, other);
        out += ':';
        append_json(out, entry, other);
      }
      out += '}';
      return;
    }
    default:
      throw Error("internal", fmt::format("a {} has no JSON form", kind_name(value.kind())));
  }
}

bool has_json_form(const Type& type) {
  if (!type.kind) return true;
  if (*type.kind == Kind::kBytes || *type.kind == Kind::kFrame) return false;
  return !type.item || has_json_form(*type.item);
}

Value from_json(const nlohmann::json& json, const Type& type) {
  if (json.is_boolean()) return json.get<bool>();
  const bool too_large = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
  if (json.is_number_integer() && !too_large) {
    if (type.kind == Kind::kFloat) return json.get<double>();
    return json.get<std::int64_t>();
  }
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get_ref<const std::string&>();
  if (json.is_array()) {
    if (type.kind == Kind::kTensor) {
      if (Value tensor = tensor_from_json(json, type); !tensor.is_null()) return tensor;
    }
    std::vector<Value> elements;
    for (const auto& element : json) elements.push_back(from_json(element, type.item ? *type.item : Type{}));
    return Value::list(std::move(elements));
  }
  if (json.is_object()) {
    std::vector<std::pair<std::string, Value>> entries;
    for (const auto& [key, entry] : json.items()) entries.emplace_back(key, from_json(entry, Type{}));
    return Value::map(std::move(entries));
  }
  return {};
}

}  // namespace pipit
