#include "module/signature/signature.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pipit/signature.h"

using pipit::ArgumentType;
using pipit::OperatorSignature;

namespace {

/// A table that is right, for each test to break.
struct Table {
  std::vector<pipit_port> inputs = {{"text", "string", "a text", PIPIT_ONE, 0}};
  std::vector<pipit_port> outputs = {{"vector", "tensor<f32>[?]", "", PIPIT_ONE, 0}};
  std::vector<pipit_argument> arguments = {{"mode", "enum(a|b)", "a", "which", nullptr, nullptr, nullptr}};
  std::vector<pipit_variant> variants;
  pipit_signature signature{};
  pipit_operator table{};

  OperatorSignature read() {
    if (variants.empty()) variants = {{nullptr, inputs.data(), outputs.data(), 1, 1}};
    variants[0].inputs = inputs.data();
    variants[0].input_count = static_cast<std::uint32_t>(inputs.size());
    variants[0].outputs = outputs.data();
    variants[0].output_count = static_cast<std::uint32_t>(outputs.size());
    if (signature.struct_size == 0) signature.struct_size = sizeof(pipit_signature);
    signature.port_size = sizeof(pipit_port);
    signature.argument_size = sizeof(pipit_argument);
    signature.variant_size = sizeof(pipit_variant);
    signature.doc = "does a thing";
    signature.variants = variants.data();
    signature.variant_count = static_cast<std::uint32_t>(variants.size());
    signature.arguments = arguments.data();
    signature.argument_count = static_cast<std::uint32_t>(arguments.size());
    if (table.struct_size == 0) table.struct_size = sizeof(pipit_operator);
    table.signature = &signature;
    table.create = [](const pipit_create_request*, void**, pipit_error*) { return 0; };
    table.destroy = [](void*) {};
    table.process = [](void*, const pipit_call*, pipit_error*) { return 0; };
    return OperatorSignature::read(table);
  }
  std::string fault() {
    try {
      read();
      return "";
    } catch (const pipit::Error& e) {
      CHECK(e.code() == "invalid_module");
      return e.what();
    }
  }
};

}  // namespace

TEST_CASE("signature: a table is read as it stands") {
  Table table;
  table.inputs.push_back({"frames", "frame", nullptr, PIPIT_MANY, 0});
  table.signature.batch = 16;
  const OperatorSignature s = table.read();
  CHECK(s.doc == "does a thing");
  CHECK(s.batch == 16);
  CHECK(s.variants[0].inputs[1].count == pipit::PortCount::kMany);
  CHECK(s.variants[0].outputs[0].type.text() == "tensor<f32>[?]");
  REQUIRE(s.find_argument("mode") != nullptr);
  CHECK(s.find_argument("mode")->type.choices == std::vector<std::string>{"a", "b"});
  CHECK(s.find_argument("other") == nullptr);
}

TEST_CASE("signature: what is written as JSON reads back the same") {
  Table table;
  table.arguments.push_back({"path", "path", nullptr, "a file", "args.path", nullptr, nullptr});
  table.variants = {{"a", nullptr, nullptr, 0, 0}, {"b", nullptr, nullptr, 0, 0}};
  table.signature.variant_argument = "mode";
  std::vector<pipit_port> other = {{"n", "int", "", PIPIT_ONE, 0}};
  table.variants[1] = {"b", other.data(), other.data(), 1, 1};
  const OperatorSignature s = table.read();
  const std::string json = s.to_json();
  CHECK(OperatorSignature::from_json(json).to_json() == json);
}

TEST_CASE("signature: stored text that is damaged is told") {
  CHECK_THROWS_WITH_AS(
      OperatorSignature::from_json("{"),
      "signature: the one in the file is damaged: [json.exception.parse_error.101] parse error at line "
      "1, column 2: syntax error while parsing object key - unexpected end of input; expected string "
      "literal",
      pipit::Error);
  CHECK_THROWS_AS(OperatorSignature::from_json("[]"), pipit::Error);
  CHECK_THROWS_AS(OperatorSignature::from_json("{\"doc\": 1}"), pipit::Error);
}

