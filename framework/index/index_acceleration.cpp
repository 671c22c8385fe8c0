// An accelerator for the rows that an index has.
#include <fmt/format.h>

#include <chrono>

#include "index/accelerator/accelerator_writer.h"
#include "index/accelerator/tuning.h"
#include "index/index.h"
#include "index/index_writer.h"
#include "pipit/error.h"

namespace pipit {
namespace {

void require_recall(const Tuning& tuning, const TuneSettings& settings, const std::string& index) {
  const Tuning::Try& best = tuning.best();
  if (best.recall >= settings.recall) return;
  throw Error(
      "recall_too_low",
      fmt::format("an accelerator of index '{}' finds {:.1f} % of the right answers, expected {:.1f} %, when it "
                  "looks at {} rows for a query, which costs as much as to look at all; nothing was changed: "
                  "ask for more links, or for a lower recall",
                  index, best.recall * 100, settings.recall * 100, best.effort));
}

}  // namespace

Tuning IndexWriter::accelerate(std::span<const float> queries, const TuneSettings& settings) {
  const auto start = std::chrono::steady_clock::now();
  const Index index = Index::open(path_);
  IndexManifest next = manifest_;
  const std::string name = next_name(next);
  try {
    next.accelerator = write_accelerator(index, folder_->make_inner(Accelerator::kFolder), name, settings.graph);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    Tuning tuning = measure(index, Accelerator(*folder_, next), queries, settings);
    require_recall(tuning, settings, path_.string());
    tuning.build_seconds = taken.count();
    for (const auto& [file, sum] : next.accelerator->files) tuning.bytes += sum.bytes;
    next.accelerator->effort = tuning.best().effort;
    next.accelerator->k = settings.k;
    next.accelerator->recall = tuning.best().recall;
    next.accelerator->queries = tuning.queries;
    folder_->sync();
    put(std::move(next));
    return tuning;
  } catch (...) {
    // A manifest that may stand on the disk may name what was written.
    if (!unsure_) clear_accelerators();
    throw;
  }
}

}  // namespace pipit
