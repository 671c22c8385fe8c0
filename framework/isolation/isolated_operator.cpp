#include "isolation/isolated_operator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "module/thread_budget.h"
#include "value/value_table.h"

namespace pipit {

using Clock = std::chrono::steady_clock;

namespace {

/// How long a call may go on in silence when nobody wants its rows any more.
constexpr std::chrono::milliseconds kPatienceUnwanted{5000};

const Value& part(const Value& list, std::size_t at) {
  if (at >= list.list().size()) throw Error("invalid_input", fmt::format("a list of {} values", list.list().size()));
  return list.list()[at];
}

}  // namespace

/// An instance, and the process that it is in. Used by one thread at a time.
class IsolatedInstance {
 public:
  explicit IsolatedInstance(const pipit_create_request& request)
      : operator_(*request.context->isolated),
        context_(*request.context),
        arguments_(Value::borrow(request.arguments)) {
    create();
  }
  ~IsolatedInstance() {
    // Of a process that was lost on the way nothing is left to be destroyed.
    detail::contain(
        [&] {
          if (process_ == nullptr) return;
          ask(MessageKind::kDestroy, {}, MessageKind::kDone);
          operator_.give_back(std::move(process_));
        },
        [](const char*, const char*) {});
  }
  IsolatedInstance(const IsolatedInstance&) = delete;
  IsolatedInstance& operator=(const IsolatedInstance&) = delete;

  void process(const pipit_call& call) {
    std::vector<Value> columns;
    for (std::uint32_t c = 0; c < call.columns; ++c) {
      std::vector<Value> column;
      column.reserve(call.rows);
      for (std::uint32_t row = 0; row < call.rows; ++row) column.push_back(Value::borrow(call.inputs[c][row]));
      columns.push_back(Value::list(std::move(column)));
    }
    ready();
    begun_ = true;
    work(MessageKind::kProcess,
         Value::list({threads(), ports(call), static_cast<std::int64_t>(call.rows), Value::list(std::move(columns))}),
         call);
  }
  void finish(const pipit_call& call) {
    ready();
    work(MessageKind::kFinish, Value::list({threads(), ports(call)}), call);
  }

  std::string output_type(std::uint32_t port) const {
    return port < types_.list().size() ? std::string(types_.list()[port].string()) : "";
  }
  const Value& facts() const { return facts_; }
  std::string asked(MessageKind question) {
    ready();
    const Message answer = ask(question, {}, MessageKind::kText);
    std::string text;
    understood([&] { text = answer.body.string(); });
    return text;
  }

 private:
  /// A question under way. Whatever keeps its answer from being read, the process is not asked again.
  struct Awaited {
    explicit Awaited(IsolatedInstance& from) : instance(from) {}
    Awaited(const Awaited&) = delete;
    Awaited& operator=(const Awaited&) = delete;
    ~Awaited() {
      if (!answered && instance.process_ != nullptr) instance.give_up();
    }
    IsolatedInstance& instance;
    bool answered = false;
  };

  void create() {
    process_ = operator_.take_process();
    try {
      construct();
    } catch (...) {
      // What its next answer would be to is not known.
      if (process_ != nullptr) give_up();
      throw;
    }
  }

  void construct() {
    const OperatorModule& module = operator_.module();
    const Message created = ask(MessageKind::kCreate,
                                Value::list({module.file.string(), context_.node, module.note.name, context_.place,
                                             static_cast<std::int64_t>(context_.threads), arguments_}),
                                MessageKind::kCreated);
    understood([&] {
      types_ = part(created.body, 0);
      for (const Value& type : types_.list()) static_cast<void>(type.string());
      facts_ = part(created.body, 1);
    });
  }

  /// A process that was lost is replaced; with it what an instance of an item knew of the rows before.
  void ready() {
    if (process_ != nullptr) return;
    if (begun_ && operator_.module().signature.per_item) throw Error("operator_failed", lost_);
    context_.monitor->count("processes_restarted", 1);
    create();
  }

  std::int64_t threads() const {
    // Only who runs threads of its own takes those that nobody uses.
    const bool asks = operator_.module().signature.uses_threads;
    return asks ? ThreadBudget::take(context_.threads) : context_.threads;
  }

  static std::int64_t ports(const pipit_call& call) {
    return static_cast<std::int64_t>(call.emitter->sink->output_ports());
  }

