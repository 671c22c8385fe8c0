// safetensors files that are damaged, or made to mislead.
#include <doctest/doctest.h>

#include <string>

#include "test_file.h"

using pipit::weights::Checkpoint;

namespace {

std::string safetensors(const std::string& header, std::size_t data_bytes) {
  return little_endian<std::uint64_t>(header.size()) + header + std::string(data_bytes, '\1');
}

// One tensor "a" of 16 bytes.
std::string of_one(const std::string& entry) {
  return safetensors("{\"a\":" + entry + "}", 16);
}

std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

std::string of_two(const std::string& first, const std::string& second) {
  return safetensors("{\"a\":" + entry("F32", "[2]", first) + ",\"b\":" + entry("F32", "[2]", second) + "}", 16);
}

}  // namespace

TEST_CASE("safetensors: tensors lie where the header says") {
  TestFile file(of_two("[8,16]", "[0,8]"));
  auto checkpoint = Checkpoint::open(file.path());
  const auto& tensors = checkpoint.tensors();
  CHECK(tensors.size() == 2);
  CHECK(tensors.at("a").data == tensors.at("b").data + 8);
  CHECK(tensors.at("a").shape == std::vector<std::int64_t>{2});
}

TEST_CASE("safetensors: spaces may follow the header") {
  CHECK(refusal(safetensors("{\"a\":" + entry("F32", "[2,2]", "[0,16]") + "}    ", 16)) == "accepted");
}

TEST_CASE("safetensors: data that an old header leaves unaligned is told as such") {
  std::string header = "{\"a\":" + entry("F32", "[2,2]", "[0,16]") + "}";
  while (header.size() % 4 != 1) header += " ";
  TestFile file(safetensors(header, 16));
  CHECK_FALSE(Checkpoint::open(file.path()).tensors().at("a").aligned());
}

TEST_CASE("safetensors: a header longer than any is refused before it is read") {
  CHECK(refusal(little_endian(std::uint64_t{1} << 60) + "{\"a\":1}") ==
        "is damaged: its safetensors header would take 1152921504606846976 bytes, at most 16777216 are allowed");
}

TEST_CASE("safetensors: a header longer than the file is cut short") {
  CHECK(refusal(little_endian<std::uint64_t>(1000) + "{\"a\":1}") ==
        "is cut short: its safetensors header takes 1000 bytes, the whole file 15; download or copy it again");
}

TEST_CASE("safetensors: data that ends early is cut short") {
  CHECK(refusal(of_one(entry("F32", "[2,4]", "[0,32]"))) ==
        "is cut short: tensor 'a' ends at byte 32 of the data, and there are 16; download or copy it again");
}

TEST_CASE("safetensors: a header that is no JSON is refused") {
  CHECK(refusal(safetensors("{\"a\":", 16)) == "is damaged: its header is not JSON at byte 14");
  CHECK(refusal(safetensors("{\"a\xff\":{}}", 16)) == "is damaged: its header is not JSON at byte 12");
  CHECK(refusal(safetensors("{} {}", 16)) == "is damaged: its header is not JSON at byte 12");
}

TEST_CASE("safetensors: a header nested without end is refused") {
  CHECK(refusal(of_one(std::string(1'000'000, '['))) ==
        "is damaged: its header has a list at 'a', which is not dtype, shape or data_offsets");
  std::string deep = "{\"shape\":";
  for (int i = 0; i < 20; ++i) deep += deep;
  CHECK(refusal(safetensors("{\"a\":" + std::string("{\"b\":") + "{\"c\":1}}}", 16)) ==
        "is damaged: its header has an object at 'a', which is not dtype, shape or data_offsets");
  CHECK(refusal(of_one("{\"shape\":" + std::string(1'000'000, '['))) ==
        "is damaged: its header has a list at 'a', which is not dtype, shape or data_offsets");
}

