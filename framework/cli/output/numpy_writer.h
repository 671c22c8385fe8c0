// Results as a NumPy array with JSON lines beside it: a row a good item, or the rows of a column of many.
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/output_file.h"
#include "cli/output/result_writer.h"
#include "value/npy_header.h"

namespace pipit::cli {

/// An item's rows are written before its line: whatever stops the run, each line's rows are there.
class NumpyWriter final : public ResultWriter {
 public:
  /// `column`: the output that becomes the array; empty: the only tensor.
  NumpyWriter(const std::string& file, const std::string& column);
  /// The name of the lines beside an array.
  static std::string lines_of(const std::string& array) { return array + ".jsonl"; }

  bool has_results() const override;
  void begin(const RunToWrite& run, bool beside) override;
  void take_place() override;
  EarlierResults resume(const RunToWrite& run, bool retry_failed) override;
  void write(Result& result, const ItemFields& fields) override;
  void finish() override;
  bool can_resume() const override { return files_.array->is_regular() && files_.lines->is_regular(); }
  const std::string& lines_file() const override { return files_.lines->name(); }

 private:
  struct Files {
    std::unique_ptr<OutputFile> array;
    std::unique_ptr<OutputFile> lines;
    std::int64_t rows = 0;
  };
  /// The earlier run's rows and lines, gone through again to put retried ones in their places.
  struct Retry {
    std::ifstream array;
    ResultLines lines;
    Files fresh;
    std::int64_t next = 0;  // item of the next line
    std::int64_t end = 0;   // items of the earlier run
  };
  void choose_column(const std::vector<ColumnInfo>& outputs);
  void settle_shape(const Tensor& tensor);
  /// Why a tensor does not fit in; empty when it does.
  std::string fault_of(const Value& row) const;
  void append(Files& files, Result& result, const ItemFields& fields);
  void finish(Files& files);
  void end_broken_swap(EarlierResults& earlier);
  void copy_until(std::int64_t item);
  void end_retry();

  const std::string name_;
  Files files_;
  std::optional<Files> beside_;  // what is to take the files' places
  std::string column_;
  bool many_ = false;  // rows an item
  NpyHeader header_;
  bool shape_known_ = false;  // a row has been written
  std::optional<Retry> retry_;
};

}  // namespace pipit::cli
