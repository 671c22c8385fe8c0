// Values as bytes, for a process on the same machine. Numbers are in the machine's own order; each value begins at a
// multiple of 8 bytes, counted from the first:
//
//   u32 kind (pipit_value), u32 count, then by kind
//   null           nothing; count 0
//   bool           nothing; count 0 or 1
//   int, float     8 bytes
//   string, bytes  u64 size, so many bytes
//   tensor         u64 place of its type in kDTypes, count times i64 of its shape, then its elements
//   frame          as a tensor, the facts of pipit_frame_info between its shape and its pixels: i64 index,
//                  f64 timestamp_ms, i64 estimated_frames, f64 duration_s, f64 rate, f64 start_s, u64 key_frame
//   list           count values
//   map            count times a string and a value
//
// Elements and pixels begin at a multiple of 64 bytes, row by row.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pipit/value.h"

namespace pipit {

/// The bytes of a value, as pieces: what is large stays where it is.
class ValueBytes {
 public:
  /// `value` must outlive it. Throws pipit::Error (`operator_failed`) for a tensor that is not in main memory, or whose
  /// element type pipit does not know, and for values inside each other beyond kDeepestValue.
  explicit ValueBytes(const Value& value);

  std::size_t size() const { return size_; }
  const std::vector<iovec>& pieces() const { return pieces_; }

 private:
  void add(const Value& value, std::size_t depth);
  void add_head(Kind kind, std::size_t count);
  void add_run(Kind kind, const void* data, std::uint64_t bytes);
  void add_tensor(const pipit_tensor& tensor, std::span<const std::uint64_t> facts);
  void add_number(const void* number) { add_small(number, 8); }
  void add_small(const void* data, std::size_t bytes);
  void add_large(const void* data, std::size_t bytes);
  void align(std::size_t to);

  std::size_t size_ = 0;
  std::string small_;
  std::vector<iovec> pieces_;                  // of `small_`: without their place until it is complete
  std::vector<std::vector<std::byte>> dense_;  // elements that do not lie row by row where they are
};

/// Values inside each other, lists and maps.
inline constexpr std::size_t kDeepestValue = 64;

/// Reads a value from bytes that may be anything. Large tensors are not copied where `owner` holds the bytes: they keep
/// it. Throws pipit::Error (`invalid_input`) that names the byte for what is no value, or not all of the bytes.
Value read_value(std::span<const std::byte> bytes, const std::shared_ptr<void>& owner = nullptr);

}  // namespace pipit
