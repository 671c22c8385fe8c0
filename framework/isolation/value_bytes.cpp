#include "isolation/value_bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "pipit/dtype.h"

namespace pipit {
namespace {

constexpr std::size_t kWord = 8;
constexpr std::size_t kElementsAt = 64;

/// Smaller ones are copied: a piece, or a mapping that is kept, costs more.
constexpr std::size_t kLarge = 4096;

constexpr std::size_t kMostDimensions = 16;

std::size_t place_of(const pipit_tensor& tensor) {
  for (std::size_t i = 0; i < std::size(kDTypes); ++i) {
    const DTypeInfo& type = kDTypes[i];
    if (type.dlpack == tensor.dtype.code && type.bytes * 8 == tensor.dtype.bits && tensor.dtype.lanes == 1) return i;
  }
  throw Error("operator_failed", "a tensor of an element type that pipit does not know cannot go to another process");
}

bool is_dense(const pipit_tensor& tensor) {
  if (tensor.strides == nullptr) return true;
  std::int64_t expected = 1;
  for (std::int32_t d = tensor.dimensions - 1; d >= 0; --d) {
    if (tensor.shape[d] != 1 && tensor.strides[d] != expected) return false;
    expected *= tensor.shape[d];
  }
  return true;
}

/// Appends the elements behind a place of the first `dimension` dimensions, row by row.
void gather(const pipit_tensor& tensor, const std::byte* from, std::int32_t dimension, std::size_t element,
            std::vector<std::byte>& out) {
  if (dimension == tensor.dimensions) {
    out.insert(out.end(), from, from + element);
    return;
  }
  const std::ptrdiff_t step = tensor.strides[dimension] * static_cast<std::ptrdiff_t>(element);
  for (std::int64_t i = 0; i < tensor.shape[dimension]; ++i) {
    gather(tensor, from + i * step, dimension + 1, element, out);
  }
}

template <class To, class From>
To same_bits(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

}  // namespace

ValueBytes::ValueBytes(const Value& value) {
  add(value, 0);
  align(kWord);
  std::size_t at = 0;
  for (iovec& piece : pieces_) {
    if (piece.iov_base != nullptr) continue;
    piece.iov_base = small_.data() + at;
    at += piece.iov_len;
  }
}

void ValueBytes::add_small(const void* data, std::size_t bytes) {
  if (bytes == 0) return;
  small_.append(static_cast<const char*>(data), bytes);
  if (pieces_.empty() || pieces_.back().iov_base != nullptr) pieces_.push_back({nullptr, 0});
  pieces_.back().iov_len += bytes;
  size_ += bytes;
}

void ValueBytes::add_large(const void* data, std::size_t bytes) {
  if (bytes < kLarge) return add_small(data, bytes);
  pieces_.push_back({const_cast<void*>(data), bytes});
  size_ += bytes;
}

void ValueBytes::align(std::size_t to) {
  static constexpr char kZeros[kElementsAt] = {};
  add_small(kZeros, (to - size_ % to) % to);
}

void ValueBytes::add_head(Kind kind, std::size_t count) {
  align(kWord);
  const std::uint32_t head[2] = {static_cast<std::uint32_t>(kind), static_cast<std::uint32_t>(count)};
  add_number(head);
}

void ValueBytes::add_run(Kind kind, const void* data, std::uint64_t bytes) {
  add_head(kind, 0);
  add_number(&bytes);
  add_large(data, bytes);
}

void ValueBytes::add(const Value& value, std::size_t depth) {
  if (depth > kDeepestValue) {
    throw Error("operator_failed",
                fmt::format("values inside each other more than {} deep cannot go to another process", kDeepestValue));
  }
  const auto begin = [&](std::size_t count) { add_head(value.kind(), count); };
  switch (value.kind()) {
    case Kind::kNull:
      return begin(0);
    case Kind::kBool:
      return begin(value.boolean() ? 1 : 0);
    case Kind::kInt:
    case Kind::kFloat:
      begin(0);
      return add_number(&value.raw().as);
    case Kind::kString:
      return add_run(Kind::kString, value.string().data(), value.string().size());
    case Kind::kBytes:
      return add_run(Kind::kBytes, value.bytes().data(), value.bytes().size());
    case Kind::kTensor: {
      const Tensor tensor = value.tensor();
      begin(tensor.shape().size());
      return add_tensor(tensor.dlpack(), {});
    }
    case Kind::kFrame: {
      const Frame frame = value.frame();
      const FrameInfo info = frame.info();
      const auto number = [](double d) { return same_bits<std::uint64_t>(d); };
      const std::uint64_t facts[] = {static_cast<std::uint64_t>(info.index),
                                     number(info.timestamp_ms),
                                     static_cast<std::uint64_t>(info.estimated_frames),
                                     number(info.duration_s),
                                     number(info.rate),
                                     number(info.start_s),
                                     info.key_frame ? 1U : 0U};
      begin(frame.pixels().shape().size());
      return add_tensor(frame.pixels().dlpack(), facts);
    }
    case Kind::kList:
      begin(value.list().size());
      for (const Value& element : value.list()) add(element, depth + 1);
      return;
    case Kind::kMap:
      begin(value.map_size());
      for (std::size_t i = 0; i < value.map_size(); ++i) {
        const auto [key, entry] = value.map_at(i);
        add_run(Kind::kString, key.data(), key.size());
        add(entry, depth + 1);
      }
      return;
  }
}

void ValueBytes::add_tensor(const pipit_tensor& tensor, std::span<const std::uint64_t> facts) {
  if (tensor.device.type != PIPIT_DEVICE_CPU) {
    throw Error("operator_failed", "a tensor that is not in main memory cannot go to another process");
  }
  const std::uint64_t place = place_of(tensor);
  add_number(&place);
  std::size_t bytes = kDTypes[place].bytes;
  for (std::int32_t d = 0; d < tensor.dimensions; ++d) {
    add_number(&tensor.shape[d]);
    bytes *= static_cast<std::size_t>(tensor.shape[d]);
  }
  for (const std::uint64_t& fact : facts) add_number(&fact);
  align(kElementsAt);
  const auto* first = static_cast<const std::byte*>(tensor.data) + tensor.byte_offset;
  if (is_dense(tensor)) return add_large(first, bytes);
  std::vector<std::byte>& dense = dense_.emplace_back();
  dense.reserve(bytes);
  gather(tensor, first, 0, kDTypes[place].bytes, dense);
  add_large(dense.data(), bytes);
}

namespace {

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::shared_ptr<void>& owner) : bytes_(bytes), owner_(owner) {}

