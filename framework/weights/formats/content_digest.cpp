#include "weights/formats/content_digest.h"

#include <fmt/format.h>

#include <array>

#include "pipit/error.h"
#include "weights/formats/checkpoint_state.h"

namespace pipit::weights {

namespace {

void require(bool done) {
  if (!done) throw Error("internal", "OpenSSL computes no SHA-256");
}

}  // namespace

ContentDigest::ContentDigest() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void ContentDigest::add(Bytes bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string ContentDigest::sha256() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), sum.data(), &size) == 1);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", sum[i]);
  return text;
}

std::string ContentDigest::sha256(Bytes bytes) {
  ContentDigest digest;
  digest.add(bytes);
  return digest.sha256();
}

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
