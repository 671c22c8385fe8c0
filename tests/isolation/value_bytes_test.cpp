// Values as bytes: what is read is what was written, and bytes that are no value are refused.
#include "isolation/value_bytes.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "value/json_text.h"

using namespace pipit;

namespace {

/// Bytes at a multiple of 64, as those of a packet or a mapping.
struct Block {
  explicit Block(const Value& value) {
    const ValueBytes bytes(value);
    memory = Tensor::empty(DType::kUInt8, {static_cast<std::int64_t>(bytes.size())});
    auto* at = memory->mutable_data<std::byte>();
    for (const iovec& piece : bytes.pieces()) {
      std::memcpy(at, piece.iov_base, piece.iov_len);
      at += piece.iov_len;
    }
  }
  std::span<std::byte> span() {
    return {memory->mutable_data<std::byte>(), static_cast<std::size_t>(memory->elements())};
  }
  std::optional<Tensor> memory;
};

Value round_trip(const Value& value) {
  Block block(value);
  return read_value(block.span());
}

bool same(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  const auto same_tensors = [](const Tensor& x, const Tensor& y) {
    return x.dtype() == y.dtype() && std::ranges::equal(x.shape(), y.shape()) &&
           std::memcmp(x.raw_data(), y.raw_data(), static_cast<std::size_t>(x.elements()) * dtype_bytes(x.dtype())) ==
               0;
  };
  switch (a.kind()) {
    case Kind::kString:
      return a.string() == b.string();
    case Kind::kBytes:
      return std::ranges::equal(a.bytes(), b.bytes());
    case Kind::kTensor:
      return same_tensors(a.tensor(), b.tensor());
    case Kind::kFrame: {
      const FrameInfo x = a.frame().info();
      const FrameInfo y = b.frame().info();
      return x.index == y.index && x.timestamp_ms == y.timestamp_ms && x.key_frame == y.key_frame &&
             x.estimated_frames == y.estimated_frames && x.duration_s == y.duration_s && x.rate == y.rate &&
             x.start_s == y.start_s && same_tensors(a.frame().pixels(), b.frame().pixels());
    }
    case Kind::kList:
      return std::ranges::equal(a.list(), b.list(), same);
    case Kind::kMap:
      for (std::size_t i = 0; i < a.map_size(); ++i) {
        if (a.map_at(i).first != b.map_at(i).first || !same(a.map_at(i).second, b.map_at(i).second)) return false;
      }
      return a.map_size() == b.map_size();
    default:
      return std::memcmp(&a.raw(), &b.raw(), sizeof(pipit_value)) == 0;
  }
}

Tensor numbers(DType type, std::vector<std::int64_t> shape) {
  Tensor tensor = Tensor::empty(type, std::move(shape));
  const std::size_t bytes = static_cast<std::size_t>(tensor.elements()) * dtype_bytes(type);
  for (std::size_t i = 0; i < bytes; ++i) tensor.mutable_data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 7);
  return tensor;
}

/// A value of every kind, small and large.
Value everything() {
  FrameInfo info;
  info.index = 12;
  info.timestamp_ms = 480.5;
  info.key_frame = true;
  info.estimated_frames = 300;
  info.duration_s = 12;
  info.rate = 25;
  info.start_s = -0.5;
  std::vector<Value> values{Value(),
                            true,
                            false,
                            -7,
                            std::numeric_limits<std::int64_t>::min(),
                            0.1,
                            std::numeric_limits<double>::infinity(),
                            "",
                            std::string("a\0b", 3),
                            std::string(5000, 'x'),
                            Value::bytes(std::as_bytes(std::span("abc", 3))),
                            Value::list({}),
                            Value::map({}),
                            Value::map({{"k", Value::list({1, "two"})}, {std::string(6000, 'k'), 3.5}}),
                            Frame::make(info, numbers(DType::kUInt8, {3, 5, 3})),
                            Frame::make(info, numbers(DType::kUInt8, {64, 48, 3})),
                            numbers(DType::kFloat32, {}),
                            numbers(DType::kFloat32, {0, 4})};
  for (const DTypeInfo& type : kDTypes) {
    values.emplace_back(numbers(type.dtype, {3, 5}));
    values.emplace_back(numbers(type.dtype, {700, 9}));
  }
  return Value::list(std::move(values));
}

}  // namespace

TEST_CASE("value bytes: every kind of value comes back as it was") {
  const Value value = everything();
  for (const Value& one : value.list()) CHECK(same(one, round_trip(one)));
  CHECK(same(value, round_trip(value)));
}

TEST_CASE("value bytes: large tensors stay where the bytes are, small ones are copied") {
  Block block(Value::list({numbers(DType::kFloat32, {1024}), numbers(DType::kFloat32, {8})}));
  auto owner = std::make_shared<int>(0);
  Value value = read_value(block.span(), owner);
  const auto lies_in = [&](const Tensor& tensor) {
    const auto* at = static_cast<const std::byte*>(tensor.raw_data());
    return at >= block.span().data() && at < block.span().data() + block.span().size();
  };
  CHECK(lies_in(value.list()[0].tensor()));
  CHECK_FALSE(lies_in(value.list()[1].tensor()));
  for (const Value& tensor : value.list()) {
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.tensor().raw_data()) % 64 == 0);
  }
  CHECK(owner.use_count() == 2);
  value = {};
  CHECK(owner.use_count() == 1);
}

