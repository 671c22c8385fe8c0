#include "result_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "json_text.h"
#include "near.h"
#include "output_file.h"
#include "type.h"

namespace pipit::cli {
namespace {

/// The line of one item, without the outputs in `skip`.
std::string line_of(const Result& result, const ItemFields& fields, std::string_view skip = "") {
  std::string line = fmt::format("{{\"item\":{}{}", result.item, fields.carried);
  if (result.error) {
    line += fields.inputs;
    line += ",\"error\":{\"node\":";
    if (result.error->node.empty()) {
      line += "null";
    } else {
      append_json_text(line, result.error->node);
    }
    line += ",\"code\":";
    append_json_text(line, result.error->code);
    line += ",\"message\":";
    append_json_text(line, result.error->message);
    line += "}}\n";
    return line;
  }
  for (std::size_t i = 0; i < result.outputs.size(); ++i) {
    if (result.names[i] == skip) continue;
    line += ',';
    append_json_text(line, result.names[i]);
    line += ':';
    append_json(line, result.outputs[i]);
  }
  line += "}\n";
  return line;
}

/// The same; a value that has no JSON form, which a column of type any may hold, fails the item.
std::string line_or_error(Result& result, const ItemFields& fields, std::string_view skip = "") {
  try {
    return line_of(result, fields, skip);
  } catch (const Error& e) {
    result.error = ItemError{"", "invalid_input", e.what()};
    return line_of(result, fields);
  }
}

[[noreturn]] void refuse(const std::string& message) {
  throw Error("invalid_pipeline", message);
}

void check_json_forms(const std::vector<ColumnInfo>& outputs) {
  for (const ColumnInfo& column : outputs) {
    if (has_json_form(Type::parse(column.type))) continue;
    refuse(
        fmt::format("output '{}' is {}, which has no JSON form; leave it out of 'outputs'", column.name, column.type));
  }
}

class JsonLinesWriter final : public ResultWriter {
 public:
  explicit JsonLinesWriter(const std::string& file) : file_(file) {}

  void begin(const std::vector<ColumnInfo>& outputs) override {
    check_json_forms(outputs);
    file_.begin();
  }
  void write(Result& result, const ItemFields& fields) override { file_.append(line_or_error(result, fields)); }
  void finish() override { file_.finish(); }

 private:
  OutputFile file_;
};

/// Version 1.0 of NumPy's format. The count of rows stands in a header of fixed size and is set at the end.
class NumpyWriter final : public ResultWriter {
 public:
  explicit NumpyWriter(const std::string& file) : name_(file), array_(file), lines_(file + ".jsonl") {}

  void begin(const std::vector<ColumnInfo>& outputs) override {
    check_json_forms(outputs);
    std::vector<std::string> tensors;
    for (const ColumnInfo& column : outputs) {
      const Type type = Type::parse(column.type);
      if (type.kind != Kind::kTensor || column.many) continue;
      tensors.push_back(column.name);
      dtype_ = type.element.value_or(DType::kFloat32);
      announced_ = type.shape.value_or(std::vector<std::int64_t>{});
      std::ranges::replace(announced_, Type::kUnknown, 0);
    }
    if (tensors.size() != 1) {
      refuse(fmt::format("'{}' takes exactly one output that is a tensor, one row an item; the pipeline gives {}",
                         name_, tensors.empty() ? "none" : quoted_list(tensors)));
    }
    column_ = tensors.front();
    array_.begin();
    lines_.begin();
    array_.append(header());
  }

  void write(Result& result, const ItemFields& fields) override {
    if (result.error) {
      lines_.append(line_of(result, fields));
      return;
    }
    const Tensor tensor = result.get(column_).tensor();
    if (!shape_) {
      dtype_ = tensor.dtype();
      shape_.emplace(tensor.shape().begin(), tensor.shape().end());
    }
    if (tensor.dtype() != dtype_ || !std::ranges::equal(*shape_, tensor.shape()) || !tensor.contiguous()) {
      result.error = ItemError{"", "invalid_output",
                               fmt::format("'{}' is {}, earlier rows of '{}' are {}", column_,
                                           type_of(result.get(column_)), name_, shape_text())};
      lines_.append(line_of(result, fields));
      return;
    }
    const std::size_t bytes = static_cast<std::size_t>(tensor.elements()) * element_bytes();
    array_.append({static_cast<const char*>(tensor.raw_data()), bytes});
    ItemFields with_row = fields;
    with_row.carried += fmt::format(",\"row\":{}", rows_++);
    lines_.append(line_of(result, with_row, column_));
  }

  void finish() override {
    array_.overwrite(0, header());
    array_.finish();
    lines_.finish();
  }

 private:
  std::size_t element_bytes() const {
    return static_cast<std::size_t>(detail::kElementTypes[static_cast<int>(dtype_)].bits / 8);
  }

  std::string shape_text() const {
    std::string text = "[";
    for (std::int64_t size : *shape_) text += fmt::format("{}{}", text.size() > 1 ? "," : "", size);
    return text + "]";
  }

  std::string header() const {
    constexpr const char* kCodes[] = {"<f8", "<f4", "<f2", "<u2", "<i8", "<i4", "<i2", "|i1", "|u1", "|b1"};
    constexpr std::size_t kBytes = 256;
    std::string shape = fmt::format("{}", rows_);
    for (std::int64_t size : shape_.value_or(announced_)) shape += fmt::format(", {}", size);
    if (shape_.value_or(announced_).empty()) shape += ',';
    std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   kCodes[static_cast<int>(dtype_)], shape);
    std::string whole("\x93NUMPY\x01\x00", 8);
    whole += static_cast<char>((kBytes - 10) & 0xff);
    whole += static_cast<char>((kBytes - 10) >> 8);
    whole += text;
    whole.resize(kBytes - 1, ' ');
    return whole + '\n';
  }

  std::string name_;
  OutputFile array_;
  OutputFile lines_;
  std::string column_;
  DType dtype_ = DType::kFloat32;
  std::vector<std::int64_t> announced_;             // by the column's type; 0 where that does not know
  std::optional<std::vector<std::int64_t>> shape_;  // of the rows written
  std::int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<ResultWriter> ResultWriter::open(const std::string& file) {
  static_assert(std::endian::native == std::endian::little, "the array's header says little-endian");
  if (file.ends_with(".npy")) return std::make_unique<NumpyWriter>(file);
  return std::make_unique<JsonLinesWriter>(file);
}

}  // namespace pipit::cli
