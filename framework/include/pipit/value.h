// What flows through a pipeline: immutable values, shared by reference count.
//
// The same header serves operator modules and hosts. It is a veneer over the function table of pipit/operator_c.h, so
// that a value made by one compiler's code can be read by another's. Nothing here is exported from a module.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipit/dtype.h"
#include "pipit/error.h"
#include "pipit/operator_c.h"

#pragma GCC visibility push(hidden)

#ifndef PIPIT_MODULE
/// The function table of the runtime that this program is linked with.
extern "C" __attribute__((visibility("default"))) const pipit_host* pipit_host_table(void);
#endif

namespace pipit {

namespace detail {
#ifdef PIPIT_MODULE
inline const pipit_host* module_host = nullptr;  // set once, by the module's entry
inline const pipit_host& host() {
  return *module_host;
}
#else
inline const pipit_host& host() {
  return *pipit_host_table();
}
#endif
}  // namespace detail

enum class Kind : std::uint32_t { kNull, kBool, kInt, kFloat, kString, kBytes, kTensor, kFrame, kList, kMap };

/// "null", "bool", …
constexpr std::string_view kind_name(Kind kind) {
  constexpr std::string_view kNames[] = {"null",  "bool",   "int",   "float", "string",
                                         "bytes", "tensor", "frame", "list",  "map"};
  return kNames[static_cast<std::uint32_t>(kind)];
}

class Tensor;
class Frame;

/// One value. Copying is cheap and thread-safe; the content never changes. A moved-from value is null.
/// An accessor of another kind than the value's throws pipit::Error (`internal`).
class Value {
 public:
  Value() noexcept : raw_{} {}
  Value(std::nullptr_t) noexcept : raw_{} {}
  Value(bool b) noexcept : raw_{PIPIT_BOOL, 0, {b ? 1 : 0}} {}
  Value(int i) noexcept : raw_{PIPIT_INT, 0, {i}} {}
  Value(std::int64_t i) noexcept : raw_{PIPIT_INT, 0, {i}} {}
  Value(double d) noexcept : raw_{PIPIT_FLOAT, 0, {}} { raw_.as.number = d; }
  Value(std::string_view text) : raw_{} { check(detail::host().make_string(text.data(), text.size(), &raw_)); }
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(const std::string& text) : Value(std::string_view(text)) {}
  template <class T>
  Value(const T*) = delete;  // a pointer is not a bool

  static Value bytes(std::span<const std::byte> data) {
    Value v;
    check(detail::host().make_bytes(data.data(), data.size(), &v.raw_));
    return v;
  }
  static Value list(std::vector<Value> elements) {
    Value v;
    check(detail::host().make_list(raw_array(elements), elements.size(), &v.raw_));
    forget(elements);
    return v;
  }
  /// Keys must be unique; their order is kept.
  static Value map(std::vector<std::pair<std::string, Value>> entries) {
    std::vector<Value> keys;
    std::vector<Value> values;
    for (auto& [key, value] : entries) {
      keys.emplace_back(key);
      values.push_back(std::move(value));
    }
    Value v;
    check(detail::host().make_map(raw_array(keys), raw_array(values), keys.size(), &v.raw_));
    forget(keys);
    forget(values);
    return v;
  }

