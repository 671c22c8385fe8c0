// Python's pickles, read without Python: the values that a state dict is made of are built, everything else is
// remembered by name and place and never executed.
//
// A pickle is a program for a machine with a stack and a memo. Each instruction is a byte, then its operand:
//
//   80 n                         protocol n, the first instruction
//   '(' mark   '.' stop          the value on top of the stack is the result
//   'K' u8, 'M' u16, 'J' i32     a number; 'G' a double, big-endian; 8a u8 or 8b i32: bytes of a long, little-endian
//   'X' u32, 8c u8, 8d u64       length and UTF-8 of a text; likewise 'B', 'C', 8e for bytes
//   ')' 't' 85 86 87             tuples   ']' 'a' 'e' lists   '}' 's' 'u' dicts
//   'q' u8, 'r' u32, 94          keep the top in the memo; 'h' u8, 'j' u32: fetch from it
//   'c' two lines, 93            a class or function by module and name
//   'R' 81                       call it; 'b': set its state. Nothing is called here.
//   'Q'                          what the container knows by a key: a storage, as ('storage', type, key, device, size)
//
// Operands are little-endian but for the double.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "pipit/weights/checkpoint.h"
#include "weights/files/bytes.h"

namespace pipit::weights::pickle {

struct Value;

struct None {};
struct Text {
  std::string_view utf8;
};
/// Bytes objects, and integers of more than 64 bits.
struct Raw {
  std::string_view bytes;
};
struct Tuple {
  std::vector<const Value*> items;
};
struct List {
  std::vector<const Value*> items;
};
struct Dict {
  std::vector<std::pair<const Value*, const Value*>> entries;
};
/// A function or class by name, such as torch.FloatStorage.
struct Global {
  std::string_view module;
  std::string_view name;
};
/// Where the elements of tensors lie; the container knows the bytes behind the key.
struct Storage {
  std::string_view key;
  DType dtype = DType::kFloat32;
  std::int64_t first = 0;  // of the key's elements, where a legacy file views a part of them
  std::int64_t elements = 0;
};
struct Tensor {
  Storage storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
};
/// What Python would have got by calling `maker`; nothing was called.
struct Foreign {
  Global maker;
  std::uint64_t place = 0;
  const Value* state = nullptr;  // what would have been set on the object
};

struct Value
    : std::variant<None, bool, std::int64_t, double, Text, Raw, Tuple, List, Dict, Global, Storage, Tensor, Foreign> {
  using variant::variant;
};

/// "a list", "a 'argparse.Namespace' object (byte 123 of the pickle)".
std::string describe(const Value& value);
/// The value under a text; null where there is none.
const Value* find(const Dict& dict, std::string_view key);
/// "module.name"
std::string name_of(const Global& global);

struct Pickle {
  std::deque<Value> values;  // owns them all; they may refer to each other in circles
  const Value* root = nullptr;
  std::uint64_t size = 0;  // bytes that it took
};

/// Reads one pickle of protocol 2 to 5 that starts at the first byte. The values' texts and keys lie in `bytes`. Time
/// and memory are bounded by the pickle's size and by 2 million steps. `place` is added to the places in messages.
/// Throws Fault for anything malformed, and for a name that only an attack would call.
Pickle read(Bytes bytes, std::uint64_t place = 0);

}  // namespace pipit::weights::pickle
