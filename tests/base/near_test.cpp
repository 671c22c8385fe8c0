#include "base/near.h"

#include <doctest/doctest.h>

using pipit::did_you_mean;
using pipit::near_name;
using pipit::quoted_list;

TEST_CASE("near: a slip of the fingers is found and a different word is not") {
  const std::vector<std::string> names = {"num_samples", "start_time", "end_time", "fps"};
  CHECK(near_name("num_sample", names) == "num_samples");
  CHECK(near_name("strat_time", names) == "start_time");
  CHECK(near_name("fsp", names) == "fps");
  CHECK(near_name("psf", names).empty());
  CHECK(near_name("fp", names) == "fps");
  CHECK(near_name("device", names).empty());
  CHECK(near_name("", names).empty());
  CHECK(near_name("a", {"b", "ab"}).empty());
}

TEST_CASE("near: the last part of an operator's name is enough") {
  CHECK(near_name("clip4clip", {"video_text_embedding.clip4clip", "a.b"}) == "video_text_embedding.clip4clip");
  CHECK(near_name("text.upper", {"acme/text.upper"}) == "acme/text.upper");
}

TEST_CASE("near: lists read as a sentence") {
  CHECK(did_you_mean("fp", {"fps"}) == "; did you mean 'fps'?");
  CHECK(did_you_mean("x", {"fps"}) == "");
  CHECK(quoted_list({}) == "");
  CHECK(quoted_list({"a"}) == "'a'");
  CHECK(quoted_list({"a", "b"}) == "'a' and 'b'");
  CHECK(quoted_list({"a", "b", "c"}) == "'a', 'b' and 'c'");
}
