// pipit index export

#include <fmt/format.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/half.h"
#include "cli/index/index.h"
#include "cli/output/output_file.h"
#include "cli/output/output_guard.h"
#include "index/index.h"
#include "value/json_text.h"
#include "value/npy_header.h"

namespace pipit::cli {
namespace {

namespace po = boost::program_options;

bool is_removed(const Index& index, std::int64_t row) {
  const Index::Place at = index.place(row);
  return index.segments()[at.segment].is_removed(at.row);
}

/// `{"row":3,…}` of a row's `{…}`.
std::string line_of_row(std::string_view line, std::int64_t row) {
  return fmt::format("{{\"row\":{},{}\n", row, line.substr(1));
}

/// The bytes as they are, with the lines that say what they are of.
void export_array(const Index& index, const std::string& out, std::int64_t rows) {
  NpyHeader header;
  header.dtype = index.settings().dtype;
  header.rows = rows;
  header.shape = {index.settings().dimension};
  OutputFile vectors(out);
  OutputFile lines(out + ".jsonl");
  vectors.begin();
  lines.begin();
  vectors.append(header.text());
  std::int64_t number = 0;
  for (std::int64_t row = 0; row < index.rows(); ++row) {
    if (is_removed(index, row)) continue;
    const auto bytes = index.vector(row);
    vectors.append({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    lines.append(line_of_row(index.line(row), number++));
  }
  vectors.finish();
  lines.finish();
}

void export_lines(const Index& index, const std::string& out) {
  OutputFile lines(out);
  lines.begin();
  const bool half = index.settings().dtype == DType::kFloat16;
  const auto dimension = static_cast<std::size_t>(index.settings().dimension);
  std::vector<float> numbers(dimension);
  for (std::int64_t row = 0; row < index.rows(); ++row) {
    if (is_removed(index, row)) continue;
    const auto bytes = index.vector(row);
    if (half) {
      const auto* halves = reinterpret_cast<const std::uint16_t*>(bytes.data());
      for (std::size_t i = 0; i < dimension; ++i) numbers[i] = float16_to_float(halves[i]);
    } else {
      std::memcpy(numbers.data(), bytes.data(), bytes.size());
    }
    std::string line(index.line(row));
    line.pop_back();
    line += ',';
    append_json_text(line, index.settings().vector);
    lines.append(fmt::format("{}:[{}]}}\n", line, fmt::join(numbers, ",")));
  }
  lines.finish();
}

}  // namespace

int index_export(const Arguments& arguments) {
  po::options_description options("options");
  add_index_option(options);
  options.add_options()("out", po::value<std::string>()->required()->value_name("OUT"),
                        "OUT.npy, with a line for each row in OUT.npy.jsonl; or OUT.jsonl");
  options.add_options()("overwrite", po::bool_switch(), "replace files that are there");
  const Parsed parsed = parse_index(arguments, "index export DIR.index OUT.npy|OUT.jsonl [--overwrite]", options);
  if (parsed.done) return kAllGood;
  const std::string path = parsed.values["index"].as<std::string>();
  const std::string out = parsed.values["out"].as<std::string>();
  const bool array = out.ends_with(".npy");
  if (!array && !out.ends_with(".jsonl"))
    throw UsageError(fmt::format("OUT ends with '.npy' or '.jsonl', found '{}'", out));
  const Index index = Index::open(path);
  OutputGuard files;
  files.reads_all(path, fmt::format("the index '{}'", path));
  const bool overwrite = parsed.values["overwrite"].as<bool>();
  files.writes_new("OUT", out, overwrite);
  if (array) files.writes_new("OUT", out + ".jsonl", overwrite);
  const std::int64_t rows = index.manifest().rows();
  if (array) {
    export_array(index, out, rows);
  } else {
    export_lines(index, out);
  }
  fmt::print("{}: {}\n", out, counted(rows, "row"));
  return kAllGood;
}

}  // namespace pipit::cli
