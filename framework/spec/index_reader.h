// The `index` section of a pipeline file.
#pragma once

#include <string>
#include <vector>

#include "spec/forms.h"
#include "spec/spec.h"
#include "spec/variables.h"

namespace pipit {

/// Reads `{vector: COLUMN, text: FILE.yaml, image: FILE.yaml, video: FILE.yaml}` into a Spec, the files relative to it.
class IndexReader {
 public:
  IndexReader(Spec& spec, const Variables& variables)
      : spec_(spec), faults_(spec.faults), forms_(spec.faults), variables_(variables) {}

  void read(const YamlNode& index);

 private:
  void read_vector(const YamlNode& index, IndexSpec& into);
  void read_query(const std::string& key, const YamlNode& file, IndexSpec& into);

  Spec& spec_;
  Faults& faults_;
  Forms forms_;
  const Variables& variables_;
};

}  // namespace pipit