TEST_CASE("signature: ports are checked") {
  Table twice;
  twice.inputs.push_back(twice.inputs[0]);
  CHECK(twice.fault() == "signature: duplicate port 'text'");
  Table type;
  type.inputs[0].type = "txt";
  CHECK(type.fault() ==
        "signature: port 'text': 'txt' is not a type; expected any, null, bool, int, float, string, bytes, frame, map, "
        "list<T> or tensor<f32>[512]");
  Table nameless;
  nameless.inputs[0].name = nullptr;
  CHECK(nameless.fault() == "signature: a port's name is missing");
  Table none;
  none.inputs.clear();
  CHECK(none.fault() == "signature: an operator has at least one input port");
  Table count;
  count.inputs[0].count = 9;
  CHECK(count.fault() == "signature: port 'text' has count 9, which this runtime does not know");
  Table output;
  output.outputs[0].count = PIPIT_REDUCE;
  CHECK(output.fault() == "signature: port 'vector' has count 2, which this runtime does not know");
}

TEST_CASE("signature: combinations that have no meaning are refused") {
  Table mixed;
  mixed.outputs.push_back({"more", "int", "", PIPIT_MANY, 0});
  CHECK(mixed.fault() == "signature: output ports must all give one row, or all many");
  Table both;
  both.inputs = {{"a", "int", "", PIPIT_MANY, 0}, {"b", "int", "", PIPIT_REDUCE, 0}};
  CHECK(both.fault() == "signature: an operator has window inputs or reduce inputs, not both");
  Table reduce;
  reduce.inputs[0].count = PIPIT_REDUCE;
  CHECK(reduce.fault() == "signature: a reduce input needs per_item");
  Table many;
  many.inputs[0].count = PIPIT_MANY;
  many.outputs[0].count = PIPIT_MANY;
  CHECK(many.fault() == "signature: a window or reduce operator gives one row, not many");
  Table state;
  state.inputs[0].count = PIPIT_MANY;
  state.signature.state = PIPIT_PER_ITEM;
  CHECK(state.fault() == "signature: an operator over windows is stateless, not per_item");
}

TEST_CASE("signature: variants and their argument belong together") {
  Table without;
  without.variants = {{"a", nullptr, nullptr, 0, 0}};
  CHECK(without.fault() == "signature: variants and the argument that chooses them must come together");
  Table unknown;
  unknown.variants = {{"a", nullptr, nullptr, 0, 0}};
  unknown.signature.variant_argument = "modality";
  CHECK(unknown.fault() == "signature: the variants are chosen by 'modality', which is not an argument of type enum");
  Table incomplete;
  incomplete.variants = {{"a", nullptr, nullptr, 0, 0}};
  incomplete.signature.variant_argument = "mode";
  CHECK(incomplete.fault() == "signature: argument 'mode' may be 'b', which has not one variant");
}

TEST_CASE("signature: arguments are checked") {
  Table type;
  type.arguments[0].type = "integer";
  CHECK(type.fault() == "signature: 'integer' is not a type of argument");
  Table twice;
  twice.arguments.push_back(twice.arguments[0]);
  CHECK(twice.fault() == "signature: duplicate argument 'mode'");
  CHECK(ArgumentType::parse("list<float>").expectation() == "a list of floats");
  CHECK(ArgumentType::parse("any").expectation() == "any value");
}

TEST_CASE("signature: tables of another size are read as far as they go") {
  Table small;
  small.table.struct_size = 8;
  CHECK(small.fault() == "signature: table of 8 bytes is too small");
  Table short_signature;
  short_signature.signature.struct_size = 4;
  CHECK(short_signature.fault() == "signature: its structs are smaller than version 1.0 has them");
  Table larger;
  larger.table.struct_size = sizeof(pipit_operator) + 64;
  CHECK(larger.fault() == "");
}

