#include "made_up.h"

#include <c10/util/Half.h>
#include <zlib.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pipit/weights/quantization.h"

namespace made_up {
namespace {

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  return n;
}

template <class T>
void append(std::string& bytes, const std::vector<float>& values) {
  const std::vector<T> converted(values.begin(), values.end());
  bytes.append(reinterpret_cast<const char*>(converted.data()), converted.size() * sizeof(T));
}

bool is_linear(const std::string& name, const std::vector<std::int64_t>& shape) {
  return name.find("resblocks.") != name.npos && shape.size() == 2;
}

}  // namespace

std::vector<std::uint32_t> noise(std::string_view name, std::int64_t size) {
  const auto seed =
      static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(name.data()), static_cast<uInt>(name.size())));
  std::vector<std::uint32_t> numbers(static_cast<std::size_t>(size));
  for (std::uint32_t i = 0; i < numbers.size(); ++i) {
    std::uint32_t x = i * 2654435761u + seed;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    numbers[i] = x ^ x >> 16;
  }
  return numbers;
}

std::vector<float> weights(std::string_view name, const std::vector<std::int64_t>& shape) {
  const std::int64_t size = elements(shape);
  const bool norm = name.find("ln_") != name.npos || name.find("norm") != name.npos;
  float scale = 0.5f;
  float offset = 0;
  if (shape.size() < 2 && norm && name.ends_with("weight")) {
    scale = 0.25f;
    offset = 1;
  } else if (shape.size() >= 2 && name.find("embedding") == name.npos) {
    scale = static_cast<float>(std::sqrt(6.0 / static_cast<double>(size / shape[0])));
  }
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(size));
  for (const std::uint32_t x : noise(name, size)) {
    const float u = static_cast<float>(x >> 8) * 0x1p-23f - 1.0f;
    const float scaled = u * scale;
    values.push_back(scaled + offset);
  }
  return values;
}

std::vector<std::uint8_t> pictures(std::string_view name, std::int64_t frames, std::int64_t resolution) {
  std::vector<std::uint8_t> pixels;
  for (const std::uint32_t x : noise(name, frames * resolution * resolution * 3)) {
    pixels.push_back(static_cast<std::uint8_t>(x >> 24));
  }
  return pixels;
}

void write_checkpoint(const std::filesystem::path& file, const std::map<std::string, std::vector<std::int64_t>>& shapes,
                      const std::string& dtype, int bits) {
  nlohmann::json header = nlohmann::json::object();
  std::string bytes;
  const auto add = [&](const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
                       const auto& write) {
    const std::size_t start = bytes.size();
    write();
    header[name] = {{"dtype", type}, {"shape", shape}, {"data_offsets", {start, bytes.size()}}};
  };
  const auto add_raw = [&](const std::string& name, const std::string& type, const std::vector<std::int64_t>& shape,
                           const auto& numbers) {
    add(name, type, shape,
        [&] { bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof numbers[0]); });
  };
  for (const auto& [name, shape] : shapes) {
    const std::vector<float> values = weights(name, shape);
    if (bits != 0 && is_linear(name, shape)) {
      const std::int64_t groups = shape[1] / pipit::weights::kFourBits.group;
      if (bits == 8) {
        const auto matrix = pipit::weights::quantize_int8(values, shape[1]);
        add_raw(name, "I8", shape, matrix.values);
        add_raw(name + ".scale", "F32", {shape[0]}, matrix.scale);
      } else {
        const auto matrix = pipit::weights::quantize_int4(values, shape[1]);
        add_raw(name, "U8", {shape[0], shape[1] / 2}, matrix.values);
        add_raw(name + ".scale", "F16", {shape[0], groups}, matrix.scale);
        add_raw(name + ".zero", "F16", {shape[0], groups}, matrix.zero);
      }
    } else if (dtype == "F16") {
      add(name, dtype, shape, [&] { append<c10::Half>(bytes, values); });
    } else {
      add(name, dtype, shape, [&] { append<float>(bytes, values); });
    }
  }
  if (bits == 8) header["__metadata__"] = {{"pipit.quantization", R"({"bits":8})"}};
  if (bits == 4) header["__metadata__"] = {{"pipit.quantization", R"({"bits":4,"group":64})"}};
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t size = text.size();
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(&size), sizeof size);
  out << text << bytes;
}

}  // namespace made_up
