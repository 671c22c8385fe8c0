// Pickles that are damaged, foreign or hostile.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "pipit/weights/checkpoint.h"
#include "test_file.h"
#include "zip_file.h"

using namespace std::string_literals;
using pipit::weights::Checkpoint;

namespace {

const std::filesystem::path kData = PIPIT_TEST_DATA;

// Opcodes, strung together to pickles.
std::string proto(char version = 2) {
  return "\x80"s + version;
}
std::string text(const std::string& value) {
  return "X" + little_endian(static_cast<std::uint32_t>(value.size())) + value;
}
std::string integer(std::int64_t value) {
  return "\x8a\x08" + little_endian(value);
}
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
std::string tuple(const std::string& items) {
  return "(" + items + "t";
}
const std::string kReduce = "R";

std::string storage(const std::string& type, std::int64_t elements, const std::string& key = "0") {
  return tuple(text("storage") + global("torch", type) + text(key) + text("cpu") + integer(elements)) + "Q";
}
std::string integers(const std::vector<std::int64_t>& values) {
  std::string items;
  for (std::int64_t value : values) items += integer(value);
  return tuple(items);
}
std::string tensor(const std::string& of_storage, std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple(of_storage + integer(offset) + integers(shape) + integers(strides) + "\x89" + "}") + kReduce;
}
std::string dict(const std::string& name, const std::string& value) {
  return "}" + text(name) + value + "s";
}

// What opening says of a zip archive with this pickle, and one storage of 64 bytes.
std::string refusal_of(const std::string& pickle) {
  return refusal(torch_zip(pickle, {std::string(64, '\0')}));
}

std::string refusal_of_tensor(const std::string& value) {
  return refusal_of(proto() + dict("a", value) + ".");
}

}  // namespace

TEST_CASE("pickle: a tensor is built from its storage") {
  CHECK(refusal_of_tensor(tensor(storage("FloatStorage", 16), 4, {3, 2}, {1, 6})) == "accepted");
}

TEST_CASE("pickle: Python 2's way to write a dict is read") {
  std::string pair = "]" + text("a") + "a" + tensor(storage("FloatStorage", 16), 0, {16}, {1}) + "a";
  std::string dict = global("collections", "OrderedDict") + tuple("]" + pair + "a") + kReduce;
  CHECK(refusal_of(proto() + dict + ".") == "accepted");
}

TEST_CASE("pickle: a storage that views a part of another keeps to it") {
  auto view = [](std::int64_t first, std::int64_t elements) {
    std::string id = text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu") + integer(16);
    std::string of = tuple(id + tuple(text("view") + integer(first) + integer(elements))) + "Q";
    return refusal_of_tensor(tensor(of, 0, {elements}, {1}));
  };
  CHECK(view(8, 8) == "accepted");
  CHECK(view(9, 8) == "is damaged: tensor 'a' has a storage of 8 elements, of which 7 are in the file");
}

TEST_CASE("pickle: a call to the system is refused and not executed") {
  TestFile witness("", "witness");
  std::string command = "touch " + witness.path().string() + ".executed";
  std::string attack = global("posix", "system") + tuple(text(command)) + kReduce;
  CHECK(refusal_of(proto() + attack + ".") ==
        "is hostile: byte 2 of its pickle names 'posix.system', which would run code on loading; nothing was executed");
  CHECK(
      refusal_of(proto() + dict("state_dict", "}") + text("x") + attack + "s.") ==
      "is hostile: byte 26 of its pickle names 'posix.system', which would run code on loading; nothing was executed");
  CHECK(refusal_of(proto(4) + text("builtins") + text("eval") + "\x93" + tuple(text("1")) + kReduce + ".") ==
        "is hostile: byte 24 of its pickle names 'builtins.eval', which would run code on loading; nothing was "
        "executed");
  CHECK(refusal(proto() + attack + ".") ==
        "is hostile: byte 2 of its pickle names 'posix.system', which would run code on loading; nothing was executed");
  CHECK_FALSE(std::filesystem::exists(witness.path().string() + ".executed"));
}

