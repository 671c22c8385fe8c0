// Which values of its type an argument takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipit/value.h"

namespace pipit {

/// Written in a signature (`pipit_argument::values` in operator_c.h): a range, some choices, a format, or what a path
/// must lead to. By default every value of the type.
class ArgumentValues {
 public:
  /// For an argument of type `type` ("int", "list<string>", …). Throws pipit::Error (`invalid_module`) that says what
  /// is wrong with the text.
  static ArgumentValues parse(std::string_view text, std::string_view type);

  bool all() const { return form_ == Form::kAll; }
  /// The argument names a device: "cpu", "cuda" or "cuda:N".
  bool are_devices() const { return form_ == Form::kDevice; }
  /// As the signature says it; empty: all.
  const std::string& text() const { return text_; }
  const std::vector<std::string>& choices() const { return choices_; }

  /// Whether it takes a value of the argument's type; of a list, one of its items. For a path it says nothing.
  bool takes(const Value& value) const;
  /// The first spelling of a choice.
  Value canonical(const Value& value) const;
  /// What is wrong with a path that was taken: "does not exist", "is a folder, not a file", …; empty: nothing.
  std::string path_fault(const std::string& path) const;

  /// After the noun of its type, "an int", "a text": " of at least 1", " from 0 to 2". Empty when the whole expectation
  /// is a sentence of its own.
  std::string range_text() const;
  /// For a message or a page: "one of 'a' and 'b'", "'cpu', 'cuda' or 'cuda:N'", "a file", …; empty for a range or all.
  std::string noun() const;
  /// For people who read a signature: "at least 1", "from 0 to 2", and the nouns above with their spellings.
  std::string describe() const;

  /// To try a signature with: the ends of a range or all choices, and values just outside.
  std::vector<Value> ends() const;
  std::vector<Value> outside() const;

 private:
  enum class Form { kAll, kRange, kChoices, kDevice, kSha256, kPath };

  void parse_range(std::string_view text);
  void parse_choices(std::string_view text);
  void add_choice(std::string_view text);

  Form form_ = Form::kAll;
  std::string text_;
  bool ints_ = false;           // of int or of lists of ints
  std::optional<Value> least_;  // of a range; ints of an int
  std::optional<Value> most_;
  std::vector<std::string> choices_;
  std::vector<std::pair<std::string, std::string>> spellings_;  // another spelling, the choice
  bool file_ = false;                                           // what a path may lead to
  bool folder_ = false;
};

}  // namespace pipit