TEST_CASE("value bytes: elements that do not lie row by row are gathered") {
  std::vector<float> memory(12);
  std::iota(memory.begin(), memory.end(), 0.0f);
  std::int64_t shape[] = {4, 3};
  std::int64_t strides[] = {1, 4};  // of three rows of four, turned
  pipit_managed_tensor turned{};
  turned.tensor = {memory.data(), {PIPIT_DEVICE_CPU, 0}, 2, {PIPIT_TYPE_FLOAT, 32, 1}, shape, strides, 0};
  const Tensor read = round_trip(Tensor::adopt(&turned)).tensor();
  const std::vector<float> expected{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
  CHECK(std::equal(expected.begin(), expected.end(), read.data<float>()));
}

TEST_CASE("value bytes: what cannot go to another process says so") {
  static std::int64_t shape[] = {1};
  static pipit_managed_tensor far{};
  far.tensor = {nullptr, {PIPIT_DEVICE_CUDA, 0}, 1, {PIPIT_TYPE_FLOAT, 32, 1}, shape, nullptr, 0};
  CHECK_THROWS_WITH_AS(ValueBytes{Value(Tensor::adopt(&far))},
                       "a tensor that is not in main memory cannot go to another process", Error);
  static float number[2] = {};
  static pipit_managed_tensor complex{};
  complex.tensor = {number, {PIPIT_DEVICE_CPU, 0}, 1, {5, 64, 1}, shape, nullptr, 0};
  CHECK_THROWS_WITH_AS(ValueBytes{Value(Tensor::adopt(&complex))},
                       "a tensor of an element type that pipit does not know cannot go to another process", Error);
  Value deep = 1;
  for (std::size_t i = 0; i < kDeepestValue; ++i) deep = Value::list({deep});
  CHECK(same(deep, round_trip(deep)));
  CHECK_THROWS_WITH_AS(ValueBytes(Value::list({deep})),
                       "values inside each other more than 64 deep cannot go to another process", Error);
}

TEST_CASE("value bytes: cut anywhere they are refused") {
  Block block(everything());
  for (std::size_t size = 0; size < block.span().size(); size += size < 4096 ? 1 : 997) {
    CHECK_THROWS_AS(read_value(block.span().first(size)), Error);
  }
}

TEST_CASE("value bytes: changed anywhere they are another value or refused, and nothing beyond them is read") {
  const Value value = everything();
  std::mt19937 random(7);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Block block(value.list()[random() % value.list().size()]);
    for (unsigned change = 1 + random() % 3; change > 0; --change) {
      // The first bytes are the ones that mean something.
      const std::size_t reach = std::min<std::size_t>(block.span().size(), random() % 4 == 0 ? SIZE_MAX : 96);
      block.span()[random() % reach] = static_cast<std::byte>(random() % 3 == 0 ? 0xff : random());
    }
    try {
      const Value read = read_value(block.span());
      CHECK(ValueBytes(read).size() > 0);  // all of it can be read
    } catch (const Error& e) {
      CHECK(e.code() == "invalid_input");
      ++refused;
    }
  }
  CHECK(refused > 1000);
}

TEST_CASE("value bytes: what is wrong is told with its place") {
  const auto text_of = [](std::initializer_list<std::uint64_t> words) -> std::string {
    const std::vector<std::uint64_t> all(words);
    try {
      read_value(std::as_bytes(std::span(all)));
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  constexpr std::uint64_t kCount = std::uint64_t{1} << 32;
  CHECK(text_of({}) == "byte 0 of a value of 0: 4 bytes were expected");
  CHECK(text_of({99}) == "byte 8 of a value of 8: a kind was expected, found 99");
  CHECK(text_of({0, 0}) == "byte 8 of a value of 16: the end was expected");
  CHECK(text_of({PIPIT_STRING, ~0ULL}) == fmt::format("byte 16 of a value of 16: {} bytes were expected", ~0ULL));
  CHECK(text_of({PIPIT_LIST + 5 * kCount}) == "byte 8 of a value of 8: 5 values were expected");
  CHECK(text_of({PIPIT_MAP + kCount, 0, 0}) == "byte 16 of a value of 24: a new key was expected");
  CHECK(text_of({PIPIT_TENSOR, 10}) == "byte 16 of a value of 16: an element type was expected");
  CHECK(text_of({PIPIT_TENSOR + 17 * kCount, 0}) == "byte 16 of a value of 16: at most 16 dimensions were expected");
  CHECK(text_of({PIPIT_TENSOR + kCount, 0, ~0ULL}) == "byte 24 of a value of 24: a shape was expected");
  CHECK(text_of({PIPIT_TENSOR + kCount, 0, ~0ULL >> 2}) == "byte 24 of a value of 24: a shape was expected");
  CHECK(text_of({PIPIT_FRAME + kCount, 8, 3}) == "byte 24 of a value of 24: a picture was expected");
}
