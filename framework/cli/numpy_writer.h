// Results as a NumPy array, one row a good item, with JSON lines beside it.
#pragma once

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "numpy_header.h"
#include "output_file.h"
#include "result_writer.h"

namespace pipit::cli {

/// An item's row is written before its line: whatever stops the run, each line's row is there.
class NumpyWriter final : public ResultWriter {
 public:
  explicit NumpyWriter(const std::string& file);

  void begin(const std::vector<ColumnInfo>& outputs) override;
  EarlierResults resume(const std::vector<ColumnInfo>& outputs, bool retry_failed) override;
  void write(Result& result, const ItemFields& fields) override;
  void finish() override;
  bool can_resume() const override { return files_.array->is_regular() && files_.lines->is_regular(); }

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
    std::vector<std::int64_t> failed;
    std::int64_t next = 0;  // item of the next line
    std::int64_t end = 0;   // items of the earlier run
  };
  void choose_column(const std::vector<ColumnInfo>& outputs);
  void settle_shape(const Tensor& tensor);
  void append(Files& files, Result& result, const ItemFields& fields);
  void finish(Files& files);
  void end_broken_swap(EarlierResults& earlier);
  void copy_until(std::int64_t item);
  void end_retry();

  const std::string name_;
  Files files_;
  std::string column_;
  NumpyHeader header_;
  bool shape_known_ = false;  // a row has been written
  std::optional<Retry> retry_;
};

}  // namespace pipit::cli
