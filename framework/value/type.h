// The types of ports and columns: a small closed grammar.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/value.h"

namespace pipit {

/// A parsed port type. `any` is a null `kind`.
///   any null bool int float string bytes frame map list<T> tensor tensor<f32> tensor<f32>[512] tensor<u8>[?,?,3]
///   tensor<f32>[...]
struct Type {
  static constexpr std::int64_t kUnknown = -1;

  std::optional<Kind> kind;                        // empty: any
  std::optional<DType> element;                    // of a tensor; empty: any
  std::optional<std::vector<std::int64_t>> shape;  // of a tensor; kUnknown for '?'; empty: any number of dimensions
  std::shared_ptr<const Type> item;                // of a list; null: any

  /// Throws pipit::Error (`invalid_argument`) that quotes the text and says what was expected.
  static Type parse(std::string_view text);
  static Type list_of(Type item);

  std::string text() const;

  /// Whether a value of type `from` may be given where this is wanted. What is unknown on either side is let through:
  /// it is checked again when the value comes.
  bool accepts(const Type& from) const;
  /// Whether a value is of this type; looks at a list's elements, and whether a frame's pixels are a picture.
  bool holds(const Value& value) const;
};

/// Whether a column of this type may hold vectors of float32, as far as is known before weights are read.
bool may_be_vector(const Type& type);

/// How many lists inside each other a type may be.
inline constexpr std::size_t kDeepestLists = 16;
/// How many times "list<" opens a type's text.
std::size_t list_depth(std::string_view text);
/// "a type of 20 lists inside each other; at most 16 are read".
std::string too_deep_text(std::string_view text);

/// The type of a value as found, for messages: "tensor<f32>[512]", "frame of tensor<u8>[0,0,3]".
std::string type_of(const Value& value);

}  // namespace pipit