TEST_CASE("safetensors: what does not belong in a header is refused") {
  CHECK(refusal(of_one("7")) ==
        "is damaged: its header has the number 7 at 'a', which is not dtype, shape or data_offsets");
  CHECK(refusal(of_one(entry("F32", "[-4]", "[0,16]"))) ==
        "is damaged: its header has the number -4 at 'a', which is not dtype, shape or data_offsets");
  CHECK(refusal(of_one(entry("F32", "[4.5]", "[0,16]"))) ==
        "is damaged: its header has the number 4.5 at 'a', which is not dtype, shape or data_offsets");
  CHECK(refusal(of_one(entry("F32", "[18446744073709551615]", "[0,16]"))) ==
        "is damaged: its header has the number 18446744073709551615 at 'a', which is not dtype, shape or "
        "data_offsets");
  CHECK(refusal(of_one("{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16],\"extra\":true}")) ==
        "is damaged: its header has a bool at 'a', which is not dtype, shape or data_offsets");
  CHECK(refusal(safetensors("{\"__metadata__\":{\"a\":1}}", 0)) ==
        "is damaged: its header has the number 1 at '__metadata__', which is not dtype, shape or data_offsets");
  CHECK(refusal(of_one("{\"dtype\":\"F32\",\"shape\":[4]}")) == "is damaged: tensor 'a' lacks its data_offsets");
  CHECK(refusal(of_one(entry("F32", "[4]", "[0,8,16]"))) == "is damaged: tensor 'a' has 3 data_offsets, expected 2");
}

TEST_CASE("safetensors: a key that is there twice is refused") {
  std::string a = "\"a\":" + entry("F32", "[4]", "[0,16]");
  CHECK(refusal(safetensors("{" + a + "," + a + "}", 16)) == "is damaged: its header has 'a' twice");
  CHECK(refusal(of_one("{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,16]}")) ==
        "is damaged: its header has 'dtype' of 'a' twice");
  CHECK(refusal(safetensors("{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"}}", 0)) ==
        "is damaged: its header has 'x' twice");
}

TEST_CASE("safetensors: a dtype that no CLIP has is named") {
  CHECK(refusal(of_one(entry("F8_E4M3", "[16]", "[0,16]"))) ==
        "has tensor 'a' in dtype 'F8_E4M3', which pipit does not read; convert the file to F32, F16 or BF16");
}

TEST_CASE("safetensors: a shape that its bytes contradict is refused") {
  CHECK(refusal(of_one(entry("F32", "[5]", "[0,16]"))) ==
        "is damaged: tensor 'a' has 5 elements of F32, and its data_offsets are [0, 16]");
  CHECK(refusal(of_one(entry("F32", "[4]", "[16,0]"))) ==
        "is damaged: tensor 'a' has 4 elements of F32, and its data_offsets are [16, 0]");
  CHECK(refusal(of_one(entry("F32", "[4611686018427387904,4]", "[0,16]"))) ==
        "is damaged: tensor 'a' has the impossible shape [4611686018427387904, 4]");
  CHECK(refusal(of_one(entry("F32", "[0,4611686018427387904,4]", "[0,0]"))) ==
        "is damaged: tensor 'a' has the impossible shape [0, 4611686018427387904, 4]");
}

TEST_CASE("safetensors: tensors that overlap or leave gaps are refused") {
  CHECK(refusal(of_two("[0,8]", "[4,12]")) == "is damaged: tensors 'a' and 'b' overlap");
  CHECK(refusal(of_two("[8,16]", "[8,16]")) == "is damaged: 8 bytes before tensor 'a' belong to none");
  CHECK(refusal(of_one(entry("F32", "[2]", "[0,8]"))) == "is damaged: 8 bytes after the last tensor belong to none");
  CHECK(refusal(safetensors("{\"a\":" + entry("U8", "[2]", "[0,2]") + ",\"b\":" + entry("F32", "[2]", "[2,10]") + "}",
                            10)) == "is damaged: tensor 'b' starts at byte 2, unaligned for F32");
}

TEST_CASE("safetensors: a name cannot write to the terminal") {
  CHECK(refusal(safetensors("{\"\\u001b[2Jcl\\u00e9ar\":{}}", 0)) ==
        "is damaged: tensor '\\x1b[2Jcl\\xc3\\xa9ar' lacks its dtype");
}

TEST_CASE("safetensors: every cut of a file is refused") {
  std::string whole = of_two("[0,8]", "[8,16]");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal(whole.substr(0, size)) != "accepted");
  }
}
