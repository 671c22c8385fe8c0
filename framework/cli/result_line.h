// One item's result as a line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/pipeline.h"

namespace pipit::cli {

/// What an item's line says besides its results: JSON text of fields, each with a comma in front.
struct ItemFields {
  std::int64_t item = 0;
  std::string carried;  // fields of the input line that are no inputs
  std::string inputs;   // the item's inputs, for an error line
};

/// `{"item":3,"id":7,"vec":[…]}` and a newline, without the output `skip`; or, of a failed item,
/// `{"item":3,"id":7,"path":"x.mp4","error":{"node":…,"code":…,"message":…}}`. A value without a JSON form, which a
/// column of type any may hold, fails the item.
std::string line_of(Result& result, const ItemFields& fields, std::string_view skip = "");

/// Puts the row of an array behind a line's item, or another one in the place of what is there.
void set_row(std::string& line, std::int64_t row);

/// Throws pipit::Error (`invalid_pipeline`) when an output has no JSON form.
void check_json_forms(const std::vector<ColumnInfo>& outputs);

}  // namespace pipit::cli