TEST_CASE("pickle: a foreign object is named where a tensor is needed") {
  CHECK(refusal_of_tensor(global("argparse", "Namespace") + tuple("") + kReduce) ==
        "holds other things than tensors: 'a' is a 'argparse.Namespace' object (byte 31 of the pickle)");
  CHECK(refusal_of_file(kData / "foreign_value.pth") ==
        "holds other things than tensors: 'b' is a 'argparse.Namespace' object (byte 192 of the pickle)");
  CHECK(refusal_of_file(kData / "quantized.pth") ==
        "holds other things than tensors: 'a' is a 'torch._utils._rebuild_qtensor' object (byte 196 of the pickle)");
  CHECK(refusal_of(proto() + dict("model", text("ViT")) + ".") ==
        "holds other things than tensors: 'model' is a string");
  CHECK(refusal_of_tensor(integer(3)) == "holds other things than tensors: 'a' is an integer");
}

TEST_CASE("pickle: a whole module is refused with the way out") {
  CHECK(refusal_of_file(kData / "whole_module.pth") ==
        "holds a whole 'torch.nn.modules.linear.Linear' object (byte 37 of its pickle), which only Python could build; "
        "save its tensors with torch.save(model.state_dict(), …)");
}

TEST_CASE("pickle: what is no state dict is named") {
  CHECK(refusal_of(proto() + "].") == "holds a list, not a state dict");
  CHECK(refusal_of(proto() + "}.") == "holds an empty dict, not a state dict");
  CHECK(refusal_of(proto() + "}" + integer(1) + integer(2) + "s.") ==
        "holds a dict with an integer for a name, not a state dict");
  CHECK(refusal_of(proto() + global("torch", "FloatStorage") + ".") ==
        "holds the name 'torch.FloatStorage', not a state dict");
  CHECK(refusal_of(proto() + dict("model", dict("model", dict("model", dict("model", dict("model", "}"))))) + ".") ==
        "wraps its state dict more than 4 times");
  CHECK(refusal("\x80\x02}."s) == "is a pickle of a dict, not a file that torch.save wrote");
}

TEST_CASE("pickle: a name that is there twice is refused") {
  std::string a = text("a") + tensor(storage("FloatStorage", 16), 0, {16}, {1});
  CHECK(refusal_of(proto() + "}(" + a + a + "u.") == "is damaged: tensor 'a' is there twice");
}

TEST_CASE("pickle: tensors beyond their storage are refused") {
  auto refused = [](std::int64_t offset, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides) {
    return refusal_of_tensor(tensor(storage("FloatStorage", 16), offset, shape, strides));
  };
  CHECK(refused(1, {16}, {1}) ==
        "is damaged: tensor 'a' of shape [16], strides [1] and offset 1 does not fit its storage of 16 elements");
  CHECK(refused(0, {4, 2}, {5, 2}) ==
        "is damaged: tensor 'a' of shape [4, 2], strides [5, 2] and offset 0 does not fit its storage of 16 elements");
  CHECK(refused(15, {4}, {-1}) ==
        "is damaged: tensor 'a' of shape [4], strides [-1] and offset 15 does not fit its storage of 16 elements");
  CHECK(refused(-1, {2}, {1}) ==
        "is damaged: tensor 'a' of shape [2], strides [1] and offset -1 does not fit its storage of 16 elements");
  CHECK(refused(0, {1000, 1000}, {0, 0}) ==
        "is damaged: tensor 'a' of shape [1000, 1000], strides [0, 0] and offset 0 does not fit its storage of 16 "
        "elements");
  CHECK(refused(0, {3, 3}, {std::int64_t{1} << 62, std::int64_t{1} << 62}) ==
        "is damaged: tensor 'a' of shape [3, 3], strides [4611686018427387904, 4611686018427387904] and offset 0 does "
        "not fit its storage of 16 elements");
  CHECK(refused(0, {-2}, {1}) == "is damaged: tensor 'a' has the impossible shape [-2]");
  CHECK(refused(0, {std::int64_t{1} << 40, std::int64_t{1} << 40}, {1, 1}) ==
        "is damaged: tensor 'a' has the impossible shape [1099511627776, 1099511627776]");
  CHECK(refused(0, {2, 2}, {1}) == "is damaged: byte 149 of its pickle: a tensor of 2 sizes and 1 strides");
  CHECK(refused(0, std::vector<std::int64_t>(17, 1), std::vector<std::int64_t>(17, 1)) ==
        "is damaged: byte 459 of its pickle: a tensor of 17 dimensions");
  CHECK(refused(1 << 30, {0, 3}, {3, 1}) == "accepted");
}

