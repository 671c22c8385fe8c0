#include "lines_writer.h"

namespace pipit::cli {

void LinesWriter::begin(const std::vector<ColumnInfo>& outputs) {
  check_json_forms(outputs);
  file_->begin();
}

EarlierResults LinesWriter::resume(const std::vector<ColumnInfo>& outputs, bool retry_failed) {
  check_json_forms(outputs);
  EarlierResults earlier = EarlierResults::read(file_->name());
  file_->begin_behind(earlier.bytes);
  if (retry_failed && !earlier.failed.empty()) {
    retry_.emplace(Retry{ResultLines(file_->name()), OutputFile::beside(file_->name()), 0, earlier.items});
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
  (retry_ ? *retry_->fresh : *file_).append(line_of(result, fields));
}

void LinesWriter::finish() {
  if (retry_) end_retry();
  file_->finish();
}

}  // namespace pipit::cli
