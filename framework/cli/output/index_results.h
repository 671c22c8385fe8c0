// Results as an index to search in: a row a vector, with what the other outputs say of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/output/result_writer.h"
#include "index/index_writer.h"

namespace pipit::cli {

/// Its items are those of all runs that were added, one after the other. One that failed has its inputs and its error
/// there. What a killed run loses are the items since the last commit, which run again.
class IndexResults final : public ResultWriter {
 public:
  IndexResults(const std::string& folder, const std::string& column);

  bool has_results() const override { return writer_.existing() != nullptr; }
  void begin(const RunToWrite& run, bool beside) override;
  void take_place() override;
  EarlierResults resume(const RunToWrite& run, bool retry_failed) override;
  void append(const RunToWrite& run) override;
  void write(Result& result, const ItemFields& fields) override;
  void finish() override;
  bool can_resume() const override { return true; }
  bool keeps_record() const override { return true; }
  const std::string& lines_file() const override { return folder_; }

 private:
  /// An output that is part of each row.
  struct Field {
    std::size_t output = 0;
    bool by_row = false;  // has a value for each of the item's rows; else one for all
  };
  void choose_vector(const std::vector<ColumnInfo>& outputs, const std::string& named);
  void choose_fields(const std::vector<ColumnInfo>& outputs);
  void settle(const RunToWrite& run);
  void go_on();
  void begin_new();
  std::string row_text(const Result& result, const ItemFields& fields, std::size_t row) const;
  void take_rows(const Result& result, const ItemFields& fields, IndexItem& item) const;
  void add(const IndexItem& item);

  const std::string folder_;
  std::string column_;
  IndexWriter writer_;
  IndexSettings settings_;
  RunRecord::Json record_;
  std::size_t vector_ = 0;  // among the outputs
  std::vector<Field> fields_;
  std::int64_t first_item_ = 0;  // of this run
  bool begun_ = false;
  std::vector<IndexItem> waiting_;  // before a vector has told the dimension
};

}  // namespace pipit::cli
