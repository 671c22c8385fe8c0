#include "spec/substitution.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

using pipit::Substituted;
using pipit::Substitution;

namespace {

/// A text after substitution; faults and unset names are gathered beside it.
struct Outcome {
  Substituted value;
  std::string said;
};

Outcome apply(const Substitution& substitution, const std::string& text) {
  Outcome outcome;
  outcome.value = substitution.apply(
      text, false,
      [&](std::string_view name, std::string_view message) {
        outcome.said += "unset " + std::string(name) + (message.empty() ? "" : ": " + std::string(message)) + "\n";
      },
      [&](const std::string& message) { outcome.said += message + "\n"; });
  return outcome;
}

}  // namespace

TEST_CASE("substitution: vars and the environment are put in place") {
  setenv("PIPIT_TEST_SET", "there", 1);
  setenv("PIPIT_TEST_EMPTY", "", 1);
  unsetenv("PIPIT_TEST_UNSET");
  Substitution substitution;
  substitution.define("dir", {"/data", false, false});
  const auto text = [&](const char* from) {
    const Outcome outcome = apply(substitution, from);
    CHECK(outcome.said == "");
    return outcome.value.text;
  };
  CHECK(text("$dir/a.pth") == "/data/a.pth");
  CHECK(text("x$dir$dir") == "x/data/data");
  CHECK(text("${PIPIT_TEST_SET}") == "there");
  CHECK(text("${PIPIT_TEST_SET:-other}") == "there");
  CHECK(text("${PIPIT_TEST_UNSET:-other}") == "other");
  CHECK(text("${PIPIT_TEST_UNSET:-}") == "");
  CHECK_MESSAGE(text("${PIPIT_TEST_EMPTY:-other}") == "other", "as in a shell");
  CHECK(text("${PIPIT_TEST_EMPTY}") == "");
}

TEST_CASE("substitution: a variable that is required says what to do") {
  setenv("PIPIT_TEST_SET", "there", 1);
  setenv("PIPIT_TEST_EMPTY", "", 1);
  unsetenv("PIPIT_TEST_UNSET");
  const Substitution substitution;
  CHECK(apply(substitution, "${PIPIT_TEST_SET:?set it}").value.text == "there");
  CHECK(apply(substitution, "${PIPIT_TEST_SET:?set it}").said == "");
  CHECK(apply(substitution, "${PIPIT_TEST_UNSET:?set it: x:-y}").said == "unset PIPIT_TEST_UNSET: set it: x:-y\n");
  CHECK(apply(substitution, "${PIPIT_TEST_EMPTY:?set it}").said == "unset PIPIT_TEST_EMPTY: set it\n");
  CHECK(apply(substitution, "${PIPIT_TEST_UNSET:?}").said == "unset PIPIT_TEST_UNSET\n");
  CHECK(apply(substitution, "${PIPIT_TEST_UNSET:-a:?b}").value.text == "a:?b");
}

TEST_CASE("substitution: a dollar sign may stand for itself") {
  Substitution substitution;
  CHECK(apply(substitution, "$$name").value.text == "$name");
  CHECK(apply(substitution, "5$").value.text == "5$");
  CHECK(apply(substitution, "$5").value.text == "$5");
  CHECK(apply(substitution, "a $ b").value.text == "a $ b");
}

TEST_CASE("substitution: faults are told and the text goes on") {
  unsetenv("PIPIT_TEST_UNSET");
  Substitution substitution;
  substitution.define("weights", {"w", false, false});
  CHECK(apply(substitution, "$weight").said ==
        "no var 'weight' (write $$ for a dollar sign); did you mean 'weights'?\n");
  CHECK(apply(substitution, "$zebra").said == "no var 'zebra' (write $$ for a dollar sign)\n");
  CHECK(apply(substitution, "${PIPIT_TEST_UNSET").said == "'${PIPIT_TEST_UNSET' lacks its closing '}'\n");
  CHECK(apply(substitution, "${}").said == "'${}' names no environment variable\n");
  CHECK(apply(substitution, "${1x}").said == "'${1x}' names no environment variable\n");
  const Outcome unset = apply(substitution, "a${PIPIT_TEST_UNSET}b");
  CHECK(unset.said == "unset PIPIT_TEST_UNSET\n");
  CHECK(unset.value.text == "a${PIPIT_TEST_UNSET}b");
}

TEST_CASE("substitution: where a text began decides what its paths are relative to") {
  setenv("PIPIT_TEST_SET", "there", 1);
  Substitution substitution;
  substitution.define("inside", {"in", false, false});
  substitution.define("outside", {"out", false, true});
  const auto outside = [&](const char* text) { return apply(substitution, text).value.from_outside; };
  CHECK(outside("${PIPIT_TEST_SET}/x"));
  CHECK(outside("$outside"));
  CHECK_FALSE(outside("$inside/${PIPIT_TEST_SET}"));
  CHECK_FALSE(outside("dir/$outside"));
  CHECK_FALSE(outside("${PIPIT_TEST_UNSET:-default}"));
}

TEST_CASE("substitution: a quoted var stays a string where it is the whole text") {
  Substitution substitution;
  substitution.define("n", {"12", true, false});
  CHECK(apply(substitution, "$n").value.quoted);
  CHECK_FALSE(apply(substitution, "1$n").value.quoted);
}

TEST_CASE("substitution: what a var needs or is at fault for goes on to the text that names it") {
  Substitution substitution;
  Substituted needy{"${X}", false, false};
  needy.unset.push_back({"f.yaml", {3, 1}, "X is not set"});
  substitution.define("needy", needy);
  Substituted wrong;
  wrong.told = true;
  substitution.define("wrong", wrong);
  const Outcome outcome = apply(substitution, "a/$needy");
  CHECK(outcome.said == "");
  REQUIRE(outcome.value.unset.size() == 1);
  CHECK(outcome.value.unset[0].at.line == 3);
  CHECK_FALSE(outcome.value.told);
  CHECK(apply(substitution, "a/$wrong").value.told);
}
