#include "cli/output/numpy_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <iterator>

namespace pipit::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "the array's header says little-endian");
// By DType. NumPy has no bfloat16: its bits.
constexpr std::string_view kCodes[] = {"<f8", "<f4", "<f2", "<u2", "<i8", "<i4", "<i2", "|i1", "|u1", "|b1"};
const std::string kMagic("\x93NUMPY\x01\x00", 8);

}  // namespace

std::size_t NumpyHeader::row_bytes() const {
  std::size_t bytes = detail::kElementTypes[static_cast<int>(dtype)].bits / 8;
  for (std::int64_t size : shape) bytes *= static_cast<std::size_t>(size);
  return bytes;
}

std::string NumpyHeader::text() const {
  std::string sizes = fmt::format("{}", rows);
  for (std::int64_t size : shape) sizes += fmt::format(", {}", size);
  if (shape.empty()) sizes += ',';
  std::string whole = kMagic;
  whole += static_cast<char>((kBytes - 10) & 0xff);
  whole += static_cast<char>((kBytes - 10) >> 8);
  whole +=
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", kCodes[static_cast<int>(dtype)], sizes);
  whole.resize(kBytes - 1, ' ');
  return whole + '\n';
}

NumpyHeader NumpyHeader::parse(std::string_view bytes, const std::string& place) {
  NumpyHeader header;
  std::string_view rest = bytes;
  const auto skip = [&](std::string_view expected) {
    const bool there = rest.starts_with(expected);
    if (there) rest.remove_prefix(expected.size());
    return there;
  };
  const auto number = [&](std::int64_t& into) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), into);
    if (error != std::errc() || into < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return true;
  };
  const auto read = [&] {
    if (bytes.size() != kBytes || !skip(kMagic)) return false;
    rest.remove_prefix(2);
    if (!skip("{'descr': '")) return false;
    const auto* const code = std::ranges::find(kCodes, rest.substr(0, 3));
    if (code == std::end(kCodes)) return false;
    header.dtype = static_cast<DType>(code - kCodes);
    rest.remove_prefix(3);
    if (!skip("', 'fortran_order': False, 'shape': (") || !number(header.rows)) return false;
    while (skip(", ")) {
      if (!number(header.shape.emplace_back())) return false;
    }
    return true;
  };
  if (!read()) throw Error("invalid_input", fmt::format("{} is no array that pipit wrote", place));
  return header;
}

}  // namespace pipit::cli
