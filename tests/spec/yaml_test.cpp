#include "spec/yaml.h"

#include <doctest/doctest.h>

#include <string>

using pipit::parse_yaml;
using pipit::SourcePlace;
using pipit::YamlNode;

namespace {

/// What parsing says is wrong; empty when nothing is.
std::string fault(const std::string& text) {
  try {
    parse_yaml(text, "f.yaml");
    return "";
  } catch (const pipit::Error& e) {
    CHECK(e.code() == "invalid_pipeline");
    return e.what();
  }
}

pipit::Value value(const std::string& text) {
  return to_value(parse_yaml(text, "f.yaml"));
}

}  // namespace

TEST_CASE("yaml: nodes remember their lines") {
  const YamlNode root = parse_yaml("a: 1\nb:\n  - x\n  - {y: z}\n", "f.yaml");
  CHECK(root.at == SourcePlace{1, 1});
  const YamlNode* b = root.find("b");
  REQUIRE(b != nullptr);
  CHECK(b->items[0].at == SourcePlace{3, 5});
  CHECK(b->items[1].find("y")->at == SourcePlace{4, 9});
  CHECK(root.find("c") == nullptr);
}

TEST_CASE("yaml: scalars follow the core schema") {
  CHECK(value("12").integer() == 12);
  CHECK(value("+12").integer() == 12);
  CHECK(value("-0.5").number() == -0.5);
  CHECK(value("1e3").number() == 1000.0);
  CHECK(value("true").boolean());
  CHECK_FALSE(value("FALSE").boolean());
  CHECK(value("~").is_null());
  CHECK(value("null").is_null());
  CHECK(value("\"12\"").string() == "12");
  CHECK(value("'null'").string() == "null");
  CHECK(value("yes").string() == "yes");
  CHECK(value("inf").string() == "inf");
  CHECK(value("0x10").string() == "0x10");
  CHECK(value("1.2.3").string() == "1.2.3");
  CHECK(value("-").is_null() == false);
  CHECK(value("|\n  12\n").string() == "12");
  CHECK(value("99999999999999999999").kind() == pipit::Kind::kFloat);
}

TEST_CASE("yaml: a duplicate key is found with both lines") {
  CHECK(fault("a: 1\nb: 2\na: 3\n") ==
        "f.yaml:3:1: duplicate key 'a'; first at line 1\n"
        "    a: 3\n"
        "    ^");
  CHECK(fault("n: {x: 1, x: 2}\n") ==
        "f.yaml:1:11: duplicate key 'x'; first at line 1\n"
        "    n: {x: 1, x: 2}\n"
        "              ^");
  CHECK(fault("a: 1\na: 2\nb: {c: 1,\n c: 2}\n") ==
        "f.yaml:2:1: duplicate key 'a'; first at line 1\n"
        "    a: 2\n"
        "    ^\n"
        "f.yaml:4:2: duplicate key 'c'; first at line 3\n"
        "     c: 2}\n"
        "     ^");
  CHECK(fault("a: {x: 1}\nb: {x: 2}\n").empty());
}

TEST_CASE("yaml: what pipelines do not use is refused by name") {
  CHECK(fault("a: &x 1\nb: *x\n") ==
        "f.yaml:1:4: anchors (&name) are not supported; use vars\n"
        "    a: &x 1\n"
        "       ^\n"
        "f.yaml:2:4: aliases (*name) are not supported; use vars\n"
        "    b: *x\n"
        "       ^");
  CHECK(fault("a: !!int 1\n") ==
        "f.yaml:1:4: tag 'tag:yaml.org,2002:int' is not supported\n"
        "    a: !!int 1\n"
        "       ^");
  CHECK(fault("{a: 1}: 2\n") ==
        "f.yaml:1:1: a key must be a plain text\n"
        "    {a: 1}: 2\n"
        "    ^");
  CHECK(fault("a: 1\n---\nb: 2\n") ==
        "f.yaml:3:1: a second YAML document; expected one in a file\n"
        "    b: 2\n"
        "    ^");
}

