// What shapes cannot show: the number of heads, and the activation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weights/clip/clip_layout.h"
#include "weights/config/clip_config.h"

namespace pipit::weights {

/// Taken from the config beside the file or in its metadata, from the request, or from a rule, in that order. A config
/// and a request that contradict each other are a Fault, and so is a number of heads that nothing tells. What a rule
/// gave is noted.
class ClipHyperparameters {
 public:
  ClipHyperparameters(const ClipRequest& request, std::optional<ClipConfig> config)
      : request_(request), config_(std::move(config)) {
    if (config_) hints_.variant = config_->variant;
  }

  Activation activation();

  struct TowerUse {
    bool asked;   // the request is about this tower
    bool needed;  // its heads must be known
    bool named;   // its architecture has a name, and with it a known number of heads
  };
  std::int64_t heads(Part part, std::int64_t width, const TowerUse& use);

  /// What was not left to a rule.
  const ClipHints& hints() const { return hints_; }
  const std::vector<std::string>& assumptions() const { return assumptions_; }

 private:
  std::optional<std::int64_t> config_heads(Part part, std::int64_t width) const;

  const ClipRequest& request_;
  std::optional<ClipConfig> config_;
  ClipHints hints_;
  std::vector<std::string> assumptions_;
};

}  // namespace pipit::weights
