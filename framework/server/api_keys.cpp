#include "server/api_keys.h"

#include <fmt/format.h>

#include <fstream>

#include "base/sha256.h"
#include "pipit/error.h"

namespace pipit::server {
namespace {

constexpr std::size_t kShortest = 16;

/// Digests have one length, so that nothing tells where they begin to differ.
bool equal(std::string_view a, std::string_view b) {
  unsigned char differs = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differs = static_cast<unsigned char>(differs | (a[i] ^ b[i]));
  return differs == 0;
}

}  // namespace

ApiKeys::ApiKeys(const std::string& file) {
  if (file.empty()) return;
  std::ifstream lines(file);
  if (!lines) throw Error("not_found", fmt::format("cannot read the keys of '{}'", file));
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    if (line.size() < kShortest) {
      throw Error("invalid_argument",
                  fmt::format("a key in '{}' has {} characters, at least {} are asked for; make one with: "
                              "openssl rand -hex 24",
                              file, line.size(), kShortest));
    }
    digests_.push_back(Sha256::of(line));
  }
  if (digests_.empty()) throw Error("invalid_argument", fmt::format("'{}' has no key: one a line", file));
}

bool ApiKeys::admit(std::string_view authorization) const {
  constexpr std::string_view kScheme = "Bearer ";
  if (digests_.empty()) return true;
  const bool named = authorization.starts_with(kScheme);
  const std::string digest = Sha256::of(named ? authorization.substr(kScheme.size()) : authorization);
  bool found = false;
  for (const std::string& known : digests_) found = equal(known, digest) || found;
  return named && found;
}

}  // namespace pipit::server
