#include "index/accelerator/neighbour_graph.h"

// It defines functions that are not inline: this is the one source that has it. Without its hints to the processor's
// cache, which read one place beyond the last neighbour of a row; distances are RowSpace's in any case.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/on_threads.h"
#include "index/scan/scan_kernel.h"
#include "pipit/error.h"

namespace pipit {
namespace {

constexpr std::size_t kSeed = 1;
constexpr std::int64_t kFewestStarts = 64;
constexpr std::int64_t kMostStarts = 4096;

/// What hnswlib keeps of a row: its code, and behind it the scale.
class RowSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit RowSpace(std::int64_t dimension) : dimension_(static_cast<std::size_t>(dimension)) {}
  std::size_t get_data_size() override { return bytes(); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance; }
  void* get_dist_func_param() override { return &dimension_; }

  void keep(const CodedRows& rows, std::int64_t row, std::vector<std::int8_t>& into) const {
    const auto at = static_cast<std::size_t>(row);
    into.resize(bytes());
    std::memcpy(into.data(), rows.codes.data() + at * dimension_, dimension_);
    std::memcpy(into.data() + dimension_, &rows.scales[at], sizeof(float));
  }

 private:
  /// Of a row: whole words, since hnswlib's lists of neighbours lie between the rows.
  std::size_t bytes() const {
    constexpr std::size_t kWord = sizeof(float);
    return (dimension_ + kWord - 1) / kWord * kWord + kWord;
  }
  /// Smaller is nearer.
  static float distance(const void* a, const void* b, const void* dimension) {
    static const ScanKernel& kernel = scan_kernel();
    const std::size_t count = *static_cast<const std::size_t*>(dimension);
    const auto* first = static_cast<const std::int8_t*>(a);
    const auto* second = static_cast<const std::int8_t*>(b);
    float scales[2];
    std::memcpy(&scales[0], first + count, sizeof(float));
    std::memcpy(&scales[1], second + count, sizeof(float));
    const std::int32_t product = kernel.code_product_of_rows(first, second, static_cast<std::int64_t>(count));
    return -static_cast<float>(product) * scales[0] * scales[1];
  }

  std::size_t dimension_;
};

using Graph = hnswlib::HierarchicalNSW<float>;

void add_all(Graph& graph, const RowSpace& space, const CodedRows& rows, const GraphSettings& settings) {
  std::atomic<std::int64_t> next = 0;
  std::atomic<bool> canceled = false;
  on_threads(settings.threads, [&](std::int64_t thread) {
    std::vector<std::int8_t> kept;
    for (std::int64_t row = next++; row < rows.rows() && !canceled; row = next++) {
      space.keep(rows, row, kept);
      graph.addPoint(kept.data(), static_cast<hnswlib::labeltype>(row));
      if (thread == 0 && settings.progress && !settings.progress(row)) canceled = true;
    }
  });
  if (canceled) throw Error("canceled", "building the accelerator was canceled");
}

/// Rows of the higher levels, which hnswlib chose at random; of as high ones as gives enough of them.
std::vector<std::int32_t> starts_of(const Graph& graph) {
  const auto count = static_cast<std::int64_t>(graph.cur_element_count);
  std::vector<std::int32_t> starts;
  for (int level = graph.maxlevel_; level >= 0 && std::ssize(starts) < std::min(kFewestStarts, count); --level) {
    starts.clear();
    for (std::int64_t i = 0; i < count && std::ssize(starts) < kMostStarts; ++i) {
      if (graph.element_levels_[static_cast<std::size_t>(i)] < level) continue;
      starts.push_back(static_cast<std::int32_t>(graph.getExternalLabel(static_cast<hnswlib::tableint>(i))));
    }
  }
  std::ranges::sort(starts);
  return starts;
}

}  // namespace

NeighbourGraph build_graph(const CodedRows& rows, const GraphSettings& settings) {
  RowSpace space(rows.dimension);
  Graph graph(&space, static_cast<std::size_t>(rows.rows()), static_cast<std::size_t>(settings.links),
              static_cast<std::size_t>(settings.effort), kSeed);
  add_all(graph, space, rows, settings);

  NeighbourGraph built;
  built.width = static_cast<std::int64_t>(graph.maxM0_);
  built.links.assign(static_cast<std::size_t>(rows.rows() * built.width), NeighbourGraph::kNone);
  for (hnswlib::tableint i = 0; i < graph.cur_element_count; ++i) {
    hnswlib::linklistsizeint* const list = graph.get_linklist0(i);
    const auto* const linked = list + 1;
    std::int32_t* const into = built.links.data() + static_cast<std::int64_t>(graph.getExternalLabel(i)) * built.width;
    for (unsigned short n = 0; n < graph.getListCount(list); ++n) {
      into[n] = static_cast<std::int32_t>(graph.getExternalLabel(linked[n]));
    }
  }
  built.starts = starts_of(graph);
  return built;
}

}  // namespace pipit