  Value all() {
    Value value = read(0);
    skip_to(kWord);
    if (at_ != bytes_.size()) fail("the end was expected");
    return value;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error("invalid_input", fmt::format("byte {} of a value of {}: {}", at_, bytes_.size(), what));
  }

  std::span<const std::byte> take(std::uint64_t bytes) {
    if (bytes > bytes_.size() - at_) fail(fmt::format("{} bytes were expected", bytes));
    const auto taken = bytes_.subspan(at_, bytes);
    at_ += bytes;
    return taken;
  }
  template <class T>
  T number() {
    T number;
    std::memcpy(&number, take(sizeof(T)).data(), sizeof(T));
    return number;
  }
  void skip_to(std::size_t multiple) { take((multiple - at_ % multiple) % multiple); }

  Value read(std::size_t depth) {
    skip_to(kWord);
    if (depth > kDeepestValue) fail("values are too deep inside each other");
    const auto kind = number<std::uint32_t>();
    const auto count = number<std::uint32_t>();
    switch (static_cast<Kind>(kind)) {
      case Kind::kNull:
        return {};
      case Kind::kBool:
        return count != 0;
      case Kind::kInt:
        return number<std::int64_t>();
      case Kind::kFloat:
        return number<double>();
      case Kind::kString:
        return string();
      case Kind::kBytes:
        return Value::bytes(take(number<std::uint64_t>()));
      case Kind::kTensor:
        return tensor(count, false);
      case Kind::kFrame:
        return tensor(count, true);
      case Kind::kList:
        return list(count, depth);
      case Kind::kMap:
        return map(count, depth);
    }
    fail(fmt::format("a kind was expected, found {}", kind));
  }

  Value string() {
    const auto text = take(number<std::uint64_t>());
    return std::string_view(reinterpret_cast<const char*>(text.data()), text.size());
  }

  void check_count(std::uint64_t count, std::size_t each) const {
    if (count > (bytes_.size() - at_) / each) fail(fmt::format("{} values were expected", count));
  }

  Value list(std::uint32_t count, std::size_t depth) {
    check_count(count, kWord);
    std::vector<Value> elements;
    elements.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) elements.push_back(read(depth + 1));
    return Value::list(std::move(elements));
  }

  Value map(std::uint32_t count, std::size_t depth) {
    check_count(count, 2 * kWord);
    std::vector<std::pair<std::string, Value>> entries;
    std::set<std::string, std::less<>> keys;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Value key = read(kDeepestValue);
      if (key.kind() != Kind::kString || !keys.emplace(key.string()).second) fail("a new key was expected");
      entries.emplace_back(key.string(), read(depth + 1));
    }
    return Value::map(std::move(entries));
  }

  Value tensor(std::uint32_t dimensions, bool is_frame) {
    const auto place = number<std::uint64_t>();
    if (place >= std::size(kDTypes)) fail("an element type was expected");
    const DTypeInfo& type = kDTypes[place];
    if (dimensions > kMostDimensions) fail(fmt::format("at most {} dimensions were expected", kMostDimensions));
    std::vector<std::int64_t> shape(dimensions);
    std::uint64_t bytes = type.bytes;
    for (std::int64_t& size : shape) {
      size = number<std::int64_t>();
      if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes))
        fail("a shape was expected");
    }
    if (!is_frame) return elements(type.dtype, std::move(shape), bytes);
    if (type.dtype != DType::kUInt8 || dimensions != 3 || shape[2] != 3) fail("a picture was expected");
    FrameInfo info;
    info.index = number<std::int64_t>();
    info.timestamp_ms = number<double>();
    info.estimated_frames = number<std::int64_t>();
    info.duration_s = number<double>();
    info.rate = number<double>();
    info.start_s = number<double>();
    info.key_frame = number<std::uint64_t>() != 0;
    return Frame::make(info, elements(type.dtype, std::move(shape), bytes));
  }

  Tensor elements(DType type, std::vector<std::int64_t> shape, std::uint64_t bytes) {
    skip_to(kElementsAt);
    const auto data = take(bytes);
    if (owner_ != nullptr && bytes >= kLarge) {
      return Tensor::wrap(const_cast<std::byte*>(data.data()), type, std::move(shape), owner_);
    }
    Tensor copy = Tensor::empty(type, std::move(shape));
    std::ranges::copy(data, copy.mutable_data<std::byte>());
    return copy;
  }

  const std::span<const std::byte> bytes_;
  const std::shared_ptr<void>& owner_;
  std::size_t at_ = 0;
};

}  // namespace

Value read_value(std::span<const std::byte> bytes, const std::shared_ptr<void>& owner) {
  return Reader(bytes, owner).all();
}

}  // namespace pipit
