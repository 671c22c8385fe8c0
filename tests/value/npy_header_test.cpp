#include "value/npy_header.h"

#include <doctest/doctest.h>

#include <string>

using pipit::DType;
using pipit::NpyHeader;

namespace {

/// A file of version 1.0 with this dictionary.
std::string file(const std::string& dictionary) {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(dictionary.size() & 0xff);
  bytes += static_cast<char>(dictionary.size() >> 8);
  return bytes + dictionary;
}

}  // namespace

TEST_CASE("npy: what is written reads back") {
  for (const pipit::DTypeInfo& info : pipit::kDTypes) {
    if (info.dtype == DType::kBFloat16) continue;
    NpyHeader header;
    header.dtype = info.dtype;
    header.rows = 12;
    header.shape = {3, 4};
    CHECK(header.text().size() == NpyHeader::kWrittenBytes);
    const auto read = NpyHeader::parse(header.text());
    REQUIRE(read.has_value());
    CHECK(read->dtype == info.dtype);
    CHECK(read->rows == 12);
    CHECK(read->shape == std::vector<std::int64_t>{3, 4});
    CHECK(read->data_offset == NpyHeader::kWrittenBytes);
    CHECK(read->row_bytes() == 12 * info.bytes);
  }
}

TEST_CASE("npy: headers are read as NumPy and others write them") {
  const auto numpy = NpyHeader::parse(file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 512), }   \n"));
  REQUIRE(numpy.has_value());
  CHECK(numpy->rows == 2);
  CHECK(numpy->shape == std::vector<std::int64_t>{512});
  const auto other = NpyHeader::parse(file("{\"shape\":(7,),\"fortran_order\":False,\"descr\":\"<f2\"}"));
  REQUIRE(other.has_value());
  CHECK(other->dtype == DType::kFloat16);
  CHECK(other->rows == 7);
  CHECK(other->shape.empty());
}

TEST_CASE("npy: what is not an array of rows is not read") {
  CHECK_FALSE(NpyHeader::parse("").has_value());
  CHECK_FALSE(NpyHeader::parse("\x93NUMPY").has_value());
  CHECK_FALSE(NpyHeader::parse(file("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }")).has_value());
  CHECK_FALSE(NpyHeader::parse(file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }")).has_value());
  CHECK_FALSE(NpyHeader::parse(file("{'descr': '<f4', 'fortran_order': False, 'shape': (), }")).has_value());
  CHECK_FALSE(NpyHeader::parse(file("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }")).has_value());
  CHECK_FALSE(NpyHeader::parse(file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }")).has_value());
  CHECK_FALSE(NpyHeader::parse(file("{'descr': '<f4', 'shape': (2,), }")).has_value());
  std::string cut = file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  cut.resize(cut.size() - 5);
  CHECK_FALSE(NpyHeader::parse(cut).has_value());
}
