// pipit index remove, pipit index compact

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/counted.h"
#include "cli/index/editor.h"
#include "cli/index/index.h"
#include "index/index.h"
#include "index/search/row_fields.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;
using Fields = std::vector<std::pair<std::string, std::string>>;

/// Rows that are not removed yet, of one of the items, or with all of the fields.
std::vector<std::int64_t> rows_of(const Index& index, const std::set<std::int64_t>& items, const Fields& where) {
  std::vector<std::int64_t> rows;
  for (std::int64_t row = 0; row < index.rows(); ++row) {
    const Index::Place at = index.place(row);
    if (index.segments()[at.segment].is_removed(at.row)) continue;
    const RowFields fields(index.line(row));
    const bool has_all =
        std::ranges::all_of(where, [&](const auto& field) { return fields.text(field.first) == field.second; });
    if (items.contains(fields.item()) || (!where.empty() && has_all)) rows.push_back(row);
  }
  return rows;
}

}  // namespace

int index_remove(const Arguments& arguments) {
  po::options_description options("options");
  add_index_option(options);
  options.add_options()("item", po::value<std::vector<std::int64_t>>()->composing()->value_name("N"),
                        "the rows of this item; may be repeated");
  options.add_options()("where", po::value<std::vector<std::string>>()->composing()->value_name("FIELD=VALUE"),
                        "the rows that have this; may be repeated, all must hold");
  options.add_options()("dry-run", po::bool_switch(), "only say how many rows would go");
  const Parsed parsed =
      parse_index(arguments, "index remove DIR.index (--item N… | --where FIELD=VALUE…) [--dry-run]", options);
  if (parsed.done) return kAllGood;
  const std::string path = parsed.values["index"].as<std::string>();
  std::set<std::int64_t> items;
  if (parsed.values.contains("item")) {
    for (const std::int64_t item : parsed.values["item"].as<std::vector<std::int64_t>>()) items.insert(item);
  }
  const Fields where = assignments(parsed.values, "where");
  if (items.empty() == where.empty()) {
    throw UsageError(items.empty() ? "nothing to remove: give --item N or --where FIELD=VALUE"
                                   : "--item and --where exclude each other");
  }
  const bool dry = parsed.values["dry-run"].as<bool>();
  std::int64_t removed = 0;
  if (dry) {
    removed = std::ssize(rows_of(Index::open(path), items, where));
  } else {
    Editor editor(path);
    // Rows may have come since the index was looked at; now nobody else writes.
    removed = editor.writer().remove(rows_of(Index::open(path), items, where));
  }
  fmt::print("{}: {} {}removed\n", path, counted(removed, "row"), dry ? "would be " : "");
  return kAllGood;
}

int index_compact(const Arguments& arguments) {
  po::options_description options("options");
  add_index_option(options);
  const Parsed parsed = parse_index(arguments, "index compact DIR.index", options);
  if (parsed.done) return kAllGood;
  const std::string path = parsed.values["index"].as<std::string>();
  const auto bytes = [&] {
    std::int64_t sum = 0;
    const Index index = Index::open(path);
    for (const auto& segment : index.manifest().segments) sum += segment.bytes();
    return sum;
  };
  const std::int64_t before = bytes();
  Editor(path).writer().compact();
  fmt::print("{}: {} bytes, {} before\n", path, bytes(), before);
  return kAllGood;
}

}  // namespace pipit::cli
