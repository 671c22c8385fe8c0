#include "cli/output/index_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/near.h"
#include "cli/index/kept_queries.h"
#include "cli/output/result_line.h"
#include "index/index.h"
#include "value/json_text.h"
#include "value/type.h"

namespace pipit::cli {
namespace {

std::span<const float> numbers_of(const Value& value, const std::string& name) {
  if (value.kind() == Kind::kTensor) {
    const Tensor tensor = value.tensor();
    if (tensor.dtype() == DType::kFloat32 && tensor.shape().size() == 1 && tensor.contiguous()) {
      return {tensor.data<float>(), static_cast<std::size_t>(tensor.elements())};
    }
  }
  throw Error("invalid_output", fmt::format("'{}' is {}, and not a vector of float32", name, type_of(value)));
}

}  // namespace

IndexResults::IndexResults(const std::string& folder, const std::string& column)
    : folder_(folder), column_(column), writer_(folder) {}

/// The output that is searched.
void IndexResults::choose_vector(const std::vector<ColumnInfo>& outputs, const std::string& named) {
  check_json_forms(outputs);
  std::vector<std::string> all;
  std::vector<std::string> vectors;
  for (const ColumnInfo& output : outputs) {
    all.push_back(output.name);
    if (may_be_vector(Type::parse(output.type))) vectors.push_back(output.name);
  }
  std::string name = column_.empty() ? named : column_;
  const auto fail = [&](const std::string& what) { throw Error("invalid_pipeline", what); };
  if (name.empty() && vectors.size() == 1) name = vectors.front();
  if (name.empty()) {
    fail(vectors.empty()
             ? fmt::format("'{}' takes an output that is a vector, tensor<f32>[?]; the pipeline gives none", folder_)
             : fmt::format("'{}' takes one output that is a vector; the pipeline gives {}; choose with --column, as in "
                           "--column {}",
                           folder_, quoted_list(vectors), vectors.front()));
  }
  const auto found = std::ranges::find(all, name);
  if (found == all.end()) {
    fail(fmt::format("--column '{}': the pipeline has no such output{}", name, did_you_mean(name, all)));
  }
  vector_ = static_cast<std::size_t>(found - all.begin());
  const ColumnInfo& vector = outputs[vector_];
  if (std::ranges::find(vectors, name) == vectors.end()) {
    fail(fmt::format("'{}' takes an output that is a vector, tensor<f32>[?]; '{}' is {}", folder_, name, vector.type));
  }
  if (vector.space.empty()) {
    fail(
        fmt::format("'{}' keeps vectors under the name of their space, and no node above output '{}' names one; the "
                    "operator that makes them must",
                    folder_, name));
  }
  settings_.space = vector.space;
  settings_.dimension = vector.dimension;
  settings_.vector = name;
}

/// Which of the others stand beside it.
void IndexResults::choose_fields(const std::vector<ColumnInfo>& outputs) {
  const ColumnInfo& vector = outputs[vector_];
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (i == vector_) continue;
    const ColumnInfo& output = outputs[i];
    if (vector.many && output.many && output.rows_of != vector.rows_of) {
      throw Error("invalid_pipeline",
                  fmt::format("'{}' has a row for each row of node '{}', and output '{}' has the rows "
                              "of node '{}'; leave it out of 'outputs'",
                              folder_, vector.rows_of, output.name, output.rows_of));
    }
    fields_.push_back({i, vector.many && output.many});
  }
}

void IndexResults::settle(const RunToWrite& run) {
  const std::vector<ColumnInfo> outputs = run.pipeline.outputs();
  const auto info = run.pipeline.index();
  choose_vector(outputs, info ? info->vector : "");
  choose_fields(outputs);
  if (info) settings_.queries = kept_queries(*info);
  record_ = run.record.content();
  settings_.pipeline = record_["pipeline"];
}

/// Where nothing but the vectors can tell the dimension, what is there already does.
void IndexResults::go_on() {
  if (settings_.dimension == 0) settings_.dimension = writer_.existing()->settings.dimension;
  writer_.go_on(settings_);
  begun_ = true;
}

void IndexResults::begin(const RunToWrite& run, bool) {
  settle(run);
  if (settings_.dimension > 0) begin_new();
}

