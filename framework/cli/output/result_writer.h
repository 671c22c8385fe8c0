// Where results go: JSON lines, a NumPy array with JSON lines beside it, or an index to search in.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/output/earlier_results.h"
#include "cli/output/result_line.h"
#include "cli/run/run_record.h"
#include "pipit/pipeline.h"

namespace pipit::cli {

/// What results are of.
struct RunToWrite {
  const Pipeline& pipeline;
  const RunRecord& record;
};

class ResultWriter {
 public:
  /// The form is told by the name's ending: see check_ending. `column` is the output that becomes the array, or the
  /// index's vectors; empty: the one that the pipeline's `index` names, or the only tensor. Opens for writing and
  /// leaves what is there until begin() or resume(). Throws pipit::Error
  /// (`output_failed`, `output_busy`).
  static std::unique_ptr<ResultWriter> open(const std::string& file, const std::string& column);
  /// Throws UsageError for a URL, and for an ending that says another form than is written.
  static void check_ending(const std::string& file);
  /// Whether a name is that of an index.
  static bool is_index(const std::string& file);
  /// Every file that is written for this one, itself not included.
  static std::vector<std::string> files_beside(const std::string& file);
  virtual ~ResultWriter() = default;

  /// Whether results stand in the file already.
  virtual bool has_results() const = 0;
  /// The pipeline is ready: throws pipit::Error (`invalid_pipeline`) when its outputs cannot be written in this form.
  /// Empties the file; with `beside` leaves it as it is and writes to another one until take_place().
  virtual void begin(const RunToWrite& run, bool beside) = 0;
  /// What was written beside the file takes its place.
  virtual void take_place() = 0;
  /// Instead of begin: goes on behind the whole lines that an earlier run left, and cuts off a torn tail. With
  /// `retry_failed` write() is first given the items of those lines that failed, in order, and puts each in its place;
  /// until the first later item, or finish(), the file is as it was. Throws pipit::Error (`invalid_input`).
  virtual EarlierResults resume(const RunToWrite& run, bool retry_failed) = 0;
  /// Instead of begin: goes on behind what other runs left, as a run of its own. Throws pipit::Error (`invalid_input`)
  /// where that does not go together; of a form that takes no second run, UsageError.
  virtual void append(const RunToWrite& run);
  /// Writes one item; one that cannot be written in this form gets an error. Throws pipit::Error (`output_failed`);
  /// nothing but whole lines is ever left in the file.
  virtual void write(Result& result, const ItemFields& fields) = 0;
  /// All is written: makes the file whole.
  virtual void finish() = 0;
  /// Whether what is written can be resumed: a file, no pipe or device.
  virtual bool can_resume() const = 0;
  /// Whether it keeps the record of its runs, and the digests of their items, itself.
  virtual bool keeps_record() const { return false; }
  /// The file with the lines of items that failed.
  virtual const std::string& lines_file() const = 0;
};

}  // namespace pipit::cli
