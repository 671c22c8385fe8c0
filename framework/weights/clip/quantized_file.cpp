#include "weights/clip/quantized_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "weights/files/fault.h"

namespace pipit::weights {

std::optional<Quantization> read_quantization(const std::map<std::string, std::string>& metadata) {
  const auto found = metadata.find(kQuantizationKey);
  if (found == metadata.end()) return std::nullopt;
  const auto says = nlohmann::json::parse(found->second, nullptr, false);
  for (const Quantization& known : {kEightBits, kFourBits}) {
    if (says == nlohmann::json::parse(describe(known))) return known;
  }
  fail("has {} in its metadata as {}; pipit knows {} and {}", quote(kQuantizationKey), quote(found->second),
       describe(kEightBits), describe(kFourBits));
}

std::string describe(const Quantization& quantization) {
  if (quantization.group == 0) return fmt::format(R"({{"bits":{}}})", quantization.bits);
  return fmt::format(R"({{"bits":{},"group":{}}})", quantization.bits, quantization.group);
}

}  // namespace pipit::weights
