// A pipeline that is asked by strangers: it stays open, and their items share its batches.
#pragma once

#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pipit/pipeline.h"
#include "server/http/message.h"
#include "server/media.h"

namespace pipit::server {

/// One item on its way, with the files that it reads.
struct Running {
  std::future<Result> result;
  /// Open until the item is done, also when nobody waits for it any longer.
  std::shared_ptr<std::vector<OpenFile>> files = std::make_shared<std::vector<OpenFile>>();
  std::vector<std::pair<std::string, std::string>> names;  // of files: as the pipeline knows them, as the client does
};

class Model {
 public:
  Model(std::string name, Pipeline pipeline) : name_(std::move(name)), pipeline_(std::move(pipeline)) {
    inputs_ = pipeline_.inputs();
    outputs_ = pipeline_.outputs();
  }

  const std::string& name() const { return name_; }
  const std::vector<ColumnInfo>& inputs() const { return inputs_; }
  const std::vector<ColumnInfo>& outputs() const { return outputs_; }
  std::vector<NodeStats> stats() const { return pipeline_.stats(); }

  /// Whether it embeds: one input, a text or a file, and one vector a row of it.
  bool embeds() const { return vector() != nullptr && inputs_.size() == 1; }
  /// The output that is the vector; null: there is not exactly one.
  const ColumnInfo* vector() const;
  bool takes_files() const;

  /// `running` has the files that the inputs name.
  void submit(Inputs inputs, Running& running) const;
  /// Waits for an item, at most until then. Throws Refusal: 504, and for one that failed what `refusal_of` says.
  static Result take(Running& running, Clock::time_point deadline);

 private:
  std::string name_;
  mutable Pipeline pipeline_;  // submit() may be called from any thread
  std::vector<ColumnInfo> inputs_;
  std::vector<ColumnInfo> outputs_;
};

/// An item's error as the answer to a request for that item alone.
Refusal refusal_of(const ItemError& error);

/// A file that a client names or sends: a path below a media root, or "data:video/mp4;base64,…". Throws Refusal.
OpenFile open_media(const std::string& text, const MediaRoots& roots);

}  // namespace pipit::server
