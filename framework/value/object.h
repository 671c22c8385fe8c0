// The objects behind values of a counted kind.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "pipit/value.h"

namespace pipit {

/// What pipit_value.as.object points to. Immutable once a second reference exists.
struct Object {
  virtual ~Object() = default;
  std::atomic<std::uint32_t> references{1};
};

struct StringObject final : Object {
  std::string text;
};

struct BytesObject final : Object {
  std::vector<std::byte> data;
};

struct TensorObject final : Object {
  ~TensorObject() override {
    if (managed != nullptr && managed->deleter != nullptr) managed->deleter(managed);
  }
  pipit_managed_tensor* managed = nullptr;
  pipit_frame_info frame{};  // used by frames only
};

struct ListObject final : Object {
  std::vector<Value> elements;
};

struct MapObject final : Object {
  std::vector<Value> keys;
  std::vector<Value> values;
};

/// Bytes that a value keeps alive, shared parts counted each time; for bounding queues.
std::size_t value_bytes(const Value& value);

/// Fills the part of the function table that makes and reads values.
void fill_value_functions(pipit_host& host);

}  // namespace pipit
