#include "result_writer.h"

#include "lines_writer.h"
#include "numpy_writer.h"

namespace pipit::cli {

std::unique_ptr<ResultWriter> ResultWriter::open(const std::string& file) {
  if (file.ends_with(".npy")) return std::make_unique<NumpyWriter>(file);
  return std::make_unique<LinesWriter>(file);
}

}  // namespace pipit::cli
