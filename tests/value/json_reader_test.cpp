#include "value/json_reader.h"

#include <doctest/doctest.h>

#include <string>

#include "value/json_text.h"

using pipit::Error;
using pipit::Kind;
using pipit::read_json;
using pipit::Value;

namespace {

/// Read and written again.
std::string again(const std::string& text) {
  std::string written;
  append_json(written, read_json(text));
  return written;
}

std::string fault(const std::string& text) {
  try {
    read_json(text);
  } catch (const Error& e) {
    CHECK(e.code() == "invalid_input");
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("json reader: what is written comes back") {
  for (const char* text : {"null", "true", "-7", "0.1", R"("a\nü\u0001")", "[]", "{}", R"([1,[2.5,null],{"a":[]}])",
                           R"({"b":1,"a":{"c":"d"}})", "9223372036854775807", "-9223372036854775808"}) {
    CHECK(again(text) == text);
  }
  CHECK(read_json("18446744073709551615").kind() == Kind::kFloat);
  CHECK(read_json(" 1 ").integer() == 1);
}

TEST_CASE("json reader: of equal keys the first counts") {
  CHECK(again(R"({"a":1,"b":2,"a":3})") == R"({"a":1,"b":2})");
}

TEST_CASE("json reader: what is not JSON is refused with its place, and so is what is too deep") {
  CHECK(
      fault("[1,") ==
      "[json.exception.parse_error.101] parse error at line 1, column 4: syntax error while parsing value - unexpected "
      "end of input; expected '[', '{', or a literal");
  CHECK(!fault("").empty());
  CHECK(!fault("1 2").empty());
  CHECK(fault(std::string(64, '[') + std::string(64, ']')).empty());
  CHECK(fault(std::string(65, '[') + std::string(65, ']')) == "lists and objects are more than 64 deep");
}
