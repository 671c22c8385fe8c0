#include "spec/yaml.h"

#include <doctest/doctest.h>

#include <string>

using pipit::parse_yaml;
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
  CHECK(root.line == 1);
  const YamlNode* b = root.find("b");
  REQUIRE(b != nullptr);
  CHECK(b->items[0].line == 3);
  CHECK(b->items[1].find("y")->line == 4);
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

TEST_CASE("yaml: a key that stands twice is found with both lines") {
  CHECK(fault("a: 1\nb: 2\na: 3\n") == "f.yaml:3: key 'a' stands twice; first at line 1");
  CHECK(fault("n: {x: 1, x: 2}\n") == "f.yaml:1: key 'x' stands twice; first at line 1");
  CHECK(fault("a: 1\na: 2\nb: {c: 1,\n c: 2}\n") ==
        "f.yaml:2: key 'a' stands twice; first at line 1\nf.yaml:4: key 'c' stands twice; first at line 3");
  CHECK(fault("a: {x: 1}\nb: {x: 2}\n").empty());
}

TEST_CASE("yaml: what pipelines do not use is refused by name") {
  CHECK(fault("a: &x 1\nb: *x\n") ==
        "f.yaml:1: anchors (&name) are not supported; use vars\nf.yaml:2: aliases (*name) are not supported; use vars");
  CHECK(fault("a: !!int 1\n") == "f.yaml:1: tag 'tag:yaml.org,2002:int' is not supported");
  CHECK(fault("{a: 1}: 2\n") == "f.yaml:1: a key must be a plain text");
  CHECK(fault("a: 1\n---\nb: 2\n") == "f.yaml: holds more than one YAML document");
}

TEST_CASE("yaml: a syntax error names its line in plain words") {
  CHECK(fault("a: [1, 2\nb: 3\n") == "f.yaml:2: a list that begins with '[' is not closed with ']'");
  CHECK(fault("a: {x: 2\nb: 3\n") == "f.yaml:2: a mapping that begins with '{' is not closed with '}'");
  CHECK(fault("a: 'x\n") == "f.yaml:1: a quoted text is not closed");
  CHECK(fault("a: \"x\nb: 2\n") == "f.yaml:2: a quoted text is not closed");
  CHECK(fault("a: b: c\n") == "f.yaml:1: a second ': ' in one line; put a text that holds one in quotes");
  CHECK(fault("\ta: 1\n") == "f.yaml:1: the line is indented with a tab; YAML is indented with spaces");
  CHECK(fault("a:\n  - b\n\t- c\n") == "f.yaml:3: the line is indented with a tab; YAML is indented with spaces");
  CHECK(fault("a: \"\\w\"\n") ==
        "f.yaml:1: '\\w' is not an escape of a text in double quotes; a backslash is '\\\\' there, or take single "
        "quotes");
  CHECK(fault("a: 1\na: 2\nb: c: d\n") ==
        "f.yaml:2: key 'a' stands twice; first at line 1\n"
        "f.yaml:3: a second ': ' in one line; put a text that holds one in quotes");
}

TEST_CASE("yaml: an empty file is told") {
  CHECK(fault("") == "f.yaml: the file is empty");
  CHECK(fault("# only a comment\n") == "f.yaml: the file is empty");
}

TEST_CASE("yaml: nesting is bounded") {
  CHECK(fault(std::string(60, '[') + std::string(60, ']')).empty());
  CHECK(fault(std::string(100, '[') + std::string(100, ']')) == "f.yaml:1: nested deeper than 64 levels");
  CHECK(fault(std::string(2000000, '[')) == "f.yaml:1: nested deeper than 64 levels");
}

TEST_CASE("yaml: a bomb of aliases or of keys is refused in no time") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i == 0 ? "*" : ", *") + static_cast<char>(name - 1);
    bomb += "]\n";
  }
  const std::string said = fault(bomb);
  CHECK(said.starts_with("f.yaml:1: anchors (&name) are not supported; use vars\nf.yaml:2: "));
  std::string keys;
  for (int i = 0; i < 100000; ++i) keys += "key" + std::to_string(i) + ": 1\n";
  CHECK(fault(keys).empty());
  std::string twice;
  for (int i = 0; i < 1000; ++i) twice += "k: 1\n";
  CHECK(fault(twice).ends_with("f.yaml:201: key 'k' stands twice; first at line 1\n… and 799 more faults"));
}

TEST_CASE("yaml: a node is described for messages") {
  CHECK(describe(parse_yaml("{a: 1}", "f")) == "a mapping");
  CHECK(describe(parse_yaml("[a]", "f")) == "a list");
  CHECK(describe(parse_yaml("~", "f")) == "nothing");
  CHECK(describe(parse_yaml("x y", "f")) == "'x y'");
}
