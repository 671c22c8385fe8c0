#include "cli/eval/vector_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <sstream>

#include "base/near.h"
#include "cli/command.h"
#include "cli/input/line_reader.h"
#include "cli/run/record_file.h"
#include "pipit/error.h"
#include "value/json_line.h"
#include "value/npy_header.h"

namespace pipit::cli {
namespace {

using Rows = std::vector<std::vector<float>>;

bool is_vector(const nlohmann::json& json) {
  return json.is_array() && !json.empty() &&
         std::ranges::all_of(json, [](const nlohmann::json& x) { return x.is_number(); });
}

/// The vectors of a field: one, or one a row of a list. Nothing when it is neither.
std::optional<Rows> vectors_of(std::string_view field) {
  if (!field.starts_with('[')) return std::nullopt;
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(field);
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  if (is_vector(json)) return Rows{json.get<std::vector<float>>()};
  if (!std::ranges::all_of(json, is_vector)) return std::nullopt;
  return json.get<Rows>();
}

std::string label_of(const JsonLine& line, const std::vector<std::string>& labels) {
  for (const std::string& name : labels) {
    const JsonLine::Member* member = line.find(name);
    if (member == nullptr) continue;
    if (member->value.starts_with('"')) return text_of_json(member->value);
    if (member->value.find_first_not_of("-+.eE0123456789") == std::string_view::npos) return std::string(member->value);
  }
  const JsonLine::Member* item = line.find("item");
  return item != nullptr ? fmt::format("item {}", item->value) : "";
}

JsonLine read_line(const std::string& file, const LineReader::Line& line) {
  const auto fail = [&](const std::string& why) {
    throw Error("invalid_input",
                fmt::format("{}:{}: expected a JSON object, as pipit run writes them{}", file, line.number, why));
  };
  JsonLine json;
  try {
    json = JsonLine::read(line.text);
  } catch (const Error& e) {
    fail(fmt::format("; the line {}", e.what()));
  }
  if (json.kind != "object") fail(fmt::format(", found {} {}", json.kind == "array" ? "an" : "a", json.kind));
  return json;
}

std::string find_column(const std::string& file, const JsonLine& line) {
  std::vector<std::string> found;
  for (const JsonLine::Member& member : line.members) {
    const auto rows = vectors_of(member.value);
    if (rows && !rows->empty()) found.push_back(member.name);
  }
  if (found.size() == 1) return found.front();
  throw Error("invalid_input",
              fmt::format("{}: expected one field that is a list of numbers, found {}; name it with --column", file,
                          found.empty() ? "none" : quoted_list(found)));
}

/// A float32 matrix in an NPY file.
std::vector<std::vector<float>> read_npy(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw Error("not_found", fmt::format("cannot open '{}': {}", file, std::strerror(errno)));
  std::ostringstream content;
  content << stream.rdbuf();
  const std::string bytes = content.str();
  const auto fail = [&](const std::string& what) { throw Error("invalid_input", fmt::format("{}: {}", file, what)); };
  const auto header = NpyHeader::parse(bytes);
  if (!header) fail("is not a NumPy array whose elements and order pipit reads");
  if (header->dtype != DType::kFloat32 || header->shape.size() != 1 || header->shape[0] == 0) {
    std::string shape = std::to_string(header->rows);
    for (const std::int64_t size : header->shape) shape += fmt::format(",{}", size);
    fail(
        fmt::format("expected float32 [rows,size], one vector a row, found {} [{}]", dtype_name(header->dtype), shape));
  }
  const std::size_t row_bytes = header->row_bytes();
  if ((bytes.size() - header->data_offset) / row_bytes < static_cast<std::size_t>(header->rows))
    fail("is shorter than its header says");
  std::vector<std::vector<float>> matrix(static_cast<std::size_t>(header->rows),
                                         std::vector<float>(static_cast<std::size_t>(header->shape[0])));
  const char* row = bytes.data() + header->data_offset;
  for (auto& vector : matrix) {
    std::memcpy(vector.data(), row, row_bytes);
    row += row_bytes;
  }
  return matrix;
}

}  // namespace

namespace {

/// Takes the lines of a run's results in.
class Reader {
 public:
  Reader(const std::string& file, const std::string& column, const std::vector<std::string>& labels)
      : file_(file), column_(column), labels_(labels) {
    if (!file.ends_with(".npy")) return;
    if (!column.empty()) {
      throw UsageError(fmt::format("--column chooses a field of JSON lines; '{}' is an array and has none", file));
    }
    array_ = true;
    matrix_ = read_npy(file);
  }

