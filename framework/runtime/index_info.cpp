#include "runtime/index_info.h"

#include <algorithm>

namespace pipit {
namespace {

namespace fs = std::filesystem;

/// The value of a var, in a form that means the same in any folder.
std::string anywhere(const VarSpec& var, const Spec& spec) {
  const fs::path written_in = var.value.folder.empty() ? spec.folder : var.value.folder;
  const fs::path file = fs::absolute((var.value.from_outside ? fs::path() : written_in) / var.value.text);
  std::error_code error;
  return !var.value.text.empty() && fs::exists(file, error) ? file.lexically_normal().string() : var.value.text;
}

IndexInfo::Query query_of(const IndexSpec::Query& query, const Spec& spec) {
  IndexInfo::Query told{query.key, fs::absolute(query.file).lexically_normal(), {}};
  const Spec theirs = Spec::draft(query.file, {.unset_is_warning = true});
  for (const VarSpec& var : spec.vars) {
    const bool known = !var.value.told && var.value.unset.empty();
    if (!known || std::ranges::find(theirs.vars, var.name, &VarSpec::name) == theirs.vars.end()) continue;
    told.set.emplace_back("vars." + var.name, anywhere(var, spec));
  }
  return told;
}

}  // namespace

std::optional<IndexInfo> index_of(const Spec& spec) {
  if (!spec.index) return std::nullopt;
  IndexInfo info{spec.index->vector.text, {}};
  for (const IndexSpec::Query& query : spec.index->queries) {
    if (query.unset.empty()) info.queries.push_back(query_of(query, spec));
  }
  return info;
}

}  // namespace pipit
