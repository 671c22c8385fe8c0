// A stretch of an image file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pipit::image {

/// Reading beyond its end gives zeros.
class Bytes {
 public:
  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::size_t size() const { return bytes_.size(); }
  std::span<const std::uint8_t> span() const { return bytes_; }
  std::uint8_t byte(std::size_t at) const { return at < size() ? bytes_[at] : 0; }
  std::uint64_t big_endian(std::size_t at, std::size_t count) const {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < count; ++i) n = n << 8 | byte(at + i);
    return n;
  }
  std::uint64_t little_endian(std::size_t at, std::size_t count) const {
    std::uint64_t n = 0;
    for (std::size_t i = count; i-- > 0;) n = n << 8 | byte(at + i);
    return n;
  }
  bool holds(std::string_view text, std::size_t at) const { return from(at, text.size()).text() == text; }
  /// The place of a text at or after `at`; kNowhere.
  std::size_t find(std::string_view wanted, std::size_t at = 0) const { return text().find(wanted, at); }
  /// The rest from `at` on, or `count` bytes of it, or what is there of these.
  Bytes from(std::size_t at, std::size_t count = kNowhere) const {
    at = std::min(at, size());
    return Bytes(bytes_.subspan(at, std::min(count, size() - at)));
  }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace pipit::image