TEST_CASE("pickle: storages beyond the file are refused") {
  CHECK(refusal_of_tensor(tensor(storage("FloatStorage", 17), 0, {17}, {1})) ==
        "is damaged: tensor 'a' has a storage of 17 elements, of which 16 are in the file");
  CHECK(refusal_of_tensor(tensor(storage("FloatStorage", std::int64_t{1} << 62), 0, {1}, {1})) ==
        "is damaged: tensor 'a' has a storage of 4611686018427387904 elements, of which 16 are in the file");
  CHECK(refusal_of_tensor(tensor(storage("FloatStorage", -1), 0, {1}, {1})) ==
        "is damaged: byte 101 of its pickle: a storage of -1 elements");
  CHECK(refusal_of_tensor(tensor(storage("FloatStorage", 16, "7"), 0, {1}, {1})) ==
        "is damaged: zip entry 'archive/data/7' is missing");
  CHECK(refusal_of_tensor(tensor(storage("FloatStorage", 16, "../data.pkl"), 0, {1}, {1})) ==
        "is damaged: zip entry 'archive/data/../data.pkl' is missing");
  CHECK(refusal_of_tensor(tensor(storage("ComplexFloatStorage", 8), 0, {1}, {1})) ==
        "holds other things than tensors: 'a' is a 'torch._utils._rebuild_tensor_v2' object (byte 146 of the pickle)");
}

TEST_CASE("pickle: malformed steps are refused with their place") {
  auto step = [](const std::string& pickle) { return refusal_of(proto() + pickle); };
  CHECK(step("0") == "is damaged: byte 2 of its pickle: takes a value where there is none");
  CHECK(step("(N(0000.") == "is damaged: byte 8 of its pickle: takes a value where there is none");
  CHECK(step("Nt.") == "is damaged: byte 3 of its pickle: goes back to a mark where there is none");
  CHECK(step("h\x05.") == "is damaged: byte 2 of its pickle: memo 5 is not set");
  CHECK(step("NN.") == "is damaged: byte 4 of its pickle: 1 values left over");
  CHECK(step("N(.") == "is damaged: byte 4 of its pickle: takes a value where there is none");
  CHECK(step("NNa.") == "is damaged: byte 4 of its pickle: expected a list, found None");
  CHECK(step("}(Nu.") == "is damaged: byte 5 of its pickle: a key without a value");
  CHECK(step("N)R.") == "is damaged: byte 4 of its pickle: expected a function or class, found None");
  CHECK(step("]Nb.") == "is damaged: byte 4 of its pickle: sets a state on a list");
  CHECK(step("NQ.") == "is damaged: byte 3 of its pickle: expected a storage's tuple, found None");
  CHECK(step(")Q.") == "is damaged: byte 3 of its pickle: a persistent id that is not a storage");
  CHECK(step("\xff") == "is damaged: byte 2 of its pickle: opcode 0xff, which no state dict uses");
  CHECK(step("\x82\x01.") == "is damaged: byte 2 of its pickle: opcode 0x82, which no state dict uses");
  CHECK(step("\x95\xff\xff\xff\xff\xff\xff\xff\x7f.") == "is damaged: byte 2 of its pickle: a frame beyond the end");
  CHECK(step("X\xff\xff\xff\xff.") == "is damaged: byte 2 of its pickle: cut short");
  CHECK(step("\x8e\xff\xff\xff\xff\xff\xff\xff\xff.") == "is damaged: byte 2 of its pickle: cut short");
  CHECK(step("cno newline") == "is damaged: byte 2 of its pickle: cut short");
  CHECK(step("") == "is damaged: byte 2 of its pickle: cut short");
  CHECK(refusal_of(proto(6) + "N.") == "is damaged: byte 0 of its pickle: protocol 6, expected 2 to 5");
  CHECK(refusal_of("(dp0\n.") == "is damaged: byte 0 of its pickle: expected a pickle of protocol 2 to 5");
  CHECK(refusal_of("") == "is damaged: byte 0 of its pickle: expected a pickle of protocol 2 to 5");
}