  Vectors read() {
    const std::string lines = array_ ? file_ + ".jsonl" : file_;
    std::error_code error;
    if (array_ && !std::filesystem::exists(lines, error)) {
      for (std::size_t i = 0; i < matrix_.size(); ++i) add(fmt::format("row {}", i), std::move(matrix_[i]));
    } else {
      LineReader reader(lines);
      while (const auto line = reader.next()) take(read_line(lines, *line));
      if (array_ && vectors_.rows.size() != matrix_.size()) {
        throw Error("invalid_input", fmt::format("{}: has {} rows, and '{}' names {} of them; they are not of one run",
                                                 file_, matrix_.size(), lines, vectors_.rows.size()));
      }
    }
    if (vectors_.rows.empty()) throw Error("invalid_input", fmt::format("{}: holds no vectors", file_));
    vectors_.file = file_;
    vectors_.space = space();
    return std::move(vectors_);
  }

 private:
  void take(const JsonLine& line) {
    if (line.find("error") != nullptr) {
      ++vectors_.failed;
      return;
    }
    const std::string label = label_of(line, labels_);
    Rows rows = array_ ? rows_of_array(line) : rows_of_line(line, label);
    const bool alone = rows.size() == 1;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      add(alone ? label : fmt::format("{} [{}]", label, i), std::move(rows[i]));
    }
  }

  /// An array is of the column that was chosen for it, or of the only tensor.
  std::string space() const {
    const RecordFile::Spaces spaces = RecordFile::spaces_of(file_);
    const std::string& column = array_ ? spaces.array : column_;
    const auto found = spaces.by_column.find(column);
    if (found != spaces.by_column.end()) return found->second;
    return array_ && column.empty() && spaces.by_column.size() == 1 ? spaces.by_column.begin()->second : "";
  }

  Rows rows_of_array(const JsonLine& line) {
    const auto number = [&](const char* name, std::size_t otherwise) {
      const JsonLine::Member* member = line.find(name);
      std::size_t n = otherwise;
      if (member != nullptr) std::from_chars(member->value.data(), member->value.data() + member->value.size(), n);
      return n;
    };
    const std::size_t first = number("row", matrix_.size());
    const std::size_t count = number("rows", 1);
    if (first > matrix_.size() || count > matrix_.size() - first) {
      throw Error("invalid_input", fmt::format("{}.jsonl: a line names a row that the array does not have", file_));
    }
    const auto begin = matrix_.begin() + static_cast<std::ptrdiff_t>(first);
    return {begin, begin + static_cast<std::ptrdiff_t>(count)};
  }

  Rows rows_of_line(const JsonLine& line, const std::string& label) {
    if (column_.empty()) column_ = find_column(file_, line);
    const JsonLine::Member* member = line.find(column_);
    auto rows = member != nullptr ? vectors_of(member->value) : std::nullopt;
    if (!rows) {
      throw Error("invalid_input", fmt::format("{}: '{}' is not a list of numbers for '{}'", file_, column_, label));
    }
    return std::move(*rows);
  }

  void add(std::string label, std::vector<float> values) {
    if (!vectors_.rows.empty() && values.size() != vectors_.rows.front().values.size()) {
      throw Error("invalid_input", fmt::format("{}: a vector of {} numbers after ones of {}", file_, values.size(),
                                               vectors_.rows.front().values.size()));
    }
    if (!std::ranges::all_of(values, [](float x) { return std::isfinite(x); })) {
      throw Error("invalid_input", fmt::format("{}: the vector of '{}' has a number that is not finite", file_, label));
    }
    vectors_.rows.push_back({std::move(label), std::move(values)});
  }

  const std::string file_;
  std::string column_;
  const std::vector<std::string> labels_;
  bool array_ = false;
  Rows matrix_;  // of an array
  Vectors vectors_;
};

}  // namespace

Vectors Vectors::read(const std::string& file, const std::string& column, const std::vector<std::string>& labels) {
  return Reader(file, column, labels).read();
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
