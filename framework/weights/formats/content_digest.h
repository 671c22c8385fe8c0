// SHA-256 sums.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "pipit/weights/checkpoint.h"
#include "weights/files/digest_memo.h"

namespace pipit::weights {

class ContentDigest {
 public:
  ContentDigest();

  void add(Bytes bytes);
  /// Of all that was added, in hexadecimal; once.
  std::string sha256();

  /// What sha256sum prints for the checkpoint's file. Of several shards: the sum of their sums, as lines in the order
  /// of their names. Reads all bytes, unless the memo knows them.
  static std::string sha256(const Checkpoint& checkpoint, const DigestMemo* memo = nullptr);
  static std::string sha256(Bytes bytes);

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace pipit::weights
