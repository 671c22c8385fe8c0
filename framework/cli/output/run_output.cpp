#include "cli/output/run_output.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/counted.h"
#include "cli/command.h"

namespace pipit::cli {

RunOutput::RunOutput(Choices choices)
    : choices_(std::move(choices)), writer_(ResultWriter::open(choices_.file, choices_.column)) {
  if (!writer_->can_resume()) {
    if (choices_.resume) {
      throw UsageError("--resume needs --output FILE.jsonl or FILE.npy, a file that can be read again");
    }
    return;
  }
  has_results_ = writer_->has_results();
  if (has_results_ && !choices_.resume && !choices_.overwrite && !choices_.append) {
    throw UsageError(
        fmt::format("--output '{}': results are there already; go on with them by --resume, {}or replace "
                    "them by --overwrite",
                    choices_.file, writer_->keeps_record() ? "add to them by --append, " : ""));
  }
}

Selection RunOutput::begin(const Pipeline& pipeline, InputList& list, const std::string& inputs,
                           const std::string& name) {
  record_.emplace(pipeline, inputs, choices_.column, choices_.shard);
  const RunToWrite run{pipeline, *record_};
  if (writer_->can_resume() && !writer_->keeps_record()) record_file_.emplace(choices_.file);
  if (has_results_ && choices_.resume) return go_on(run, list, name);
  if (has_results_ && choices_.append) {
    writer_->append(run);
    return {};
  }
  beside_ = has_results_;
  writer_->begin(run, beside_);
  if (!beside_ && record_file_) record_file_->write(*record_);
  return {};
}

EarlierResults RunOutput::read_earlier(const RunToWrite& run, const std::string& name) {
  if (!record_file_) return writer_->resume(run, choices_.retry_failed);
  const std::vector<std::uint64_t> digests = record_file_->check(run.record);
  EarlierResults earlier = writer_->resume(run, choices_.retry_failed);
  if (digests.empty() && earlier.items > 0) {
    fmt::print(stderr,
               "warning: '{}' was written by an earlier pipit and does not know the items of '{}'; whether they are "
               "still the same is not checked\n",
               RecordFile::name_of(choices_.file), name);
  }
  earlier.digests.assign(digests.begin(), digests.end());
  earlier.digests.resize(static_cast<std::size_t>(earlier.items));
  return earlier;
}

Selection RunOutput::go_on(const RunToWrite& run, InputList& list, const std::string& name) {
  const EarlierResults earlier = read_earlier(run, name);
  std::vector<std::uint64_t> digests;
  Selection selection;
  selection.done = earlier.items;
  auto failed = earlier.failed.begin();
  for (std::int64_t item = 0; item < earlier.items; ++item) {
    auto input = list.next();
    if (!input) {
      throw Error("invalid_input", fmt::format("cannot resume '{}': it has {}, '{}' has {}", choices_.file,
                                               counted(earlier.items, "result"), name, counted(item, "item")));
    }
    const std::uint64_t digest = input->digest();
    const bool has_failed = failed != earlier.failed.end() && *failed == item;
    // A line may have been the fault of its item.
    const bool may_differ = has_failed && choices_.retry_failed;
    digests.push_back(digest);
    if (!may_differ && earlier.digests[static_cast<std::size_t>(item)].value_or(digest) != digest) {
      const std::string where = input->line > 0 ? fmt::format("line {} of '{}'", input->line, name)
                                                : fmt::format("item {} of '{}', '{}',", item, name, input->text);
      throw Error("invalid_input",
                  fmt::format("cannot resume '{}': {} is not what the result of item {} was made from; {}. Start anew "
                              "with --overwrite, or name another --output",
                              choices_.file, where, item,
                              has_failed ? "that item failed, and --retry-failed takes what stands there now"
                                         : "items may be added at the end only"));
    }
    if (!has_failed) continue;
    ++failed;
    if (choices_.retry_failed) {
      selection.again.emplace_back(item, std::move(*input));
    } else {
      ++selection.failed;
    }
  }
  if (record_file_) record_file_->go_on(digests);
  recorded_ = earlier.items;
  return selection;
}

void RunOutput::write(Result& result, const ItemFields& fields) {
  if (beside_) {
    writer_->write(result, fields);
    // Whatever ends the program here: results never stand beside the record of another run.
    if (record_file_) record_file_->remove();
    writer_->take_place();
    beside_ = false;
    if (record_file_) record_file_->write(*record_, {fields.digest});
    ++recorded_;
    return;
  }
  if (record_file_ && fields.item >= recorded_) {
    record_file_->add(fields.digest);
    ++recorded_;
  }
  writer_->write(result, fields);
}

}  // namespace pipit::cli
