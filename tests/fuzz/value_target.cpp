// A value as an operator's process sends it.
#include <cstdint>
#include <cstring>

#include "isolation/value_bytes.h"
#include "pipit/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Where a packet or a mapping has them.
  pipit::Tensor bytes = pipit::Tensor::empty(pipit::DType::kUInt8, {static_cast<std::int64_t>(size)});
  if (size > 0) std::memcpy(bytes.mutable_data<std::byte>(), data, size);
  try {
    const pipit::Value value = pipit::read_value({bytes.data<std::byte>(), size}, std::make_shared<int>(0));
    const pipit::ValueBytes again(value);
    // All that it points to can be read.
    std::uint8_t sum = 0;
    for (const iovec& piece : again.pieces()) {
      for (std::size_t i = 0; i < piece.iov_len; ++i) sum ^= static_cast<const std::uint8_t*>(piece.iov_base)[i];
    }
    asm volatile("" : : "r"(sum));
  } catch (const pipit::Error&) {
    // Refused, as it should be.
  }
  return 0;
}
