// What PEFT's adapter_config.json says of a LoRA adapter.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace pipit::weights {

struct LoraConfig {
  double rank = 0;
  double alpha = 0;
  std::map<std::string, double> rank_pattern;  // by the end of a module's path
  std::map<std::string, double> alpha_pattern;
  bool rank_stabilized = false;
  bool fan_in_fan_out = false;

  double rank_of(const std::string& module) const;
  /// What the product of a module's two matrices is multiplied by (peft, lora/layer.py: update_layer).
  double scale_of(const std::string& module) const;
};

/// Throws Fault, also for a kind of adapter that is more than W + scale·B·A.
LoraConfig read_lora_config(const std::string& json);

}  // namespace pipit::weights
