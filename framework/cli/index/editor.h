// An index that is there and is to be changed.
#pragma once

#include <string>

#include "index/index.h"
#include "index/index_writer.h"

namespace pipit::cli {

/// Its writer, which keeps other writers out as long as it lives. Throws pipit::Error as Index::open() and IndexWriter.
class Editor {
 public:
  explicit Editor(const std::string& path) : there_(Index::open(path)), writer_(path) {
    writer_.go_on(writer_.existing()->settings);
  }
  IndexWriter& writer() { return writer_; }

 private:
  Index there_;  // first of all: a writer would make a folder
  IndexWriter writer_;
};

}  // namespace pipit::cli
