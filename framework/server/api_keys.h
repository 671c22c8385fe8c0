// Who may ask: keys of a file, one a line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pipit::server {

class ApiKeys {
 public:
  /// Without a file anybody may ask. Throws pipit::Error: `not_found`; `invalid_argument` for a file without a key, or
  /// with one shorter than 16 characters.
  explicit ApiKeys(const std::string& file);

  bool asked_for() const { return !digests_.empty(); }
  /// Of "Authorization: Bearer KEY". Takes as long for any wrong key as for the right one.
  bool admit(std::string_view authorization) const;

 private:
  std::vector<std::string> digests_;  // SHA-256
};

}  // namespace pipit::server
