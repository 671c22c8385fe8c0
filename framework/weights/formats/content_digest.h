// SHA-256 sums.
#pragma once

#include <string>

#include "base/sha256.h"
#include "pipit/weights/checkpoint.h"
#include "weights/files/digest_memo.h"

namespace pipit::weights {

class ContentDigest {
 public:
  void add(Bytes bytes) { sum_.add(bytes); }
  /// Of all that was added, in hexadecimal; once.
  std::string sha256() { return sum_.hex(); }

  /// What sha256sum prints for the checkpoint's file. Of several shards: the sum of their sums, as lines in the order
  /// of their names. Reads all bytes, unless the memo knows them.
  static std::string sha256(const Checkpoint& checkpoint, const DigestMemo* memo = nullptr);
  static std::string sha256(Bytes bytes) { return Sha256::of(bytes); }

 private:
  Sha256 sum_;
};

}  // namespace pipit::weights
