#include "weights/formats/content_digest.h"

#include "weights/formats/checkpoint_state.h"

namespace pipit::weights {

std::string ContentDigest::sha256(const Checkpoint& checkpoint, const DigestMemo* memo) {
  std::string sums;
  for (const auto& file : CheckpointParts::state(checkpoint).bytes) {
    const auto known = memo != nullptr ? memo->find(*file->identity()) : std::nullopt;
    const std::string sum = known ? *known : sha256(file->bytes());
    if (memo != nullptr && !known) memo->store(*file->identity(), sum);
    sums += sum + "\n";
  }
  if (CheckpointParts::state(checkpoint).bytes.size() == 1) return sums.substr(0, sums.size() - 1);
  return sha256(std::as_bytes(std::span(sums)));
}

}  // namespace pipit::weights