void IndexResults::begin_new() {
  writer_.begin(settings_);
  writer_.begin_run(record_, std::filesystem::current_path());
  begun_ = true;
  for (const IndexItem& item : waiting_) writer_.add(item);
  waiting_.clear();
}

void IndexResults::take_place() {
  if (begun_) writer_.commit();
}

EarlierResults IndexResults::resume(const RunToWrite& run, bool) {
  settle(run);
  const IndexManifest& is = *writer_.existing();
  if (is.runs.empty()) {
    throw Error("invalid_input",
                fmt::format("cannot resume '{}': no run has written it; add to it by --append", folder_));
  }
  run.record.check(folder_, is.runs.back().record);
  go_on();
  first_item_ = is.runs.back().first_item;
  EarlierResults earlier;
  earlier.items = is.items - first_item_;
  earlier.digests.resize(static_cast<std::size_t>(earlier.items));
  for (const IndexItemLine& line : Index::open(folder_).items()) {
    if (line.item < first_item_) continue;
    earlier.digests[static_cast<std::size_t>(line.item - first_item_)] = line.digest;
    if (line.failed()) earlier.failed.push_back(line.item - first_item_);
  }
  std::ranges::sort(earlier.failed);
  return earlier;
}

void IndexResults::append(const RunToWrite& run) {
  settle(run);
  const IndexManifest& is = *writer_.existing();
  const RunRecord::Json pipeline = is.settings.pipeline;
  first_item_ = is.items;
  go_on();
  if (const std::string changed = differences(pipeline, settings_.pipeline); !changed.empty()) {
    throw Error(
        "invalid_input",
        fmt::format("cannot add to index '{}': its pipeline is another: {}; name another --output", folder_, changed));
  }
  writer_.begin_run(record_, std::filesystem::current_path());
}

std::string IndexResults::row_text(const Result& result, const ItemFields& fields, std::size_t row) const {
  std::string text = fields.carried;
  for (const Field& field : fields_) {
    const Value& value = result.outputs[field.output];
    text += ',';
    append_json_text(text, result.names[field.output], OtherBytes::kEscape);
    text += ':';
    append_json(text, field.by_row ? value.list()[row] : value, OtherBytes::kEscape);
  }
  return object_of(text);
}

void IndexResults::take_rows(const Result& result, const ItemFields& fields, IndexItem& item) const {
  const Value& vector = result.outputs[vector_];
  const bool many = vector.kind() == Kind::kList;
  const std::size_t rows = many ? vector.list().size() : 1;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::span<const float> numbers = numbers_of(many ? vector.list()[row] : vector, settings_.vector);
    item.rows.push_back({numbers, row_text(result, fields, row)});
  }
}

void IndexResults::add(const IndexItem& item) {
  if (!begun_ && !item.rows.empty()) {
    settings_.dimension = std::ssize(item.rows.front().vector);
    begin_new();
  }
  if (begun_) {
    writer_.add(item);
  } else {
    waiting_.push_back(item);
  }
}

void IndexResults::write(Result& result, const ItemFields& fields) {
  IndexItem nothing;
  nothing.item = first_item_ + fields.item;
  nothing.digest = fields.digest;
  if (!result.error) {
    try {
      IndexItem item = nothing;
      take_rows(result, fields, item);
      add(item);
      return;
    } catch (const Error& e) {
      if (e.code() == "output_failed") throw;
      result.error = ItemError{"", e.code(), e.what()};
    }
  }
  IndexItem failed = nothing;
  failed.inputs = object_of(fields.carried + fields.inputs);
  failed.error = error_text(*result.error);
  add(failed);
}

void IndexResults::finish() {
  if (!begun_) {
    fmt::print(stderr, "no item gave a vector; index '{}' is not made\n", folder_);
    return;
  }
  writer_.finish();
  if (const std::int64_t constant = writer_.constant_rows(); constant > 0) {
    fmt::print(stderr, "warning: {} vector{} that came {} numbers that are all the same; are the weights broken?\n",
               constant, constant == 1 ? "" : "s", constant == 1 ? "has" : "have");
  }
}

}  // namespace pipit::cli
