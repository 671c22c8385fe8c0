#include "pipit/value.h"

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "value/object.h"

using pipit::DType;
using pipit::Frame;
using pipit::Kind;
using pipit::Tensor;
using pipit::Value;

TEST_CASE("value: each kind keeps what it was given") {
  CHECK(Value().is_null());
  CHECK(Value(true).boolean());
  CHECK(Value(-7).integer() == -7);
  CHECK(Value(0.5).number() == 0.5);
  CHECK(Value(2).number() == 2.0);
  CHECK(Value("a\0b").string() == "a");
  CHECK(Value(std::string("a\0b", 3)).string() == std::string_view("a\0b", 3));
  const std::array<std::byte, 2> data{std::byte{1}, std::byte{0}};
  CHECK(Value::bytes(data).bytes().size() == 2);
  CHECK(Value::bytes({}).bytes().empty());
  CHECK(Value("").string().empty());
}

TEST_CASE("value: an accessor of another kind says both") {
  CHECK_THROWS_WITH_AS((void)Value(1).string(), "value is int, read as string", pipit::Error);
  CHECK_THROWS_WITH_AS((void)Value("a").integer(), "value is string, read as int", pipit::Error);
  CHECK_THROWS_WITH_AS((void)Value().tensor(), "value is null, read as tensor", pipit::Error);
  CHECK_THROWS_WITH_AS((void)Value(true).number(), "value is bool, read as float", pipit::Error);
}

TEST_CASE("value: lists and maps keep their order") {
  const Value list = Value::list({1, "b", Value::list({})});
  REQUIRE(list.list().size() == 3);
  CHECK(list.list()[1].string() == "b");
  CHECK(list.list()[2].list().empty());
  const Value map = Value::map({{"z", 1}, {"a", "two"}});
  CHECK(map.map_size() == 2);
  CHECK(map.map_at(0).first == "z");
  CHECK(map.get("a").string() == "two");
  CHECK(map.get("b").is_null());
}

TEST_CASE("value: a moved-from value is null and a copy outlives its origin") {
  Value text = "hello";
  Value copy = text;
  Value moved = std::move(text);
  CHECK(text.is_null());  // NOLINT(bugprone-use-after-move): what is tested
  moved = Value();
  CHECK(copy.string() == "hello");
  copy = copy;
  CHECK(copy.string() == "hello");
}

TEST_CASE("value: the owner of wrapped memory goes with the last user") {
  auto owner = std::make_shared<std::vector<float>>(6, 1.5f);
  const std::weak_ptr<std::vector<float>> alive = owner;
  float* data = owner->data();
  Value kept;
  {
    const Tensor tensor = Tensor::wrap(data, DType::kFloat32, {2, 3}, std::move(owner));
    CHECK(tensor.elements() == 6);
    CHECK(tensor.size(1) == 3);
    CHECK(tensor.contiguous());
    CHECK(tensor.data<float>()[5] == 1.5f);
    kept = Value::list({tensor, tensor});
  }
  CHECK_FALSE(alive.expired());
  kept = Value();
  CHECK(alive.expired());
}

TEST_CASE("value: strides tell whether a tensor is contiguous") {
  static std::array<float, 6> data{};
  static std::array<std::int64_t, 2> shape{3, 2};
  static std::array<std::int64_t, 2> transposed{1, 3};
  static std::array<std::int64_t, 2> plain{2, 1};
  pipit_managed_tensor managed{};
  managed.tensor.data = data.data();
  managed.tensor.device.type = PIPIT_DEVICE_CPU;
  managed.tensor.dimensions = 2;
  managed.tensor.dtype = {PIPIT_TYPE_FLOAT, 32, 1};
  managed.tensor.shape = shape.data();
  managed.tensor.strides = transposed.data();
  CHECK_FALSE(Tensor::adopt(&managed).contiguous());
  managed.tensor.strides = plain.data();
  CHECK(Tensor::adopt(&managed).contiguous());
}

TEST_CASE("value: every element type is known by its code and an unknown one is told") {
  for (int i = 0; i <= static_cast<int>(DType::kBool); ++i) {
    CHECK(Tensor::empty(static_cast<DType>(i), {1}).dtype() == static_cast<DType>(i));
  }
  pipit_managed_tensor complex{};
  complex.tensor.dtype = {5, 64, 1};
  CHECK_THROWS_WITH_AS((void)Tensor::adopt(&complex).dtype(), "tensor has an element type that pipit does not know",
                       pipit::Error);
}

TEST_CASE("value: fresh tensors are aligned and may be empty") {
  CHECK(reinterpret_cast<std::uintptr_t>(Tensor::empty(DType::kInt8, {3}).raw_data()) % 64 == 0);
  CHECK(Tensor::empty(DType::kFloat32, {0, 4}).elements() == 0);
  CHECK(Tensor::empty(DType::kFloat32, {}).elements() == 1);
}

TEST_CASE("value: a frame carries what is known of it") {
  Tensor pixels = Tensor::empty(DType::kUInt8, {2, 4, 3});
  pixels.mutable_data<std::uint8_t>()[0] = 200;
  const Value value = Frame::make({7, 280.5, true, 100, 4.0, 25.0}, pixels);
  CHECK(value.kind() == Kind::kFrame);
  const Frame frame = value.frame();
  CHECK(frame.height() == 2);
  CHECK(frame.width() == 4);
  CHECK(frame.pixels().data<std::uint8_t>()[0] == 200);
  CHECK(frame.info().index == 7);
  CHECK(frame.info().timestamp_ms == 280.5);
  CHECK(frame.info().key_frame);
  CHECK(frame.info().estimated_frames == 100);
  CHECK(frame.info().rate == 25.0);
}

TEST_CASE("value: the bytes that bound a queue count everything inside") {
  const std::size_t one = sizeof(Value);
  CHECK(pipit::value_bytes(Value(1)) == one);
  CHECK(pipit::value_bytes("abcd") == one + 4);
  CHECK(pipit::value_bytes(Tensor::empty(DType::kFloat16, {3, 5})) == one + 30);
  CHECK(pipit::value_bytes(Value::list({"ab", 1})) == one + one + 2 + one);
  CHECK(pipit::value_bytes(Value::map({{"k", "v"}})) == one + one + 1 + one + 1);
}

TEST_CASE("value: references are counted across threads") {
  auto owner = std::make_shared<int>(1);
  const std::weak_ptr<int> alive = owner;
  {
    int* data = owner.get();
    const Value value = Tensor::wrap(data, DType::kInt32, {1}, std::move(owner));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([value] {
        for (int i = 0; i < 10000; ++i) {
          const Value copy = value;
          Value again = copy;
          again = Value();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(alive.expired());
}
