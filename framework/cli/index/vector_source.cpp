#include "cli/index/vector_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/half.h"
#include "base/near.h"
#include "cli/input/line_reader.h"
#include "cli/run/record_file.h"
#include "index/index_folder.h"
#include "pipit/error.h"
#include "value/json_line.h"
#include "value/npy_header.h"

namespace pipit::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Members of a line that are not said of its rows again.
constexpr const char* kOfTheLine[] = {"item", "row", "rows"};

/// A matrix of float32 or float16, mapped.
class Matrix {
 public:
  explicit Matrix(const std::string& file) : file_(file) {
    const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (opened.number() < 0 || ::fstat(opened.number(), &status) != 0) {
      throw Error("not_found", fmt::format("cannot open '{}': {}", file, std::strerror(errno)));
    }
    if (!S_ISREG(status.st_mode)) fail("is not a regular file");
    try {
      mapped_ = MappedFile(opened, static_cast<std::size_t>(status.st_size));
    } catch (const std::system_error& e) {
      fail(fmt::format("cannot be mapped: {}", e.code().message()));
    }
    const auto header = NpyHeader::parse(mapped_.text());
    if (!header) fail("is not a NumPy array whose elements and order pipit reads");
    header_ = *header;
    const bool floats = header_.dtype == DType::kFloat32 || header_.dtype == DType::kFloat16;
    if (!floats || header_.shape.size() != 1 || header_.shape[0] == 0) {
      fail(fmt::format("expected float32 or float16 [rows,size], one vector a row, found {} [{}{}{}]",
                       dtype_name(header_.dtype), header_.rows, header_.shape.empty() ? "" : ",",
                       fmt::join(header_.shape, ",")));
    }
    if ((mapped_.bytes().size() - header_.data_offset) / header_.row_bytes() < static_cast<std::size_t>(header_.rows)) {
      fail("is shorter than its header says");
    }
  }

  std::int64_t rows() const { return header_.rows; }
  DType dtype() const { return header_.dtype; }
  std::vector<float> row(std::int64_t row) const {
    std::vector<float> numbers(static_cast<std::size_t>(header_.shape[0]));
    const std::byte* from =
        mapped_.bytes().data() + header_.data_offset + static_cast<std::size_t>(row) * header_.row_bytes();
    if (header_.dtype == DType::kFloat32) {
      std::memcpy(numbers.data(), from, header_.row_bytes());
    } else {
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        std::uint16_t half = 0;
        std::memcpy(&half, from + i * sizeof half, sizeof half);
        numbers[i] = float16_to_float(half);
      }
    }
    return numbers;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("invalid_input", fmt::format("{}: {}", file_, what));
  }

  std::string file_;
  MappedFile mapped_;
  NpyHeader header_;
};

/// A file of JSON objects, one a line.
class Lines {
 public:
  explicit Lines(std::string file) : file_(std::move(file)), reader_(file_) {}

  const std::string& file() const { return file_; }
  std::optional<Json> next() {
    const auto line = reader_.next();
    if (!line) return std::nullopt;
    number_ = line->number;
    Json json = Json::parse(line->text, nullptr, false);
    if (!json.is_object()) fail("is not a JSON object");
    return json;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("invalid_input", fmt::format("{}:{}: {}", file_, number_, what));
  }

 private:
  const std::string file_;
  LineReader reader_;
  std::size_t number_ = 0;
};

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::int64_t count_of(const Json& line, const char* name, std::int64_t otherwise) {
  const auto found = line.find(name);
  return found != line.end() && found->is_number_unsigned() ? found->get<std::int64_t>() : otherwise;
}

/// What a line says of one of its rows: of a list with an element for each row that element, all else as it is.
std::string fields_of(const Json& line, const std::string& column, std::size_t row, std::size_t rows) {
  Json fields = Json::object();
  for (const auto& [name, value] : line.items()) {
    const bool of_the_line = std::ranges::find(kOfTheLine, name) != std::end(kOfTheLine);
    if (of_the_line || name == column) continue;
    const bool by_row = value.is_array() && rows > 1 && value.size() == rows;
    fields[name] = by_row ? value[row] : value;
  }
  return text_of(fields);
}

