#include "weights/formats/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

namespace pipit::weights {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
// The format's own limit is 100 MB; a ViT-B/32's header takes 30 KB.
constexpr std::uint64_t kMostHeaderBytes = 16 << 20;

struct Entry {
  std::optional<std::string> dtype;
  std::optional<std::vector<std::int64_t>> shape;
  std::optional<std::vector<std::int64_t>> offsets;
};

// {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n, …], "data_offsets": [begin, end]}, …}, and nothing
// else. A handler of events rather than a tree of values: a header may be large, and a key that is there twice must
// show.
class Header : public nlohmann::json_sax<Json> {
 public:
  std::map<std::string, Entry> entries;
  std::map<std::string, std::string> metadata;

  bool start_object(std::size_t) override {
    if (numbers_ != nullptr || depth_ == 2) misplaced("an object");
    ++depth_;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool key(std::string& name) override {
    if (depth_ == 1) {
      tensor_ = name;
      entry_ = nullptr;
      bool added = name == "__metadata__" ? !std::exchange(has_metadata_, true) : entries.try_emplace(name).second;
      if (!added) damaged("its header has {} twice", quote(name));
      if (name != "__metadata__") entry_ = &entries[name];
    } else {
      field_ = name;
    }
    return true;
  }
  bool string(std::string& text) override {
    if (depth_ == 2 && entry_ == nullptr) {
      if (!metadata.try_emplace(field_, text).second) damaged("its header has {} twice", quote(field_));
      return true;
    }
    if (entry_ == nullptr || depth_ != 2 || field_ != "dtype" || numbers_ != nullptr) misplaced("a text");
    set(entry_->dtype, text);
    return true;
  }
  bool start_array(std::size_t) override {
    if (entry_ == nullptr || depth_ != 2 || numbers_ != nullptr) misplaced("a list");
    if (field_ != "shape" && field_ != "data_offsets") misplaced("a list");
    numbers_ = &set(field_ == "shape" ? entry_->shape : entry_->offsets, {});
    return true;
  }
  bool end_array() override {
    numbers_ = nullptr;
    return true;
  }
  bool number_unsigned(std::uint64_t number) override {
    if (numbers_ == nullptr || number > std::uint64_t{INT64_MAX}) misplaced(fmt::format("the number {}", number));
    numbers_->push_back(static_cast<std::int64_t>(number));
    return true;
  }
  bool number_integer(std::int64_t number) override { misplaced(fmt::format("the number {}", number)); }
  bool number_float(double, const std::string& text) override { misplaced(fmt::format("the number {}", text)); }
  bool null() override { misplaced("null"); }
  bool boolean(bool) override { misplaced("a bool"); }
  bool binary(Json::binary_t&) override { misplaced("bytes"); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    damaged("its header is not JSON at byte {}", kLengthBytes + position);
  }

 private:
  [[noreturn]] void misplaced(std::string_view what) const {
    damaged("its header has {} at {}, which is not dtype, shape or data_offsets", what, quote(tensor_));
  }
  template <typename T>
  T& set(std::optional<T>& field, T value) {
    if (field) damaged("its header has '{}' of {} twice", field_, quote(tensor_));
    return field.emplace(std::move(value));
  }

  int depth_ = 0;
  bool has_metadata_ = false;
  std::string tensor_;
  std::string field_;
  Entry* entry_ = nullptr;  // null in __metadata__
  std::vector<std::int64_t>* numbers_ = nullptr;
};

Header parse_header(Bytes json) {
  Header header;
  std::string_view text = as_text(json);
  Json::sax_parse(text.begin(), text.end(), &header);
  return header;
}

TensorView view(const std::string& name, const Entry& entry, Bytes data) {
  if (!entry.dtype || !entry.shape || !entry.offsets) {
    damaged("tensor {} lacks its {}", quote(name), !entry.dtype ? "dtype" : !entry.shape ? "shape" : "data_offsets");
  }
  auto dtype = find_dtype(&DTypeInfo::safetensors, *entry.dtype);
  if (!dtype) {
    fail("has tensor {} in dtype {}, which pipit does not read; convert the file to F32, F16 or BF16", quote(name),
         quote(*entry.dtype));
  }
  if (entry.offsets->size() != 2) {
    damaged("tensor {} has {} data_offsets, expected 2", quote(name), entry.offsets->size());
  }
  auto begin = static_cast<std::uint64_t>(entry.offsets->front());
  auto end = static_cast<std::uint64_t>(entry.offsets->back());
  auto item = dtype_bytes(*dtype);
  auto elements = static_cast<std::uint64_t>(count_elements(*entry.shape, name));
  if (end > data.size()) {
    fail("is cut short: tensor {} ends at byte {} of the data, and there are {}; download or copy it again",
         quote(name), end, data.size());
  }
  if (begin > end || (end - begin) / item != elements || (end - begin) % item != 0) {
    damaged("tensor {} has {} elements of {}, and its data_offsets are [{}, {}]", quote(name), elements, *entry.dtype,
            begin, end);
  }
  if (begin % item != 0) damaged("tensor {} starts at byte {}, unaligned for {}", quote(name), begin, *entry.dtype);
  return {*dtype, *entry.shape, row_major(*entry.shape), data.data() + begin};
}

void check_that_tensors_fill(const std::map<std::string, Entry>& entries, std::uint64_t size) {
  struct Extent {
    std::int64_t begin, end;
    std::string_view name;
  };
  std::vector<Extent> extents;
  for (const auto& [name, entry] : entries) extents.push_back({entry.offsets->front(), entry.offsets->back(), name});
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
  Extent last{0, 0, "the header"};
  for (const Extent& extent : extents) {
    if (extent.begin < last.end) damaged("tensors {} and {} overlap", quote(last.name), quote(extent.name));
    if (extent.begin > last.end)
      damaged("{} bytes before tensor {} belong to none", extent.begin - last.end, quote(extent.name));
    last = extent;
  }
  if (static_cast<std::uint64_t>(last.end) != size) {
    damaged("{} bytes after the last tensor belong to none", size - static_cast<std::uint64_t>(last.end));
  }
}

}  // namespace

std::vector<std::int64_t> row_major(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

bool looks_like_safetensors(Bytes file) {
  // A length of eight printable characters would be over 2^60 bytes: that is JSON text, not a header.
  auto printable = [](std::byte byte) { return byte >= std::byte{' '} || byte == std::byte{'\n'}; };
  return file.size() > kLengthBytes && file[kLengthBytes] == std::byte{'{'} &&
         !std::all_of(file.begin(), file.begin() + kLengthBytes, printable);
}

Contents read_safetensors(Bytes file) {
  auto header_bytes = load<std::uint64_t>(file, 0, "safetensors header length");
  if (header_bytes > kMostHeaderBytes) {
    damaged("its safetensors header would take {} bytes, at most {} are allowed", header_bytes, kMostHeaderBytes);
  }
  if (header_bytes > file.size() - kLengthBytes) {
    fail("is cut short: its safetensors header takes {} bytes, the whole file {}; download or copy it again",
         header_bytes, file.size());
  }
  Header header = parse_header(file.subspan(kLengthBytes, header_bytes));
  Bytes data = file.subspan(kLengthBytes + header_bytes);
  Contents contents{Container::kSafetensors, {}, std::move(header.metadata)};
  for (const auto& [name, entry] : header.entries) contents.tensors.emplace(name, view(name, entry, data));
  check_that_tensors_fill(header.entries, data.size());
  return contents;
}

}  // namespace pipit::weights