TEST_CASE("yaml: a syntax error names its line in plain words") {
  CHECK(fault("a: [1, 2\nb: 3\n") ==
        "f.yaml:1:4: a list that begins with '[' is not closed with ']'\n"
        "    a: [1, 2\n"
        "       ^");
  CHECK(fault("a: {x: 2\nb: 3\n") ==
        "f.yaml:1:4: a mapping that begins with '{' is not closed with '}'\n"
        "    a: {x: 2\n"
        "       ^");
  CHECK(fault("a: 'x\n") ==
        "f.yaml:1:6: a quoted text is not closed\n"
        "    a: 'x\n"
        "         ^");
  CHECK(fault("a: \"x\nb: 2\n") ==
        "f.yaml:2:5: a quoted text is not closed\n"
        "    b: 2\n"
        "        ^");
  CHECK(fault("a: b: c\n") ==
        "f.yaml:1:5: a second ': ' in one line; put a text that holds one in quotes\n"
        "    a: b: c\n"
        "        ^");
  CHECK(fault("\ta: 1\n") ==
        "f.yaml:1:1: the line is indented with a tab; YAML is indented with spaces\n"
        "    \ta: 1\n"
        "    ^");
  CHECK(fault("a:\n  - b\n\t- c\n") ==
        "f.yaml:3:1: the line is indented with a tab; YAML is indented with spaces\n"
        "    \t- c\n"
        "    ^");
  CHECK(fault("a: \"\\w\"\n") ==
        "f.yaml:1:7: '\\w' is not an escape of a text in double quotes; a backslash is '\\\\' there, or take single "
        "quotes\n"
        "    a: \"\\w\"\n"
        "          ^");
  CHECK(fault("a: 1\na: 2\nb: c: d\n") ==
        "f.yaml:2:1: duplicate key 'a'; first at line 1\n"
        "    a: 2\n"
        "    ^\n"
        "f.yaml:3:5: a second ': ' in one line; put a text that holds one in quotes\n"
        "    b: c: d\n"
        "        ^");
}

TEST_CASE("yaml: an empty file is told") {
  CHECK(fault("") == "f.yaml: the file is empty");
  CHECK(fault("# only a comment\n") == "f.yaml: the file is empty");
}

TEST_CASE("yaml: nesting is bounded") {
  CHECK(fault(std::string(60, '[') + std::string(60, ']')).empty());
  CHECK(fault(std::string(100, '[') + std::string(100, ']')) ==
        "f.yaml:1:65: nested deeper than 64 levels\n"
        "    …[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]…\n"
        "                                                                 ^");
  CHECK(fault(std::string(2000000, '[')) ==
        "f.yaml:1:33: nested deeper than 64 levels\n"
        "    [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[…\n"
        "                                    ^");
}

TEST_CASE("yaml: a bomb of aliases or of keys is refused in no time") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i == 0 ? "*" : ", *") + static_cast<char>(name - 1);
    bomb += "]\n";
  }
  const std::string said = fault(bomb);
  CHECK(
      said.starts_with("f.yaml:1:4: anchors (&name) are not supported; use vars\n"
                       "    a: &a [x, x, x, x, x, x, x, x, x]\n"
                       "       ^\n"
                       "f.yaml:2:4: "));
  std::string keys;
  for (int i = 0; i < 100000; ++i) keys += "key" + std::to_string(i) + ": 1\n";
  CHECK(fault(keys).empty());
  std::string twice;
  for (int i = 0; i < 1000; ++i) twice += "k: 1\n";
  CHECK(
      fault(twice).ends_with("f.yaml:201:1: duplicate key 'k'; first at line 1\n"
                             "    k: 1\n"
                             "    ^\n"
                             "… and 799 more faults"));
}

TEST_CASE("yaml: a node is described for messages") {
  CHECK(describe(parse_yaml("{a: 1}", "f")) == "a mapping");
  CHECK(describe(parse_yaml("[a]", "f")) == "a list");
  CHECK(describe(parse_yaml("~", "f")) == "nothing");
  CHECK(describe(parse_yaml("x y", "f")) == "'x y'");
}
