#include "weights/config/lora_config.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "weights/files/fault.h"

namespace pipit::weights {
namespace {

using Json = nlohmann::json;

bool is_set(const Json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return false;
  if (found->is_boolean()) return found->get<bool>();
  return !(found->is_array() || found->is_object()) || !found->empty();
}

constexpr double kLargestRank = 1 << 16;

bool is_positive(const Json& value) {
  return value.is_number() && value.get<double>() > 0 && std::isfinite(value.get<double>());
}

// A rank is the number of rows of a matrix.
bool is_rank(const Json& value) {
  return is_positive(value) && value.get<double>() <= kLargestRank &&
         value.get<double>() == std::floor(value.get<double>());
}

double read_rank(const Json& config) {
  const auto found = config.find("r");
  if (found == config.end() || !is_rank(*found)) {
    fail("has an adapter_config.json whose 'r' is {}, expected a whole number from 1 to {}",
         found == config.end() ? "missing" : found->dump(), kLargestRank);
  }
  return found->get<double>();
}

double read_alpha(const Json& config) {
  const auto found = config.find("lora_alpha");
  if (found == config.end() || !is_positive(*found)) {
    fail("has an adapter_config.json whose 'lora_alpha' is {}, expected a positive number",
         found == config.end() ? "missing" : found->dump());
  }
  return found->get<double>();
}

std::map<std::string, double> patterns(const Json& config, const char* key, bool (*is_good)(const Json& value),
                                       std::string_view expected) {
  std::map<std::string, double> result;
  if (!is_set(config, key)) return result;
  if (!config[key].is_object()) fail("has an adapter_config.json whose {} is not an object", key);
  for (const auto& [pattern, value] : config[key].items()) {
    // PEFT takes regular expressions; what is in use are module names.
    if (pattern.find_first_of("*+?()[]{}|^$\\") != std::string::npos) {
      fail("has an adapter_config.json whose {} has the regular expression {}; merge it with PEFT", key,
           quote(pattern));
    }
    if (!is_good(value)) {
      fail("has an adapter_config.json whose {} gives {} the value {}, expected {}", key, quote(pattern), value.dump(),
           expected);
    }
    result[pattern] = value.get<double>();
  }
  return result;
}

double find(const std::map<std::string, double>& values, const std::string& module, double otherwise) {
  for (const auto& [pattern, value] : values) {
    if (module == pattern || module.ends_with("." + pattern)) return value;
  }
  return otherwise;
}

}  // namespace

double LoraConfig::rank_of(const std::string& module) const {
  return find(rank_pattern, module, rank);
}

double LoraConfig::scale_of(const std::string& module) const {
  const double r = rank_of(module);
  return find(alpha_pattern, module, alpha) / (rank_stabilized ? std::sqrt(r) : r);
}

LoraConfig read_lora_config(const std::string& text) {
  const Json config = Json::parse(text, nullptr, false);
  if (!config.is_object()) fail("has an adapter_config.json that is not a JSON object");
  constexpr std::string_view kRemedy = "merge it with PEFT and use the merged model";
  const auto type = config.find("peft_type");
  if (type == config.end() || *type != "LORA") {
    fail("is an adapter of PEFT's type {}, expected \"LORA\"; {}", type == config.end() ? "none" : type->dump(),
         kRemedy);
  }
  for (const char* key : {"use_dora", "use_qalora", "lora_bias", "layer_replication", "megatron_config",
                          "trainable_token_indices", "target_parameters", "alora_invocation_tokens", "corda_config",
                          "arrow_config", "kasa_config", "monteclora_config", "lora_ga_config"}) {
    if (is_set(config, key)) fail("is a LoRA adapter with {}, which is not merged; {}", key, kRemedy);
  }
  const auto start = config.find("init_lora_weights");
  if (start != config.end() && start->is_string()) {
    // These train what is left of the base weights, which were changed at the start.
    for (std::string_view name : {"pissa", "olora", "corda", "loftq", "lora_ga"}) {
      if (start->get<std::string>().starts_with(name)) {
        fail("is a LoRA adapter that was started as {}, which changed the base weights; {}", name, kRemedy);
      }
    }
  }
  return {read_rank(config),
          read_alpha(config),
          patterns(config, "rank_pattern", is_rank, fmt::format("a whole number from 1 to {}", kLargestRank)),
          patterns(config, "alpha_pattern", is_positive, "a positive number"),
          is_set(config, "use_rslora"),
          is_set(config, "fan_in_fan_out")};
}

}  // namespace pipit::weights