  Value(const Value& other) noexcept : raw_(other.raw_) {
    if (counted()) detail::host().retain(raw_);
  }
  Value(Value&& other) noexcept : raw_(std::exchange(other.raw_, {})) {}
  Value& operator=(Value other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Value() {
    if (counted()) detail::host().release(raw_);
  }

  Kind kind() const noexcept { return static_cast<Kind>(raw_.kind); }
  bool is_null() const noexcept { return kind() == Kind::kNull; }

  bool boolean() const { return expect(Kind::kBool).as.integer != 0; }
  std::int64_t integer() const { return expect(Kind::kInt).as.integer; }
  /// A float, or an int as one.
  double number() const {
    return kind() == Kind::kInt ? static_cast<double>(raw_.as.integer) : expect(Kind::kFloat).as.number;
  }
  std::string_view string() const {
    std::size_t size = 0;
    const char* data = detail::host().string_data(expect(Kind::kString), &size);
    return {data, size};
  }
  std::span<const std::byte> bytes() const {
    std::size_t size = 0;
    const void* data = detail::host().bytes_data(expect(Kind::kBytes), &size);
    return {static_cast<const std::byte*>(data), size};
  }
  Tensor tensor() const;
  Frame frame() const;
  /// The elements; the span lives as long as this value's content.
  std::span<const Value> list() const {
    static_assert(sizeof(Value) == sizeof(pipit_value));
    std::size_t size = 0;
    const pipit_value* data = detail::host().list_data(expect(Kind::kList), &size);
    return {reinterpret_cast<const Value*>(data), size};
  }
  std::size_t map_size() const { return detail::host().map_size(expect(Kind::kMap)); }
  /// The entry at a position, in the map's order.
  std::pair<std::string_view, Value> map_at(std::size_t position) const {
    pipit_value key;
    pipit_value entry;
    detail::host().map_entry(expect(Kind::kMap), position, &key, &entry);
    std::size_t size = 0;
    const char* data = detail::host().string_data(key, &size);
    return {{data, size}, borrow(entry)};
  }
  /// The entry of a key; null when there is none.
  Value get(std::string_view key) const {
    for (std::size_t i = 0; i < map_size(); ++i) {
      auto [name, entry] = map_at(i);
      if (name == key) return entry;
    }
    return {};
  }

  /// The C struct; still owned by this value.
  const pipit_value& raw() const noexcept { return raw_; }
  /// A new reference to a C value that somebody else owns.
  static Value borrow(const pipit_value& raw) noexcept {
    Value v = adopt(raw);
    if (v.counted()) detail::host().retain(raw);
    return v;
  }
  /// Takes over one reference.
  static Value adopt(const pipit_value& raw) noexcept {
    Value v;
    v.raw_ = raw;
    return v;
  }
  /// Gives up its reference to the caller; null afterwards.
  pipit_value detach() noexcept { return std::exchange(raw_, {}); }

 private:
  bool counted() const noexcept { return raw_.kind >= PIPIT_STRING; }
  const pipit_value& expect(Kind wanted) const {
    if (kind() != wanted) {
      throw Error("internal",
                  "value is " + std::string(kind_name(kind())) + ", read as " + std::string(kind_name(wanted)));
    }
    return raw_;
  }
  static void check(int status) {
    if (status != 0) throw std::bad_alloc();
  }
  static const pipit_value* raw_array(const std::vector<Value>& values) {
    return reinterpret_cast<const pipit_value*>(values.data());
  }
  static void forget(std::vector<Value>& values) {
    for (Value& v : values) v.raw_ = {};
  }

  pipit_value raw_;
};

/// A dense array in memory (or, by its device, elsewhere), in DLPack's layout.
class Tensor {
 public:
  /// A new, contiguous tensor on the CPU, 64-byte aligned, its content undefined. Fill it through `mutable_data` before
  /// you pass it on; from then on it must not change.
  static Tensor empty(DType dtype, std::vector<std::int64_t> shape);

  /// Wraps memory that somebody else owns; `owner` is released when the last user is gone.
  static Tensor wrap(void* data, DType dtype, std::vector<std::int64_t> shape, std::shared_ptr<void> owner);

  /// Takes over a DLPack tensor; its deleter runs when the last user is gone.
  static Tensor adopt(pipit_managed_tensor* managed) {
    pipit_value raw;
    if (detail::host().make_tensor(managed, &raw) != 0) throw std::bad_alloc();
    return Tensor(Value::adopt(raw));
  }

  DType dtype() const;
  std::span<const std::int64_t> shape() const { return {view_->shape, static_cast<std::size_t>(view_->dimensions)}; }
  std::int64_t size(std::size_t dimension) const { return shape()[dimension]; }
  std::int64_t elements() const {
    std::int64_t n = 1;
    for (std::int64_t s : shape()) n *= s;
    return n;
  }
  bool contiguous() const {
    if (view_->strides == nullptr) return true;
    std::int64_t expected = 1;
    for (std::int32_t d = view_->dimensions - 1; d >= 0; --d) {
      if (view_->shape[d] != 1 && view_->strides[d] != expected) return false;
      expected *= view_->shape[d];
    }
    return true;
  }
  const void* raw_data() const { return static_cast<const std::byte*>(view_->data) + view_->byte_offset; }
  /// The elements; the tensor must be contiguous and on the CPU. T is not checked against dtype().
  template <class T>
  const T* data() const {
    return static_cast<const T*>(raw_data());
  }
  template <class T>
  T* mutable_data() {
    return const_cast<T*>(data<T>());
  }
  const pipit_tensor& dlpack() const { return *view_; }

  operator Value() const& { return value_; }
  operator Value() && { return std::move(value_); }

 private:
  friend class Value;
  friend class Frame;
  explicit Tensor(Value value) : value_(std::move(value)), view_(detail::host().tensor(value_.raw())) {}

