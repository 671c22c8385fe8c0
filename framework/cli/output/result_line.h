// One item's result as a line of JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/pipeline.h"

namespace pipit::cli {

/// What an item's line says besides its results: JSON text of fields, each with a comma in front.
struct ItemFields {
  std::int64_t item = 0;
  std::string carried;       // fields of the input line that are not inputs
  std::string inputs;        // the item's inputs, for an error line
  std::uint64_t digest = 0;  // of the item as it stands in its list
};

/// `{"item":3,"id":7,"vec":[…]}` and a newline, without the output `skip`; or, of a failed item,
/// `{"item":3,"id":7,"path":"x.mp4","error":{"node":…,"code":…,"message":…}}`. A value without a JSON form, which a
/// column of type any may hold, fails the item.
std::string line_of(Result& result, const ItemFields& fields, std::string_view skip = "");

/// `{"node":"decode","code":"not_found","message":"…"}`.
std::string error_text(const ItemError& error);
/// `{"id":7,"path":"x.mp4"}` of fields that each have a comma in front.
std::string object_of(std::string_view fields);

/// The rows of an array that belong to an item.
struct ArrayRows {
  std::int64_t first = 0;
  std::int64_t count = 1;
  bool many = false;  // an item has any number of them: `"row":7,"rows":3`; else one, `"row":7`
};
/// Puts rows behind a line's item, or others in the place of what is there.
void set_rows(std::string& line, const ArrayRows& rows);
/// What set_rows put there; nothing when there is nothing.
std::optional<ArrayRows> rows_of(std::string_view line);

/// Throws pipit::Error (`invalid_pipeline`) when an output has no JSON form.
void check_json_forms(const std::vector<ColumnInfo>& outputs);

}  // namespace pipit::cli