TEST_CASE("signature: which values an argument takes is read and written") {
  Table table;
  table.arguments.push_back({"n", "int", "1", "how many", nullptr, "range:1..", nullptr});
  table.arguments.push_back({"p", "path", nullptr, "a file", nullptr, "path:file", nullptr});
  const OperatorSignature s = table.read();
  CHECK(s.find_argument("n")->expectation() == "an int of at least 1");
  CHECK(s.find_argument("p")->expectation() == "a file");
  const std::string json = s.to_json();
  CHECK(json.find(R"("values":"range:1..")") != std::string::npos);
  CHECK(OperatorSignature::from_json(json).to_json() == json);
  CHECK(OperatorSignature::from_json(json).find_argument("n")->values.describe() == "at least 1");
}

TEST_CASE("signature: the C++ form says which values as the C form has them") {
  pipit::Signature written("does a thing");
  written.input("x", "int")
      .argument("a", "int", "1", "a")
      .at_least(1)
      .argument("b", "float", "0.5", "b")
      .between(0.001, 1.0)
      .argument("c", "int", "1", "c")
      .at_most(std::int64_t{INT64_MAX})
      .argument("d", "string", "x", "d")
      .one_of({"x", "y", "xyz"})
      .spelling("y", "why")
      .spelling("x", "ex")
      .spelling("y", "wy")
      .argument("e", "int", "1", "e")
      .one_of({1, 2})
      .argument("f", "string", "cpu", "f")
      .format("device")
      .required("g", "path", "g")
      .required("h", "path", "h")
      .folder()
      .required("i", "path", "i")
      .file_or_folder()
      .required("j", "path", "j")
      .may_be_missing();
  const pipit_signature& raw = written.raw();
  std::vector<std::string> values;
  for (std::uint32_t i = 0; i < raw.argument_count; ++i) {
    values.emplace_back(raw.arguments[i].values ? raw.arguments[i].values : "");
  }
  CHECK(values == std::vector<std::string>{"range:1..", "range:0.001..1", "range:..9223372036854775807",
                                           "one_of:x=ex|y=why=wy|xyz", "one_of:1|2", "format:device", "path:file",
                                           "path:folder", "path:file|folder", ""});
}

TEST_CASE("signature: values that do not go with the type are told") {
  const auto said = [](const char* type, const char* values) {
    Table table;
    table.arguments.push_back({"x", type, nullptr, "x", nullptr, values, nullptr});
    return table.fault();
  };
  const std::string subject = "signature: argument 'x': ";
  CHECK(said("string", "range:1..") == subject + "'range:1..' is for arguments of type int or float, not string");
  CHECK(said("float", "one_of:a") == subject + "'one_of:a' is for arguments of type string or int, not float");
  CHECK(said("int", "format:device") == subject + "'format:device' is for arguments of type string, not int");
  CHECK(said("string", "path:file") == subject + "'path:file' is for arguments of type path, not string");
  CHECK(said("int", "range:a..") == subject + "'range:a..' has an end that is not an int");
  CHECK(said("float", "range:nan..") == subject + "'range:nan..' has an end that is not a finite float");
  CHECK(said("int", "range:..") == subject + "'range:..' is a range without an end");
  CHECK(said("int", "range:3") == subject + "'range:3' is not a range: expected 'range:LEAST..MOST'");
  CHECK(said("int", "range:3..1") == subject + "'range:3..1' is a range without a value");
  CHECK(said("string", "one_of:a||b") == subject + "'one_of:a||b' has an empty choice");
  CHECK(said("int", "one_of:1|b") == subject + "'one_of:1|b' has the choice 'b', not an int");
  CHECK(said("int", "prime") == subject +
                                    "'prime' does not say which values: expected range:, one_of:, format:device, "
                                    "format:sha256, path:file, path:folder or path:file|folder");
  CHECK(said("list<int>", "range:1..").empty());
}