TEST_CASE("pickle: bombs are refused in bounded time and memory") {
  auto start = std::chrono::steady_clock::now();
  // Lists of lists of lists, each ten times the one before: 10^1000 in all, and never unfolded.
  std::string laughs = proto() + "]q";
  laughs += '\0';
  for (int i = 0; i < 1000; ++i) laughs += "](h"s + '\0' + "h\0h\0h\0h\0h\0h\0h\0h\0h\0eq"s + '\0';
  CHECK(refusal_of(laughs + ".") == "is damaged: byte 25005 of its pickle: 1000 values left over");
  // Nested most of a million deep.
  CHECK(refusal_of(proto() + std::string(900'000, ']') + std::string(899'999, 'a') + ".") ==
        "holds a list, not a state dict");
  CHECK(refusal_of(proto() + "N" + std::string(1'000'000, '\x85') + ".") == "holds a tuple, not a state dict");
  // More steps than any state dict takes.
  CHECK(refusal_of(proto() + std::string(3'000'000, 'N') + ".") ==
        "is damaged: byte 2000001 of its pickle: more than 2000000 steps, which no state dict takes");
  // One long list of pairs, copied again and again.
  std::string pairs = "](";
  for (int i = 0; i < 100'000; ++i) pairs += "NN\x86";
  std::string copies;
  for (int i = 0; i < 1000; ++i) copies += global("collections", "OrderedDict") + "(h\1t" + kReduce + "0";
  CHECK(refusal_of(proto() + pairs + "eq\1" + copies + "N.") ==
        "is damaged: byte 300532 of its pickle: more than 2000000 steps, which no state dict takes");
  CHECK(refusal_of(proto() + "j\xff\xff\xff\xff"s + ".") ==
        "is damaged: byte 2 of its pickle: memo 4294967295 is not set");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("pickle: a list that holds itself is no trouble") {
  CHECK(refusal_of(proto() + "]q\1h\1a.") == "holds a list, not a state dict");
  CHECK(refusal_of(proto() + "}q\1" + text("a") + "h\1s.") == "holds other things than tensors: 'a' is a dict");
}

TEST_CASE("legacy file: damage is refused with its place") {
  std::ifstream stream(kData / "kinds_legacy.pt", std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  REQUIRE(refusal(whole) == "accepted");
  CHECK(refusal(whole.substr(0, whole.size() - 1)).starts_with("is damaged: storage '"));
  for (std::size_t size = 1; size < whole.size(); size += 7) {
    CAPTURE(size);
    CHECK(refusal(whole.substr(0, size)) != "accepted");
  }
}

TEST_CASE("zip file: every cut is refused") {
  std::ifstream stream(kData / "kinds_protocol2.pt", std::ios::binary);
  std::string whole((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  for (std::size_t size = 1; size < whole.size(); size += 7) {
    CAPTURE(size);
    CHECK(refusal(whole.substr(0, size)) != "accepted");
  }
}
