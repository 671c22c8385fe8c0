#include "numpy_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "near.h"
#include "type.h"

namespace pipit::cli {
namespace {

std::string lines_of(const std::string& array) {
  return array + ".jsonl";
}

NumpyHeader read_header(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(NumpyHeader::kBytes, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return NumpyHeader::parse(bytes, fmt::format("cannot resume '{0}': '{0}'", file));
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ","));
}

}  // namespace

NumpyWriter::NumpyWriter(const std::string& file)
    : name_(file), files_{std::make_unique<OutputFile>(file), std::make_unique<OutputFile>(lines_of(file)), 0} {}

/// The one output that is an array's row.
void NumpyWriter::choose_column(const std::vector<ColumnInfo>& outputs) {
  check_json_forms(outputs);
  std::vector<std::string> tensors;
  for (const ColumnInfo& column : outputs) {
    const Type type = Type::parse(column.type);
    if (type.kind != Kind::kTensor || column.many) continue;
    tensors.push_back(column.name);
    header_.dtype = type.element.value_or(DType::kFloat32);
    header_.shape = type.shape.value_or(std::vector<std::int64_t>{});
    std::ranges::replace(header_.shape, Type::kUnknown, 0);
  }
  if (tensors.size() != 1) {
    throw Error("invalid_pipeline",
                fmt::format("'{}' takes exactly one output that is a tensor, one row an item; the pipeline gives {}",
                            name_, tensors.empty() ? "none" : quoted_list(tensors)));
  }
  column_ = tensors.front();
}

void NumpyWriter::begin(const std::vector<ColumnInfo>& outputs) {
  choose_column(outputs);
  files_.array->begin();
  files_.lines->begin();
  files_.array->append(header_.text());
}

EarlierResults NumpyWriter::resume(const std::vector<ColumnInfo>& outputs, bool retry_failed) {
  choose_column(outputs);
  EarlierResults earlier = EarlierResults::read(lines_of(name_));
  end_broken_swap(earlier);
  if (earlier.good() > 0) {
    header_ = read_header(name_);
    shape_known_ = true;
  }
  files_.rows = header_.rows = earlier.good();
  const auto bytes = static_cast<std::int64_t>(NumpyHeader::kBytes + header_.row_bytes() * earlier.good());
  if (shape_known_ && static_cast<std::int64_t>(std::filesystem::file_size(name_)) < bytes) {
    throw Error("invalid_input", fmt::format("cannot resume '{}': it is shorter than its {} rows; start anew without "
                                             "--resume",
                                             name_, earlier.good()));
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
                         Files{OutputFile::beside(name_), OutputFile::beside(lines_of(name_)), 0}, earlier.failed, 0,
                         earlier.items});
    retry_->array.seekg(NumpyHeader::kBytes);
    retry_->fresh.array->append(header_.text());
  }
  return earlier;
}

/// A retry makes two files that take the places of two. When it was killed in between, the array has more rows than the
/// lines know, and the new lines are still there, whole.
void NumpyWriter::end_broken_swap(EarlierResults& earlier) {
  const std::string lines = lines_of(name_);
  if (std::filesystem::file_size(name_) < NumpyHeader::kBytes || read_header(name_).rows <= earlier.good()) return;
  if (!std::filesystem::exists(lines + ".retry")) return;
  files_.lines = std::make_unique<OutputFile>(lines + ".retry");
  files_.lines->rename_to(lines);
  earlier = EarlierResults::read(lines);
}

void NumpyWriter::settle_shape(const Tensor& tensor) {
  header_.dtype = tensor.dtype();
  header_.shape.assign(tensor.shape().begin(), tensor.shape().end());
  shape_known_ = true;
  // A run that goes on from here after a kill reads it there.
  files_.array->overwrite(0, header_.text());
}

void NumpyWriter::append(Files& files, Result& result, const ItemFields& fields) {
  if (!result.error) {
    const Tensor tensor = result.get(column_).tensor();
    if (!shape_known_) settle_shape(tensor);
    if (tensor.dtype() != header_.dtype || !std::ranges::equal(header_.shape, tensor.shape()) || !tensor.contiguous()) {
      result.error = ItemError{"", "invalid_output",
                               fmt::format("'{}' is {}, earlier rows of '{}' are {}", column_,
                                           type_of(result.get(column_)), name_, shape_text(header_.shape))};
    }
  }
  std::string line = line_of(result, fields, column_);
  if (!result.error) {
    const Tensor tensor = result.get(column_).tensor();
    files.array->append({static_cast<const char*>(tensor.raw_data()), header_.row_bytes()});
    set_row(line, files.rows++);
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
  append(retry_ ? retry_->fresh : files_, result, fields);
}

void NumpyWriter::copy_until(std::int64_t item) {
  std::string row(header_.row_bytes(), '\0');
  for (; retry_->next < item; ++retry_->next) {
    std::string line = retry_->lines.next().value();
    if (!std::ranges::binary_search(retry_->failed, retry_->next)) {
      retry_->array.read(row.data(), static_cast<std::streamsize>(row.size()));
      retry_->fresh.array->append(row);
      set_row(line, retry_->fresh.rows++);
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
  } else {
    finish(files_);
  }
}

}  // namespace pipit::cli
