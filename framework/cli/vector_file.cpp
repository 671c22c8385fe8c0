#include "vector_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "line_reader.h"
#include "near.h"
#include "pipit/error.h"

namespace pipit::cli {
namespace {

using Json = nlohmann::ordered_json;

bool is_vector(const Json& field) {
  return field.is_array() && !field.empty() && std::ranges::all_of(field, [](const Json& x) { return x.is_number(); });
}

std::string label_of(const Json& line, const std::vector<std::string>& labels) {
  for (const std::string& name : labels) {
    if (!line.contains(name)) continue;
    if (line[name].is_string()) return line[name].get<std::string>();
    if (line[name].is_number()) return line[name].dump();
  }
  return line.contains("item") ? fmt::format("item {}", line["item"].dump()) : "";
}

std::vector<Json> read_lines(const std::string& file) {
  std::vector<Json> lines;
  LineReader reader(file);
  while (const auto line = reader.next()) {
    Json json = Json::parse(line->text, nullptr, false);
    if (!json.is_object()) {
      throw Error("invalid_input",
                  fmt::format("{}:{}: expected a JSON object, as pipit run writes them", file, line->number));
    }
    lines.push_back(std::move(json));
  }
  return lines;
}

std::string find_column(const std::string& file, const Json& line) {
  std::vector<std::string> found;
  for (const auto& [name, field] : line.items()) {
    if (is_vector(field)) found.push_back(name);
  }
  if (found.size() == 1) return found.front();
  throw Error("invalid_input",
              fmt::format("{}: expected one field that is a list of numbers, found {}; name it with --column", file,
                          found.empty() ? "none" : quoted_list(found)));
}

/// A float32 matrix in NumPy's format, version 1 or 2.
std::vector<std::vector<float>> read_npy(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error("not_found", fmt::format("cannot open '{}': {}", file, std::strerror(errno)));
  std::ostringstream content;
  content << stream.rdbuf();
  const std::string bytes = content.str();
  const auto fail = [&](const std::string& what) { throw Error("invalid_input", fmt::format("{}: {}", file, what)); };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0) fail("is no NumPy array");
  const std::size_t width = bytes[6] == 1 ? 2 : 4;
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, width);
  const std::size_t start = 8 + width + length;
  if (start > bytes.size()) fail("its header reaches beyond the file");
  const std::string header = bytes.substr(8 + width, length);
  long rows = 0;
  long columns = 0;
  const std::size_t shape = header.find("'shape': (");
  if (header.find("'<f4'") == std::string::npos || header.find("'fortran_order': False") == std::string::npos ||
      shape == std::string::npos || std::sscanf(header.c_str() + shape, "'shape': (%ld, %ld", &rows, &columns) != 2 ||
      rows < 0 || columns <= 0) {
    fail("expected a float32 matrix, one vector a row");
  }
  const auto size = static_cast<std::size_t>(columns);
  if (bytes.size() - start < static_cast<std::size_t>(rows) * size * sizeof(float))
    fail("is shorter than its header says");
  std::vector<std::vector<float>> matrix(static_cast<std::size_t>(rows), std::vector<float>(size));
  for (std::size_t r = 0; r < matrix.size(); ++r)
    std::memcpy(matrix[r].data(), bytes.data() + start + r * size * sizeof(float), size * sizeof(float));
  return matrix;
}

}  // namespace

Vectors Vectors::read(const std::string& file, const std::string& column, const std::vector<std::string>& labels) {
  Vectors vectors;
  const bool array = file.ends_with(".npy");
  std::vector<std::vector<float>> matrix;
  if (array) matrix = read_npy(file);
  std::string name = column;
  for (const Json& line : read_lines(array ? file + ".jsonl" : file)) {
    if (line.contains("error")) {
      ++vectors.failed;
      continue;
    }
    Row row{label_of(line, labels), {}};
    if (array) {
      const auto at = line.value("row", std::size_t{matrix.size()});
      if (at >= matrix.size())
        throw Error("invalid_input", fmt::format("{}.jsonl: a line names a row that the array lacks", file));
      row.values = matrix[at];
    } else {
      if (name.empty()) name = find_column(file, line);
      if (!line.contains(name) || !is_vector(line[name])) {
        throw Error("invalid_input", fmt::format("{}: '{}' is no list of numbers for '{}'", file, name, row.label));
      }
      row.values = line[name].get<std::vector<float>>();
    }
    if (!vectors.rows.empty() && row.values.size() != vectors.rows.front().values.size()) {
      throw Error("invalid_input", fmt::format("{}: a vector of {} numbers after ones of {}", file, row.values.size(),
                                               vectors.rows.front().values.size()));
    }
    vectors.rows.push_back(std::move(row));
  }
  if (vectors.rows.empty()) throw Error("invalid_input", fmt::format("{}: holds no vectors", file));
  return vectors;
}

double norm(const std::vector<float>& a) {
  return std::sqrt(
      std::transform_reduce(a.begin(), a.end(), 0.0, std::plus<>(), [](float x) { return double{x} * x; }));
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  const double lengths = norm(a) * norm(b);
  const double dot = std::transform_reduce(a.begin(), a.end(), b.begin(), 0.0, std::plus<>(),
                                           [](float x, float y) { return double{x} * y; });
  return lengths > 0 ? dot / lengths : 0;
}

}  // namespace pipit::cli
