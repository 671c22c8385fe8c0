// Results as JSON lines.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/output_file.h"
#include "cli/output/result_writer.h"

namespace pipit::cli {

class LinesWriter final : public ResultWriter {
 public:
  explicit LinesWriter(const std::string& file) : file_(std::make_unique<OutputFile>(file)) {}

  bool has_results() const override;
  void begin(const RunToWrite& run, bool beside) override;
  void take_place() override;
  EarlierResults resume(const RunToWrite& run, bool retry_failed) override;
  void write(Result& result, const ItemFields& fields) override;
  void finish() override;
  bool can_resume() const override { return file_->is_regular(); }
  const std::string& lines_file() const override { return file_->name(); }

 private:
  /// The earlier run's lines, gone through again to put retried ones in their places, in a file that takes the other's.
  struct Retry {
    ResultLines lines;
    std::unique_ptr<OutputFile> fresh;
    std::int64_t next = 0;  // item of the next line
    std::int64_t end = 0;   // items of the earlier run
  };
  void copy_until(std::int64_t item);
  void end_retry();

  std::unique_ptr<OutputFile> file_;
  std::unique_ptr<OutputFile> beside_;  // what is to take the file's place
  std::optional<Retry> retry_;
};

}  // namespace pipit::cli
