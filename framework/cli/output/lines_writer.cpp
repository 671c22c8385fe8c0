#include "cli/output/lines_writer.h"

#include <filesystem>

namespace pipit::cli {

bool LinesWriter::has_results() const {
  std::error_code error;
  return file_->is_regular() && std::filesystem::file_size(file_->name(), error) > 0;
}

void LinesWriter::begin(const RunToWrite& run, bool beside) {
  check_json_forms(run.pipeline.outputs());
  if (beside) {
    beside_ = OutputFile::beside(file_->name(), ".new");
  } else {
    file_->begin();
  }
}

void LinesWriter::take_place() {
  beside_->rename_to(file_->name());
  file_ = std::move(beside_);
}

EarlierResults LinesWriter::resume(const RunToWrite& run, bool retry_failed) {
  check_json_forms(run.pipeline.outputs());
  EarlierResults earlier = EarlierResults::read(file_->name(), false);
  file_->begin_behind(earlier.bytes);
  if (retry_failed && !earlier.failed.empty()) {
    retry_.emplace(Retry{ResultLines(file_->name()), OutputFile::beside(file_->name(), ".retry"), 0, earlier.items});
  }
  return earlier;
}

void LinesWriter::copy_until(std::int64_t item) {
  for (; retry_->next < item; ++retry_->next) retry_->fresh->append(retry_->lines.next().value());
}

void LinesWriter::end_retry() {
  copy_until(retry_->end);
  retry_->fresh->finish();
  retry_->fresh->rename_to(file_->name());
  file_ = std::move(retry_->fresh);
  retry_.reset();
}

void LinesWriter::write(Result& result, const ItemFields& fields) {
  if (retry_ && fields.item >= retry_->end) end_retry();
  if (retry_) {
    copy_until(fields.item);
    retry_->lines.next();
    ++retry_->next;
  }
  (retry_ ? *retry_->fresh : beside_ ? *beside_ : *file_).append(line_of(result, fields));
}

void LinesWriter::finish() {
  if (retry_) end_retry();
  if (!beside_) file_->finish();
}

}  // namespace pipit::cli
