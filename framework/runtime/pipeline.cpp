#include "pipit/pipeline.h"

#include <utility>

#include "module/function_operator.h"
#include "runtime/index_info.h"
#include "runtime/running_pipeline.h"

namespace pipit {
namespace {

Spec::Options spec_options(const Options& options) {
  Spec::Options out;
  for (const auto& [target, value] : options.set) out.overrides.push_back({target, value});
  return out;
}

Plan plan_of(Spec spec, const Options& options) {
  std::vector<std::shared_ptr<const OwnOperator>> own;
  for (const HostOperator& given : options.operators) own.push_back(std::make_shared<OwnOperator>(given));
  Plan plan =
      Plan::make(Graph::build(std::move(spec), OperatorPath(options.operator_path, std::move(own))), options.threads);
  for (const std::string& warning : plan.graph.warnings) {
    if (options.on_warning) options.on_warning(warning);
  }
  return plan;
}

}  // namespace

Pipeline::Pipeline(std::unique_ptr<Running> running) : running_(std::move(running)) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&& other) noexcept {
  const Pipeline before(std::exchange(running_, std::move(other.running_)));
  return *this;
}
Pipeline::~Pipeline() {
  // What the parent process still uses is left as it is.
  if (running_ != nullptr && running_->is_elsewhere()) static_cast<void>(running_.release());
}

Pipeline Pipeline::open(const std::filesystem::path& file, const Options& options) {
  return Pipeline(std::make_unique<Running>(plan_of(Spec::draft(file, spec_options(options)), options), options));
}

Pipeline Pipeline::parse(std::string_view yaml, const std::filesystem::path& folder, const Options& options) {
  return Pipeline(std::make_unique<Running>(
      plan_of(Spec::draft(yaml, "pipeline", folder, spec_options(options)), options), options));
}

std::vector<ColumnInfo> Pipeline::inputs() const {
  return running_->inputs();
}
std::vector<ColumnInfo> Pipeline::outputs() const {
  return running_->outputs();
}
Result Pipeline::call(Inputs inputs) {
  return submit(std::move(inputs)).get();
}

std::future<Result> Pipeline::submit(Inputs inputs) {
  auto promise = std::make_shared<std::promise<Result>>();
  submit(std::move(inputs), [promise](Result result) { promise->set_value(std::move(result)); });
  return promise->get_future();
}

void Pipeline::submit(Inputs inputs, std::function<void(Result)> done) {
  running_->check_process();
  auto item = running_->make_item(std::move(inputs));
  item->done = std::move(done);
  if (!running_->enter(item, false)) {
    Result result;
    result.error = ItemError{"", "cancelled", "the run was cancelled"};
    item->done(std::move(result));
  }
}

bool Pipeline::push(Inputs inputs) {
  running_->check_process();
  return running_->enter(running_->make_item(std::move(inputs)), true);
}

bool Pipeline::push_error(ItemError error) {
  running_->check_process();
  auto item = running_->make_item({});
  item->replace_error(std::move(error));
  return running_->enter(std::move(item), true);
}

void Pipeline::close() {
  if (!running_->is_elsewhere()) running_->close_stream();
}
std::optional<Result> Pipeline::next() {
  running_->check_process();
  return running_->next();
}
void Pipeline::cancel() {
  if (!running_->is_elsewhere()) running_->cancel();
}
std::vector<NodeStats> Pipeline::stats() const {
  running_->check_process();
  return running_->stats();
}
Value Pipeline::describe() const {
  return running_->plan().description;
}
std::optional<IndexInfo> Pipeline::index() const {
  return index_of(running_->plan().graph.spec);
}
std::string Pipeline::explain() const {
  return running_->plan().explain();
}

}  // namespace pipit