/// One that failed, of a line with an error.
SourceItem failed_item(Json line) {
  SourceItem item;
  item.error = text_of(line["error"]);
  line.erase("error");
  for (const char* name : kOfTheLine) line.erase(name);
  item.inputs = text_of(line);
  return item;
}

std::string recorded_space(const std::string& file, const std::string& column) {
  const RecordFile::Spaces spaces = RecordFile::spaces_of(file);
  const auto found = spaces.by_column.find(column.empty() ? spaces.array : column);
  if (found != spaces.by_column.end()) return found->second;
  return column.empty() && spaces.by_column.size() == 1 ? spaces.by_column.begin()->second : "";
}

/// An array with lines beside it, or without.
class ArraySource final : public VectorSource {
 public:
  ArraySource(const std::string& file, const std::string& lines) : file_(file), matrix_(file) {
    std::error_code error;
    if (fs::exists(lines, error)) lines_.emplace(lines);
  }

  std::optional<SourceItem> next() override {
    if (!lines_) return row_ < matrix_.rows() ? std::optional(numbered_row(row_++)) : std::nullopt;
    std::optional<Json> line = lines_->next();
    if (!line) {
      if (row_ != matrix_.rows()) {
        throw Error("invalid_input", fmt::format("{}: has {} rows, and '{}' names {} of them; they are not of one run",
                                                 file_, matrix_.rows(), lines_->file(), row_));
      }
      return std::nullopt;
    }
    if (line->contains("error")) return failed_item(std::move(*line));
    // Lines that are not of pipit are one a row, in their order.
    const std::int64_t first = count_of(*line, "row", row_);
    const std::int64_t count = count_of(*line, "rows", 1);
    if (first != row_ || count > matrix_.rows() - first) {
      lines_->fail(fmt::format("names row {} of {}, expected row {}", first, matrix_.rows(), row_));
    }
    SourceItem item;
    for (std::int64_t i = 0; i < count; ++i) {
      item.rows.push_back(
          {matrix_.row(row_++), fields_of(*line, "", static_cast<std::size_t>(i), static_cast<std::size_t>(count))});
    }
    return item;
  }
  DType dtype() const override { return matrix_.dtype(); }
  std::string space() const override { return recorded_space(file_, ""); }

 private:
  SourceItem numbered_row(std::int64_t row) const {
    SourceItem item;
    item.rows.push_back({matrix_.row(row), fmt::format("{{\"row\":{}}}", row)});
    return item;
  }

  const std::string file_;
  const Matrix matrix_;
  std::optional<Lines> lines_;
  std::int64_t row_ = 0;
};

bool is_vector(const Json& json) {
  return json.is_array() && !json.empty() && std::ranges::all_of(json, [](const Json& x) { return x.is_number(); });
}

bool is_vectors(const Json& json) {
  return json.is_array() && !json.empty() && std::ranges::all_of(json, is_vector);
}

/// Lines that hold their vectors.
class LinesSource final : public VectorSource {
 public:
  LinesSource(const std::string& file, std::string column) : lines_(file), column_(std::move(column)) {}

  std::optional<SourceItem> next() override {
    std::optional<Json> line = lines_.next();
    if (!line) return std::nullopt;
    if (line->contains("error")) return failed_item(std::move(*line));
    if (column_.empty()) column_ = vector_among(*line);
    const auto found = line->find(column_);
    const bool one = found != line->end() && is_vector(*found);
    const bool many = found != line->end() && (is_vectors(*found) || (found->is_array() && found->empty()));
    if (!one && !many) lines_.fail(fmt::format("'{}' is not a vector, or a list of vectors", column_));
    SourceItem item;
    const std::size_t rows = one ? 1 : found->size();
    for (std::size_t row = 0; row < rows; ++row) {
      item.rows.push_back(
          {(one ? *found : (*found)[row]).get<std::vector<float>>(), fields_of(*line, column_, row, rows)});
    }
    return item;
  }
  DType dtype() const override { return DType::kFloat32; }
  std::string space() const override { return recorded_space(lines_.file(), column_); }