TEST_CASE("signature: types of lists in lists are bounded") {
  std::string type;
  for (int i = 0; i < 1000000; ++i) type += "list<";
  type += "int" + std::string(1000000, '>');
  Table argument;
  argument.arguments[0].type = type.c_str();
  CHECK(argument.fault() == "signature: a type of 1000000 lists inside each other; at most 16 are read");
  Table port;
  port.inputs[0].type = type.c_str();
  CHECK(port.fault() == "signature: port 'text': a type of 1000000 lists inside each other; at most 16 are read");
}

TEST_CASE("signature: arguments of the first version have no values and keys of later ones are passed over") {
  Table first;
  struct FirstArgument {  // as modules built against version 1.0 lay it out
    const char* name;
    const char* type;
    const char* default_text;
    const char* doc;
    const char* alias;
  };
  const FirstArgument arguments[] = {{"mode", "enum(a|b)", "a", "which", nullptr}, {"n", "int", "1", "n", nullptr}};
  first.read();
  first.signature.argument_size = sizeof(FirstArgument);
  first.signature.arguments = reinterpret_cast<const pipit_argument*>(arguments);
  first.signature.argument_count = 2;
  const OperatorSignature s = OperatorSignature::read(first.table);
  REQUIRE(s.find_argument("n") != nullptr);
  CHECK(s.find_argument("n")->values.all());
  CHECK(s.to_json().find("values") == std::string::npos);
  first.signature.argument_size = sizeof(FirstArgument) - 8;
  CHECK_THROWS_WITH_AS(OperatorSignature::read(first.table),
                       "signature: its structs are smaller than version 1.0 has them", pipit::Error);

  std::string later = s.to_json();
  later.insert(1, R"("colour":"red",)");
  later.replace(later.find(R"("name":"n")"), 10, R"("unit":"s","name":"n")");
  CHECK(OperatorSignature::from_json(later).to_json() == s.to_json());
}

TEST_CASE("signature: what an operator stands for and performs and what its numbers mean are read and written") {
  pipit::Signature said("Takes every n-th.");
  said.input("frame", "frame")
      .output_many("frame", "frame")
      .required("n", "int", "which")
      .rows_given()
      .argument("most", "int", "12", "at most")
      .rows_used()
      .performs("frame_sampling ordering")
      .stands_for("frame_sampling", "sample_type=every n=$n");
  Table table;
  table.read();
  pipit_operator whole = table.table;
  whole.signature = &said.raw();
  const OperatorSignature read = OperatorSignature::read(whole);
  for (const OperatorSignature& signature : {read, OperatorSignature::from_json(read.to_json())}) {
    CHECK(signature.performs == std::vector<std::string>{"frame_sampling", "ordering"});
    CHECK(signature.stands_for.work == "frame_sampling");
    REQUIRE(signature.stands_for.settings.size() == 2);
    CHECK(signature.stands_for.settings[0].argument == "sample_type");
    CHECK(signature.stands_for.settings[0].value == "every");
    CHECK_FALSE(signature.stands_for.settings[0].from_argument);
    CHECK(signature.stands_for.settings[1].from_argument);
    CHECK(signature.stands_for.text() == "frame_sampling sample_type=every n=$n");
    CHECK(signature.arguments[0].role == pipit::ArgumentRole::kRowsGiven);
    CHECK(signature.arguments[1].role == pipit::ArgumentRole::kRowsUsed);
  }
}

TEST_CASE("signature: what an operator stands for must make sense") {
  Table table;
  table.signature.stands_for = "frame_sampling";
  CHECK(table.fault() == "signature: what it stands for names no argument");
  table.signature.stands_for = "frame_sampling n";
  CHECK(table.fault() == "signature: what it stands for has 'n', expected argument=value");
  table.signature.stands_for = "frame_sampling n=$m";
  CHECK(table.fault() == "signature: what it stands for has '$m', which is not one of its arguments");
}

TEST_CASE("signature: a path that is an address is told from one that is not there") {
  const auto file = pipit::ArgumentValues::parse("path:file", "path");
  CHECK(file.path_fault("/nowhere/w.pt") == "does not exist");
  CHECK(file.path_fault("s3://bucket/w.pt") == "is a URL, which pipit does not read; copy it to a file first");
}
