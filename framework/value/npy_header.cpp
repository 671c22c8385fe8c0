#include "value/npy_header.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstring>

namespace pipit {
namespace {

static_assert(std::endian::native == std::endian::little, "the headers that are written say little-endian");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionBytes = 2;

/// The dictionary of a header, read from its beginning to its end.
class Dictionary {
 public:
  explicit Dictionary(std::string_view text) : rest_(text) {}

  bool read(NpyHeader& header) {
    bool has_dtype = false;
    bool by_rows = false;
    bool has_shape = false;
    if (!take('{')) return false;
    while (!take('}')) {
      const auto key = quoted();
      if (!key || !take(':')) return false;
      if (*key == "descr") {
        const auto name = quoted();
        const auto dtype = name ? find_dtype(&DTypeInfo::numpy, *name) : std::nullopt;
        if (!dtype) return false;
        header.dtype = *dtype;
        has_dtype = true;
      } else if (*key == "fortran_order") {
        by_rows = take_word("False");
        if (!by_rows) return false;
      } else if (*key == "shape") {
        has_shape = read_shape(header);
        if (!has_shape) return false;
      } else {
        return false;
      }
      if (!take(',') && !at('}')) return false;
    }
    skip_space();
    return rest_.empty() && has_dtype && by_rows && has_shape;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }
  bool at(char c) {
    skip_space();
    return rest_.starts_with(c);
  }
  bool take(char c) {
    const bool there = at(c);
    if (there) rest_.remove_prefix(1);
    return there;
  }
  bool take_word(std::string_view word) {
    skip_space();
    const bool there = rest_.starts_with(word);
    if (there) rest_.remove_prefix(word.size());
    return there;
  }
  std::optional<std::string_view> quoted() {
    const char quote = at('"') ? '"' : '\'';
    if (!take(quote)) return std::nullopt;
    const std::size_t end = rest_.find(quote);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  /// "(3, 512)", "(3,)".
  bool read_shape(NpyHeader& header) {
    if (!take('(')) return false;
    std::vector<std::int64_t> sizes;
    while (!take(')')) {
      skip_space();
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (error != std::errc() || size < 0) return false;
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      sizes.push_back(size);
      if (!take(',') && !at(')')) return false;
    }
    if (sizes.empty()) return false;
    header.rows = sizes.front();
    header.shape.assign(sizes.begin() + 1, sizes.end());
    return true;
  }

  std::string_view rest_;
};

}  // namespace

std::size_t NpyHeader::row_bytes() const {
  std::size_t bytes = dtype_bytes(dtype);
  for (std::int64_t size : shape) bytes *= static_cast<std::size_t>(size);
  return bytes;
}

std::string NpyHeader::text() const {
  constexpr std::size_t kBefore = kMagic.size() + kVersionBytes + 2;
  constexpr std::size_t kLength = kWrittenBytes - kBefore;
  std::string sizes = fmt::format("{}", rows);
  for (std::int64_t size : shape) sizes += fmt::format(", {}", size);
  if (shape.empty()) sizes += ',';
  std::string whole(kMagic);
  whole += {'\x01', '\x00', static_cast<char>(kLength & 0xff), static_cast<char>(kLength >> 8)};
  whole += fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", dtype_info(dtype).numpy, sizes);
  whole.resize(kWrittenBytes - 1, ' ');
  return whole + '\n';
}

std::optional<NpyHeader> NpyHeader::parse(std::string_view bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + kVersionBytes + 4) return std::nullopt;
  const int version = bytes[kMagic.size()];
  if (version < 1 || version > 3) return std::nullopt;
  const std::size_t width = version == 1 ? 2 : 4;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kMagic.size() + kVersionBytes, width);
  NpyHeader header;
  header.data_offset = kMagic.size() + kVersionBytes + width + length;
  if (header.data_offset > bytes.size()) return std::nullopt;
  const std::string_view text = bytes.substr(header.data_offset - length, length);
  if (!Dictionary(text).read(header)) return std::nullopt;
  return header;
}

}  // namespace pipit