  Value value_;
  const pipit_tensor* view_;
};

/// What is known of a video frame besides its pixels.
struct FrameInfo {
  std::int64_t index = 0;   // in presentation order, from 0, counted from the first frame that the decoder delivers
  double timestamp_ms = 0;  // as the file states it: a stream need not begin at 0
  bool key_frame = false;
  std::int64_t estimated_frames = -1;  // that the stream is expected to deliver; -1: unknown
  double duration_s = -1;              // of what is delivered; negative: unknown
  double rate = 0;                     // average frames per second; 0: unknown
  double start_s = 0;                  // the time that the decoder was told to begin at
};

/// A picture: RGB, uint8 [height, width, 3].
class Frame {
 public:
  /// `pixels` must be uint8 [height, width, 3]. Takes the tensor's memory over without a copy.
  static Frame make(const FrameInfo& info, const Tensor& pixels);

  FrameInfo info() const {
    const pipit_frame_info& i = *info_;
    return {i.index, i.timestamp_ms, i.key_frame != 0, i.estimated_frames, i.duration_s, i.rate, i.start_s};
  }
  const Tensor& pixels() const { return pixels_; }
  std::int64_t height() const { return pixels_.size(0); }
  std::int64_t width() const { return pixels_.size(1); }

  operator Value() const { return pixels_.value_; }

 private:
  friend class Value;
  explicit Frame(Value value) : info_(detail::host().frame_info(value.raw())), pixels_(std::move(value)) {}

  const pipit_frame_info* info_;
  Tensor pixels_;
};

namespace detail {

/// A DLPack tensor with the memory that its fields point to.
struct OwnedTensor {
  pipit_managed_tensor managed{};
  std::vector<std::int64_t> shape;
  std::shared_ptr<void> owner;

  static pipit_managed_tensor* make(void* data, DType dtype, std::vector<std::int64_t> shape,
                                    std::shared_ptr<void> owner) {
    auto* self = new OwnedTensor;
    self->shape = std::move(shape);
    self->owner = std::move(owner);
    const DTypeInfo& type = dtype_info(dtype);
    pipit_tensor& t = self->managed.tensor;
    t.data = data;
    t.device.type = PIPIT_DEVICE_CPU;
    t.dimensions = static_cast<std::int32_t>(self->shape.size());
    t.dtype.code = type.dlpack;
    t.dtype.bits = static_cast<std::uint8_t>(type.bytes * 8);
    t.dtype.lanes = 1;
    t.shape = self->shape.data();
    self->managed.manager = self;
    self->managed.deleter = [](pipit_managed_tensor* m) { delete static_cast<OwnedTensor*>(m->manager); };
    return &self->managed;
  }
};

}  // namespace detail

inline Tensor Tensor::wrap(void* data, DType dtype, std::vector<std::int64_t> shape, std::shared_ptr<void> owner) {
  return adopt(detail::OwnedTensor::make(data, dtype, std::move(shape), std::move(owner)));
}

inline Tensor Tensor::empty(DType dtype, std::vector<std::int64_t> shape) {
  std::size_t bytes = dtype_bytes(dtype);
  for (std::int64_t s : shape) bytes *= static_cast<std::size_t>(s);
  constexpr std::align_val_t kAlign{64};
  std::shared_ptr<void> memory(::operator new(bytes, kAlign), [](void* p) { ::operator delete(p, kAlign); });
  void* data = memory.get();
  return wrap(data, dtype, std::move(shape), std::move(memory));
}

inline DType Tensor::dtype() const {
  for (const DTypeInfo& type : kDTypes) {
    if (type.dlpack == view_->dtype.code && type.bytes * 8 == view_->dtype.bits) return type.dtype;
  }
  throw Error("internal", "tensor has an element type that pipit does not know");
}

inline Frame Frame::make(const FrameInfo& info, const Tensor& pixels) {
  const pipit_frame_info raw{sizeof(pipit_frame_info), info.key_frame ? 1u : 0u, info.index, info.timestamp_ms,
                             info.estimated_frames,    info.duration_s,          info.rate,  info.start_s};
  auto keep = std::make_shared<Tensor>(pixels);
  void* data = const_cast<void*>(keep->raw_data());
  const auto shape = keep->shape();
  pipit_value value;
  if (detail::host().make_frame(
          &raw, detail::OwnedTensor::make(data, DType::kUInt8, {shape.begin(), shape.end()}, std::move(keep)),
          &value) != 0) {
    throw std::bad_alloc();
  }
  return Frame(Value::adopt(value));
}

inline Tensor Value::tensor() const {
  expect(Kind::kTensor);
  return Tensor(*this);
}

inline Frame Value::frame() const {
  expect(Kind::kFrame);
  return Frame(*this);
}

}  // namespace pipit

#pragma GCC visibility pop
