#include "cli/output/numpy_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/near.h"
#include "value/json_text.h"
#include "value/type.h"

namespace pipit::cli {
namespace {

NpyHeader read_header(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(NpyHeader::kWrittenBytes, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  const auto header = NpyHeader::parse(bytes);
  if (!header || header->data_offset != NpyHeader::kWrittenBytes) {
    throw Error("invalid_input", fmt::format("cannot resume '{0}': '{0}' is not an array that pipit wrote", file));
  }
  return *header;
}

/// The tensors of a value: itself, or those of a list and the lists in it, in their order.
void add_rows(std::vector<Value>& rows, const Value& value) {
  if (value.kind() != Kind::kList) {
    rows.push_back(value);
    return;
  }
  for (const Value& element : value.list()) add_rows(rows, element);
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

}  // namespace

NumpyWriter::NumpyWriter(const std::string& file, const std::string& column)
    : name_(file),
      files_{std::make_unique<OutputFile>(file), std::make_unique<OutputFile>(lines_of(file)), 0},
      column_(column) {}

bool NumpyWriter::has_results() const {
  std::error_code error;
  if (!can_resume()) return false;
  if (std::filesystem::file_size(lines_of(name_), error) > 0) return true;
  const auto bytes = std::filesystem::file_size(name_, error);
  if (error || bytes == 0) return false;
  if (bytes != NpyHeader::kWrittenBytes) return true;
  try {
    // A run that was killed before its first item has left a header and perhaps no record.
    return read_header(name_).rows > 0;
  } catch (const Error&) {
    return true;
  }
}

/// The output that is the array's rows.
void NumpyWriter::choose_column(const std::vector<ColumnInfo>& outputs) {
  check_json_forms(outputs);
  std::vector<std::string> all;
  std::vector<std::string> tensors;
  std::string found;
  for (const ColumnInfo& column : outputs) {
    const Type type = Type::parse(column.type);
    all.push_back(column.name);
    found += fmt::format("{}'{}' ({})", found.empty() ? "" : ", ", column.name, column.type);
    if (type.kind != Kind::kTensor) continue;
    tensors.push_back(column.name);
    if (!column_.empty() && column_ != column.name) continue;
    many_ = column.many;
    header_.dtype = type.element.value_or(DType::kFloat32);
    header_.shape = type.shape.value_or(std::vector<std::int64_t>{});
    std::ranges::replace(header_.shape, Type::kUnknown, 0);
  }
  if (!column_.empty() && std::ranges::find(all, column_) == all.end()) {
    throw Error("invalid_pipeline",
                fmt::format("--column '{}': the pipeline has no such output{}", column_, did_you_mean(column_, all)));
  }
  if (tensors.empty() || (!column_.empty() && std::ranges::find(tensors, column_) == tensors.end())) {
    throw Error("invalid_pipeline",
                fmt::format("'{}' takes an output that is a tensor; the pipeline gives {}", name_, found));
  }
  if (column_.empty() && tensors.size() > 1) {
    throw Error("invalid_pipeline",
                fmt::format("'{}' takes one output that is a tensor; the pipeline gives {}; choose with --column, as "
                            "in --column {}",
                            name_, quoted_list(tensors), tensors.front()));
  }
  if (column_.empty()) column_ = tensors.front();
}

void NumpyWriter::begin(const RunToWrite& run, bool beside) {
  choose_column(run.pipeline.outputs());
  if (beside) {
    beside_.emplace(Files{OutputFile::beside(name_, ".new"), OutputFile::beside(lines_of(name_), ".new"), 0});
  } else {
    files_.array->begin();
    files_.lines->begin();
  }
  (beside_ ? *beside_ : files_).array->append(header_.text());
}

void NumpyWriter::take_place() {
  beside_->array->rename_to(name_);
  beside_->lines->rename_to(lines_of(name_));
  files_ = std::move(*beside_);
  beside_.reset();
}

EarlierResults NumpyWriter::resume(const RunToWrite& run, bool retry_failed) {
  choose_column(run.pipeline.outputs());
  EarlierResults earlier = EarlierResults::read(lines_of(name_), true);
  end_broken_swap(earlier);
  if (earlier.rows > 0) {
    header_ = read_header(name_);
    shape_known_ = true;
  }
  files_.rows = header_.rows = earlier.rows;
  const auto bytes = static_cast<std::int64_t>(NpyHeader::kWrittenBytes + header_.row_bytes() * earlier.rows);
  if (shape_known_ && static_cast<std::int64_t>(std::filesystem::file_size(name_)) < bytes) {
    throw Error("invalid_input", fmt::format("cannot resume '{}': it is shorter than its {} rows; start anew with "
                                             "--overwrite",
                                             name_, earlier.rows));
  }
  files_.lines->begin_behind(earlier.bytes);
  if (shape_known_) {
    files_.array->begin_behind(bytes);
  } else {
    files_.array->begin();
    files_.array->append(header_.text());
  }
  if (retry_failed && !earlier.failed.empty()) {
    retry_.emplace(Retry{std::ifstream(name_, std::ios::binary), ResultLines(lines_of(name_)),
                         Files{OutputFile::beside(name_, ".retry"), OutputFile::beside(lines_of(name_), ".retry"), 0},
                         0, earlier.items});
    retry_->array.seekg(NpyHeader::kWrittenBytes);
    retry_->fresh.array->append(header_.text());
  }
  return earlier;
}

/// A retry makes two files that take the places of two. When it was killed in between, the array has more rows than the
/// lines know, and the new lines are still there, whole.
void NumpyWriter::end_broken_swap(EarlierResults& earlier) {
  const std::string lines = lines_of(name_);
  if (std::filesystem::file_size(name_) < NpyHeader::kWrittenBytes || read_header(name_).rows <= earlier.rows) return;
  if (!std::filesystem::exists(lines + ".retry")) return;
  files_.lines = std::make_unique<OutputFile>(lines + ".retry");
  files_.lines->rename_to(lines);
  earlier = EarlierResults::read(lines, true);
}

void NumpyWriter::settle_shape(const Tensor& tensor) {
  header_.dtype = tensor.dtype();
  header_.shape.assign(tensor.shape().begin(), tensor.shape().end());
  shape_known_ = true;
  // A run that goes on from here after a kill reads it there.
  (beside_ ? *beside_ : files_).array->overwrite(0, header_.text());
}

std::string NumpyWriter::fault_of(const Value& row) const {
  if (row.kind() != Kind::kTensor) return fmt::format("'{}' is {}, and not a tensor", column_, type_of(row));
  const Tensor tensor = row.tensor();
  if (const std::string device = foreign_device(tensor); !device.empty()) {
    return fmt::format(
        "'{}' is a tensor on {}, and files are written from main memory; have its operator give it there", column_,
        device);
  }
  if (tensor.dtype() == header_.dtype && std::ranges::equal(header_.shape, tensor.shape()) && tensor.contiguous()) {
    return "";
  }
  return fmt::format("'{}' is {}, earlier rows of '{}' are {}", column_, type_of(row), name_,
                     shape_text(header_.shape));
}

void NumpyWriter::append(Files& files, Result& result, const ItemFields& fields) {
  std::vector<Value> rows;
  if (!result.error) add_rows(rows, result.get(column_));
  for (const Value& row : rows) {
    const bool first = !shape_known_ && row.kind() == Kind::kTensor && foreign_device(row.tensor()).empty();
    if (first) settle_shape(row.tensor());
    if (const std::string fault = fault_of(row); !fault.empty()) {
      result.error = ItemError{"", "invalid_output", fault};
      break;
    }
  }
  std::string line = line_of(result, fields, column_);
  if (!result.error) {
    for (const Value& row : rows) {
      files.array->append({static_cast<const char*>(row.tensor().raw_data()), header_.row_bytes()});
    }
    const auto n = static_cast<std::int64_t>(rows.size());
    set_rows(line, {files.rows, n, many_});
    files.rows += n;
  }
  files.lines->append(line);
}

void NumpyWriter::write(Result& result, const ItemFields& fields) {
  if (retry_ && fields.item >= retry_->end) end_retry();
  if (retry_) {
    copy_until(fields.item);
    retry_->lines.next();
    ++retry_->next;
  }
  append(retry_ ? retry_->fresh : beside_ ? *beside_ : files_, result, fields);
}

void NumpyWriter::copy_until(std::int64_t item) {
  std::string row(header_.row_bytes(), '\0');
  for (; retry_->next < item; ++retry_->next) {
    std::string line = retry_->lines.next().value();
    if (auto rows = rows_of(line)) {
      for (std::int64_t i = 0; i < rows->count; ++i) {
        retry_->array.read(row.data(), static_cast<std::streamsize>(row.size()));
        retry_->fresh.array->append(row);
      }
      rows->first = retry_->fresh.rows;
      retry_->fresh.rows += rows->count;
      set_rows(line, *rows);
    }
    retry_->fresh.lines->append(line);
  }
}

void NumpyWriter::end_retry() {
  copy_until(retry_->end);
  finish(retry_->fresh);
  // In this order: see end_broken_swap.
  retry_->fresh.array->rename_to(name_);
  retry_->fresh.lines->rename_to(lines_of(name_));
  files_ = std::move(retry_->fresh);
  retry_.reset();
}

void NumpyWriter::finish(Files& files) {
  header_.rows = files.rows;
  files.array->overwrite(0, header_.text());
  files.array->finish();
  files.lines->finish();
}

void NumpyWriter::finish() {
  if (retry_) {
    end_retry();
  } else if (!beside_) {
    finish(files_);
  }
}

}  // namespace pipit::cli
