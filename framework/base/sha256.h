// SHA-256 sums.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace pipit {

/// Of bytes that come piece by piece.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  /// Of all that was added, in 64 hexadecimal digits, as sha256sum prints it; once.
  std::string hex();

  static std::string of(std::span<const std::byte> bytes);
  static std::string of(std::string_view text) { return of(std::as_bytes(std::span(text))); }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace pipit