 private:
  std::string vector_among(const Json& line) const {
    std::vector<std::string> names;
    for (const auto& [name, value] : line.items()) {
      if (is_vector(value) || is_vectors(value)) names.push_back(name);
    }
    if (names.size() == 1) return names.front();
    lines_.fail(fmt::format("expected one field that is a vector, found {}; name it with --column",
                            names.empty() ? "none" : quoted_list(names)));
  }

  Lines lines_;
  std::string column_;
};

/// The parts of a folder, one behind the other.
class FolderSource final : public VectorSource {
 public:
  FolderSource(const fs::path& folder, const std::string& kind) {
    const std::string before = kind + "_emb_";
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder / (kind + "_emb"), error)) {
      const std::string name = entry.path().filename();
      if (name.starts_with(before) && name.ends_with(".npy")) files_.push_back(entry.path());
    }
    if (files_.empty()) {
      throw Error(
          "invalid_input",
          fmt::format("folder '{}' has no '{}_emb/{}_emb_0.npy', as clip-retrieval writes them; --kind says which "
                      "embeddings are taken, 'img' or 'text'",
                      folder.string(), kind, kind));
    }
    std::ranges::sort(files_, {}, [&](const fs::path& file) { return number_in(file, before.size()); });
    for (const fs::path& file : files_) {
      const std::string number = file.stem().string().substr(before.size());
      lines_.push_back(folder / "metadata" / fmt::format("metadata_{}.jsonl", number));
    }
    open();
  }

  std::optional<SourceItem> next() override {
    while (true) {
      if (auto item = part_->next()) return item;
      if (++at_ == files_.size()) return std::nullopt;
      open();
    }
  }
  DType dtype() const override { return part_->dtype(); }

 private:
  static std::int64_t number_in(const fs::path& file, std::size_t from) {
    const std::string stem = file.stem();
    std::int64_t number = 0;
    std::from_chars(stem.data() + from, stem.data() + stem.size(), number);
    return number;
  }
  void open() {
    const fs::path parquet = fs::path(lines_[at_]).replace_extension(".parquet");
    std::error_code error;
    if (!fs::exists(lines_[at_], error) && fs::exists(parquet, error)) {
      throw Error("invalid_input",
                  fmt::format("'{}' is a table that pipit does not read; write it as '{}' first: python3 -c \"import "
                              "pandas; pandas.read_parquet('{}').to_json('{}', orient='records', lines=True)\"",
                              parquet.string(), lines_[at_].string(), parquet.string(), lines_[at_].string()));
    }
    part_ = std::make_unique<ArraySource>(files_[at_], lines_[at_]);
  }

  std::vector<fs::path> files_;
  std::vector<fs::path> lines_;
  std::size_t at_ = 0;
  std::unique_ptr<ArraySource> part_;
};

}  // namespace

std::unique_ptr<VectorSource> VectorSource::open(const std::string& path, const std::string& kind,
                                                 const std::string& column) {
  std::error_code error;
  if (!fs::exists(path, error)) throw Error("not_found", fmt::format("'{}' does not exist", path));
  if (fs::is_directory(path, error)) return std::make_unique<FolderSource>(path, kind);
  if (path.ends_with(".npy")) return std::make_unique<ArraySource>(path, path + ".jsonl");
  if (path.ends_with(".jsonl")) return std::make_unique<LinesSource>(path, column);
  throw Error("invalid_input",
              fmt::format("'{}' is neither an array '.npy', nor lines '.jsonl', nor a folder of clip-retrieval", path));
}

}  // namespace pipit::cli
