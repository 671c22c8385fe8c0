// A run's results with what is kept beside them, so that the run can go on where it ended.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/input/input_list.h"
#include "cli/output/result_writer.h"
#include "cli/run/feeder.h"
#include "cli/run/record_file.h"
#include "cli/run/run_record.h"

namespace pipit::cli {

class RunOutput {
 public:
  struct Choices {
    std::string file;
    std::string column;  // of an array or an index; empty: the only tensor
    bool resume = false;
    bool retry_failed = false;
    bool overwrite = false;
    bool append = false;  // to what other runs left
    std::string shard{};  // "2/5"; empty: the run has the whole list
  };
  /// Opens it, and keeps other runs out. Throws UsageError when results are there and nothing says what becomes of
  /// them, pipit::Error (`output_failed`, `output_busy`).
  explicit RunOutput(Choices choices);

  /// Whether a record is kept, which says in which spaces the vectors lie.
  bool keeps_record() const { return writer_->can_resume(); }

  /// Begins, or goes on with what an earlier run left. Then the list has been read up to the items that are to be run,
  /// and those before them are the ones that the results were made from. `inputs` and `name` name the list, for the
  /// record and for messages. Throws pipit::Error (`invalid_input`, `invalid_pipeline`).
  Selection begin(const Pipeline& pipeline, InputList& list, const std::string& inputs, const std::string& name);
  /// Throws pipit::Error (`output_failed`).
  void write(Result& result, const ItemFields& fields);
  /// All is written.
  void finish() { writer_->finish(); }

  /// --overwrite, and no result has come yet: the old ones are still there.
  bool old_ones_stay() const { return beside_; }
  const std::string& lines_file() const { return writer_->lines_file(); }

 private:
  EarlierResults read_earlier(const RunToWrite& run, const std::string& name);
  Selection go_on(const RunToWrite& run, InputList& list, const std::string& name);

  const Choices choices_;
  std::unique_ptr<ResultWriter> writer_;
  bool has_results_ = false;
  bool beside_ = false;  // written beside the old results, until there is one
  std::optional<RunRecord> record_;
  std::optional<RecordFile> record_file_;  // where the form keeps no record itself
  std::int64_t recorded_ = 0;              // items
};

}  // namespace pipit::cli