  /// Sends a question outside of a call, and waits for its answer.
  Message ask(MessageKind question, const Value& body, MessageKind answer) {
    patience_ = operator_.limits_.silence;
    unwanted_ = false;
    send(question, body);
    Awaited awaited(*this);
    for (;;) {
      Message message = next([] {});
      awaited.answered = message.kind == answer || message.kind == MessageKind::kFailed;
      if (message.kind == answer) return message;
      if (!is_news(message)) misunderstood("an answer of another kind");
    }
  }

  /// One call: passes on what the operator emits, until it returns.
  void work(MessageKind kind, const Value& body, const pipit_call& call) {
    const pipit_host& host = host_table();
    patience_ = operator_.limits_.silence;
    unwanted_ = false;
    const auto tell_to_stop = [&] {
      if (unwanted_ || host.stop_requested(call.emitter) == 0) return;
      unwanted_ = true;
      patience_ = std::min(patience_, kPatienceUnwanted);
      send(MessageKind::kStop, {});
    };
    send(kind, body);
    Awaited awaited(*this);
    for (;;) {
      Message message = next(tell_to_stop);
      awaited.answered = message.kind == MessageKind::kDone || message.kind == MessageKind::kFailed;
      if (message.kind == MessageKind::kDone) return;
      if (message.kind == MessageKind::kEmit) {
        bool more = false;
        understood([&] { more = emit(message.body, call); });
        send(MessageKind::kMore, more);
      } else if (message.kind == MessageKind::kFail) {
        understood([&] {
          host.fail(call.emitter, row_of(part(message.body, 0), call),
                    std::string(part(message.body, 1).string()).c_str(),
                    std::string(part(message.body, 2).string()).c_str());
        });
      } else if (!is_news(message)) {
        misunderstood("an answer of another kind");
      }
    }
  }

  static std::uint32_t row_of(const Value& row, const pipit_call& call) {
    if (row.integer() < 0 || row.integer() >= std::max<std::int64_t>(call.rows, 1)) {
      throw Error("invalid_input", fmt::format("row {} of a call with {}", row.integer(), call.rows));
    }
    return static_cast<std::uint32_t>(row.integer());
  }

  static bool emit(const Value& body, const pipit_call& call) {
    const std::uint32_t row = row_of(part(body, 0), call);
    const auto outputs = part(body, 1).list();
    std::vector<pipit_value> given;
    given.reserve(outputs.size());
    for (const Value& output : outputs) given.push_back(Value(output).detach());
    return host_table().emit_values(call.emitter, row, given.data(), static_cast<std::uint32_t>(given.size())) == 0;
  }

  /// What may come at any time. Throws pipit::Error for an error of the operator.
  bool is_news(const Message& message) {
    switch (message.kind) {
      case MessageKind::kWarn:
        understood([&] { context_.monitor->warn(std::string(message.body.string())); });
        return true;
      case MessageKind::kCount:
        understood([&] { context_.monitor->count(part(message.body, 0).string(), part(message.body, 1).integer()); });
        return true;
      case MessageKind::kFailed: {
        std::string code;
        std::string text;
        understood([&] {
          code = part(message.body, 0).string();
          text = part(message.body, 1).string();
        });
        throw Error(code, text);
      }
      default:
        return false;
    }
  }

  void send(MessageKind kind, const Value& body) {
    if (!process_->channel().send(kind, body)) lose(process_->how_it_ended());
  }

  /// The next message. While there is none, `meanwhile` is called now and then.
  template <class Meanwhile>
  Message next(Meanwhile&& meanwhile) {
    constexpr std::chrono::milliseconds kNowAndThen{50};
    const Clock::time_point since = Clock::now();
    for (;;) {
      Message message;
      Channel::Got got{};
      understood([&] { got = process_->channel().receive(message, std::min(patience_, kNowAndThen)); });
      if (got == Channel::Got::kMessage) return message;
      if (got == Channel::Got::kGone) lose(process_->how_it_ended());
      meanwhile();
      if (Clock::now() - since < patience_) continue;
      give_up();
      const std::string silent = fmt::format(
          "operator '{}' gave no sign of life for {:g} s, so that its process was ended; if it needs longer, raise "
          "'isolate: {{seconds: …}}'",
          context_.op, std::chrono::duration<double>(patience_).count());
      if (!unwanted_) lost(silent);
      // Its items have failed elsewhere: nothing is to be said of them here.
      lost_ = silent;
      return {MessageKind::kDone, {}};
    }
  }

