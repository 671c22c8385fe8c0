// All that is served, opened once; a reload opens another one beside it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pipit/server.h"
#include "server/indexed.h"
#include "server/model.h"

namespace pipit::server {

class House {
 public:
  /// Opens every pipeline and index. Throws pipit::Error.
  explicit House(const ServerOptions& options);

  const std::map<std::string, std::shared_ptr<Model>>& models() const { return models_; }
  const std::map<std::string, std::shared_ptr<Indexed>>& indexes() const { return indexes_; }
  /// Throw Refusal (404) that lists what there is.
  Model& model(const std::string& name) const;
  Indexed& index(const std::string& name) const;

 private:
  void add(const std::string& name, Pipeline pipeline);

  std::map<std::string, std::shared_ptr<Model>> models_;
  std::map<std::string, std::shared_ptr<Indexed>> indexes_;
};

}  // namespace pipit::server