  /// Runs what reads a message: what it throws is the sender's fault, but for a lack of memory.
  template <class Read>
  void understood(Read&& read) {
    try {
      read();
    } catch (const Error& e) {
      misunderstood(e.what());
    }
  }

  [[noreturn]] void lose(const std::string& how) {
    lost(fmt::format("operator '{}' ended its process {}; its memory is bounded to {} MiB by 'isolate'", context_.op,
                     how, operator_.limits_.memory >> 20));
  }
  [[noreturn]] void misunderstood(const std::string& what) {
    give_up();
    lost(fmt::format("operator '{}' sent what is no message, so that its process was ended: {}", context_.op, what));
  }
  void give_up() {
    process_->kill();
    process_.reset();
  }
  [[noreturn]] void lost(const std::string& message) {
    process_.reset();
    lost_ = message;
    throw Error("operator_failed", message);
  }

  IsolatedOperator& operator_;
  pipit_context& context_;
  const Value arguments_;
  std::unique_ptr<OperatorProcess> process_;  // null: lost
  std::string lost_;                          // the last one: how
  bool begun_ = false;                        // it has seen rows
  std::chrono::milliseconds patience_{};      // with the question under way
  bool unwanted_ = false;                     // nobody wants rows of the call under way any more
  Value types_ = Value::list({});             // of its outputs
  Value facts_;
};

namespace {

IsolatedInstance& as_instance(void* instance) {
  return *static_cast<IsolatedInstance*>(instance);
}

/// 0, or 1 with what the step threw as the error.
template <class Step>
int status_of(pipit_error* error, Step&& step) {
  return detail::contain(step,
                         [&](const char* code, const char* message) { host_table().set_error(error, code, message); })
             ? 0
             : 1;
}

void set_text(pipit_text* to, const std::string& text) {
  host_table().set_text(to, text.data(), text.size());
}

pipit_operator proxy_table() {
  pipit_operator table{};
  table.struct_size = sizeof(table);
  table.create = [](const pipit_create_request* request, void** instance, pipit_error* error) {
    return status_of(error, [&] { *instance = new IsolatedInstance(*request); });
  };
  table.destroy = [](void* instance) { delete &as_instance(instance); };
  table.process = [](void* instance, const pipit_call* call, pipit_error* error) {
    return status_of(error, [&] { as_instance(instance).process(*call); });
  };
  table.finish = [](void* instance, const pipit_call* call, pipit_error* error) {
    return status_of(error, [&] { as_instance(instance).finish(*call); });
  };
  table.output_type = [](void* instance, std::uint32_t port, pipit_text* type) {
    return status_of(nullptr, [&] { set_text(type, as_instance(instance).output_type(port)); });
  };
  table.report = [](void* instance, pipit_value* facts, pipit_error*) {
    *facts = Value(as_instance(instance).facts()).detach();
    return 0;
  };
  table.space = [](void* instance, pipit_text* name, pipit_error* error) {
    return status_of(error, [&] { set_text(name, as_instance(instance).asked(MessageKind::kSpace)); });
  };
  table.takes_space = [](void* instance, pipit_text* name, pipit_error* error) {
    return status_of(error, [&] { set_text(name, as_instance(instance).asked(MessageKind::kTakesSpace)); });
  };
  return table;
}

}  // namespace

IsolatedOperator::IsolatedOperator(const OperatorDescription& op, const IsolationLimits& limits)
    : module_{op.file, op.note, op.signature, nullptr}, table_(proxy_table()), limits_(limits) {
  runtime_table();  // what is emitted goes through it
  module_.table = &table_;
}

IsolatedOperator::~IsolatedOperator() = default;

std::unique_ptr<OperatorProcess> IsolatedOperator::take_process() {
  {
    const std::scoped_lock lock(mutex_);
    while (!idle_.empty()) {
      auto process = std::move(idle_.back());
      idle_.pop_back();
      if (process->is_running()) return process;
    }
  }
  return std::make_unique<OperatorProcess>(limits_);
}

void IsolatedOperator::give_back(std::unique_ptr<OperatorProcess> process) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(process));
}

}  // namespace pipit
