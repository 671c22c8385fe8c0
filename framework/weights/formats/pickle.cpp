#include "weights/formats/pickle.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

// Opcodes: CPython's Lib/pickletools.py. Those of protocols 0 and 1 that no later writer uses are left out.

namespace pipit::weights::pickle {
namespace {

enum class Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kNone = 'N',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kBinFloat = 'G',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBuild = 'b',
  kGlobal = 'c',
  kAppend = 'a',
  kAppends = 'e',
  kList = 'l',
  kEmptyList = ']',
  kDict = 'd',
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kTuple = 't',
  kEmptyTuple = ')',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

constexpr std::uint64_t kMostSteps = 2'000'000;  // the training checkpoint of a ViT-B/32 takes 30,000
constexpr std::size_t kMostDimensions = 16;

// Nothing is ever called, so this list protects nobody; it is there to tell the user what the file tried.
bool only_an_attack_names(const Global& global) {
  static constexpr std::array kModules = {"os",    "posix",  "nt",  "subprocess", "sys",       "socket", "shutil",
                                          "runpy", "ctypes", "pty", "commands",   "importlib", "pip"};
  static constexpr std::array kBuiltins = {"eval", "exec", "execfile", "compile", "open", "__import__"};
  std::string_view package = global.module.substr(0, global.module.find('.'));
  if (package == "builtins" || package == "__builtin__") return std::ranges::count(kBuiltins, global.name) > 0;
  return std::ranges::count(kModules, package) > 0;
}

std::optional<DType> storage_dtype(const Global& global) {
  if (global.module == "torch" || global.module == "torch.cuda") return find_dtype(&DTypeInfo::storage, global.name);
  return std::nullopt;
}

class Reader {
 public:
  Reader(Bytes bytes, std::uint64_t place) : bytes_(bytes), place_(place) {}

  Pickle read();

 private:
  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    damaged("byte {} of its pickle: {}", place_ + step_at_, fmt::format(format, std::forward<Args>(args)...));
  }

  // Bytes after the opcode.
  Bytes take(std::uint64_t size) {
    if (size > bytes_.size() - at_) refuse("cut short");
    Bytes taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }
  template <typename T>
  T take_number() {
    return load<T>(take(sizeof(T)), 0, "pickle");
  }
  std::string_view take_line();
  template <typename Length>
  std::string_view take_counted() {
    return as_text(take(take_number<Length>()));
  }

  // The stack. Nothing below the latest mark may be taken.
  void push(Value* value) { stack_.push_back(value); }
  template <typename T>
  void push_new(T&& content) {
    push(&pickle_.values.emplace_back(std::forward<T>(content)));
  }
  Value* pop();
  Value& top();
  std::vector<const Value*> pop_to_mark();
  template <typename T>
  T& expect(Value& value, std::string_view what) {
    if (auto* content = std::get_if<T>(&value)) return *content;
    refuse("expected {}, found {}", what, describe(value));
  }
  template <typename T>
  const T& expect(const Value& value, std::string_view what) const {
    if (const auto* content = std::get_if<T>(&value)) return *content;
    refuse("expected {}, found {}", what, describe(value));
  }

  // Bounds time and memory: every opcode is a step, and so is every value that one opcode copies.
  void charge(std::uint64_t steps) {
    steps_ += steps;
    if (steps_ > kMostSteps) refuse("more than {} steps, which no state dict takes", kMostSteps);
  }
  void step(Opcode opcode);
  void push_long(std::string_view little_endian);
  void push_global(std::string_view module, std::string_view name);
  void get(std::uint32_t index);
  void append(Value& to, const std::vector<const Value*>& items);
  void set_items(Value& to, const std::vector<const Value*>& items);
  void build();
  void load_persistent();

  // What calling `callee` with `arguments` gives.
  void call(const Value& callee, const Value& arguments);
  std::optional<Value> build_known(const Global& global, const Tuple& arguments);
  Tensor rebuild_tensor(const Tuple& arguments) const;
  Dict rebuild_dict(const Tuple& arguments);
  std::int64_t integer(const Value& value) const { return expect<std::int64_t>(value, "an integer"); }
  std::vector<std::int64_t> integers(const Value& value) const;

  Bytes bytes_;
  std::uint64_t place_;
  std::uint64_t at_ = 0;
  std::uint64_t step_at_ = 0;
  std::uint64_t steps_ = 0;
  bool stopped_ = false;
  std::vector<Value*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, Value*> memo_;
  Pickle pickle_;
};

Pickle Reader::read() {
  if (bytes_.empty() || Opcode(bytes_[0]) != Opcode::kProto) refuse("expected a pickle of protocol 2 to 5");
  while (!stopped_) {
    step_at_ = at_;
    charge(1);
    step(take_number<Opcode>());
  }
  pickle_.size = at_;
  return std::move(pickle_);
}

void Reader::step(Opcode opcode) {
  switch (opcode) {
    case Opcode::kProto: {
      auto protocol = take_number<std::uint8_t>();
      if (protocol < 2 || protocol > 5) refuse("protocol {}, expected 2 to 5", protocol);
      return;
    }
    case Opcode::kFrame:
      if (take_number<std::uint64_t>() > bytes_.size() - at_) refuse("a frame beyond the end");
      return;
    case Opcode::kStop:
      pickle_.root = pop();
      if (!stack_.empty()) refuse("{} values left over", stack_.size());
      stopped_ = true;
      return;

    case Opcode::kMark:
      return marks_.push_back(stack_.size());
    case Opcode::kPop:
      // Python's POP takes away a mark where there is nothing above it.
      if (!marks_.empty() && marks_.back() == stack_.size()) return marks_.pop_back();
      pop();
      return;
    case Opcode::kPopMark:
      pop_to_mark();
      return;
    case Opcode::kDup:
      return push(&top());

    case Opcode::kNone:
      return push_new(None{});
    case Opcode::kNewTrue:
      return push_new(true);
    case Opcode::kNewFalse:
      return push_new(false);
    case Opcode::kBinInt:
      return push_new(std::int64_t{take_number<std::int32_t>()});
    case Opcode::kBinInt1:
      return push_new(std::int64_t{take_number<std::uint8_t>()});
    case Opcode::kBinInt2:
      return push_new(std::int64_t{take_number<std::uint16_t>()});
    case Opcode::kLong1:
      return push_long(take_counted<std::uint8_t>());
    case Opcode::kLong4:
      return push_long(take_counted<std::uint32_t>());
    case Opcode::kBinFloat: {
      auto big_endian = take_number<std::uint64_t>();
      return push_new(std::bit_cast<double>(__builtin_bswap64(big_endian)));
    }
    case Opcode::kShortBinString:
    case Opcode::kShortBinUnicode:
      return push_new(Text{take_counted<std::uint8_t>()});
    case Opcode::kBinString:
    case Opcode::kBinUnicode:
      return push_new(Text{take_counted<std::uint32_t>()});
    case Opcode::kBinUnicode8:
      return push_new(Text{take_counted<std::uint64_t>()});
    case Opcode::kShortBinBytes:
      return push_new(Raw{take_counted<std::uint8_t>()});
    case Opcode::kBinBytes:
      return push_new(Raw{take_counted<std::uint32_t>()});
    case Opcode::kBinBytes8:
    case Opcode::kByteArray8:
      return push_new(Raw{take_counted<std::uint64_t>()});

    case Opcode::kEmptyTuple:
      return push_new(Tuple{});
    case Opcode::kTuple:
    case Opcode::kFrozenSet:
      return push_new(Tuple{pop_to_mark()});
    case Opcode::kTuple1:
    case Opcode::kTuple2:
    case Opcode::kTuple3: {
      Tuple tuple;
      tuple.items.resize(std::size_t(opcode) - std::size_t(Opcode::kTuple1) + 1);
      for (auto item = tuple.items.rbegin(); item != tuple.items.rend(); ++item) *item = pop();
      return push_new(std::move(tuple));
    }
    case Opcode::kEmptyList:
    case Opcode::kEmptySet:
      return push_new(List{});
    case Opcode::kList:
      return push_new(List{pop_to_mark()});
    case Opcode::kAppend: {
      const Value* item = pop();
      return append(top(), {item});
    }
    case Opcode::kAppends:
    case Opcode::kAddItems: {
      auto items = pop_to_mark();
      return append(top(), items);
    }
    case Opcode::kEmptyDict:
      return push_new(Dict{});
    case Opcode::kDict: {
      auto items = pop_to_mark();
      push_new(Dict{});
      return set_items(top(), items);
    }
    case Opcode::kSetItem: {
      const Value* value = pop();
      const Value* key = pop();
      return set_items(top(), {key, value});
    }
    case Opcode::kSetItems: {
      auto items = pop_to_mark();
      return set_items(top(), items);
    }

    case Opcode::kBinPut:
      memo_[take_number<std::uint8_t>()] = &top();
      return;
    case Opcode::kLongBinPut:
      memo_[take_number<std::uint32_t>()] = &top();
      return;
    case Opcode::kMemoize:
      memo_[static_cast<std::uint32_t>(memo_.size())] = &top();
      return;
    case Opcode::kBinGet:
      return get(take_number<std::uint8_t>());
    case Opcode::kLongBinGet:
      return get(take_number<std::uint32_t>());

    case Opcode::kGlobal: {
      std::string_view module = take_line();
      return push_global(module, take_line());
    }
    case Opcode::kStackGlobal: {
      const Value* name = pop();
      const Value* module = pop();
      return push_global(expect<Text>(*module, "a module's name").utf8, expect<Text>(*name, "a name").utf8);
    }
    case Opcode::kNewObjEx:
      pop();  // keyword arguments; no known class takes any
      [[fallthrough]];
    case Opcode::kReduce:
    case Opcode::kNewObj: {
      const Value* arguments = pop();
      const Value* callee = pop();
      return call(*callee, *arguments);
    }
    case Opcode::kBuild:
      return build();
    case Opcode::kBinPersId:
      return load_persistent();
  }
  refuse("opcode 0x{:02x}, which no state dict uses", static_cast<unsigned>(opcode));
}

std::string_view Reader::take_line() {
  std::string_view rest = as_text(bytes_.subspan(at_));
  std::size_t length = rest.find('\n');
  if (length == std::string_view::npos) refuse("cut short");
  at_ += length + 1;
  return rest.substr(0, length);
}

Value* Reader::pop() {
  Value* value = &top();
  stack_.pop_back();
  return value;
}

Value& Reader::top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) refuse("takes a value where there is none");
  return *stack_.back();
}

std::vector<const Value*> Reader::pop_to_mark() {
  if (marks_.empty()) refuse("goes back to a mark where there is none");
  auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<const Value*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void Reader::push_long(std::string_view little_endian) {
  if (little_endian.size() > sizeof(std::int64_t)) return push_new(Raw{little_endian});
  bool negative = !little_endian.empty() && (little_endian.back() & 0x80) != 0;
  std::int64_t number = negative ? -1 : 0;
  std::memcpy(&number, little_endian.data(), little_endian.size());
  push_new(number);
}

void Reader::push_global(std::string_view module, std::string_view name) {
  Global global{module, name};
  if (only_an_attack_names(global)) {
    fail("is hostile: byte {} of its pickle names {}, which would run code on loading; nothing was executed",
         place_ + step_at_, quote(name_of(global)));
  }
  push_new(global);
}

void Reader::get(std::uint32_t index) {
  auto found = memo_.find(index);
  if (found == memo_.end()) refuse("memo {} is not set", index);
  push(found->second);
}

void Reader::append(Value& to, const std::vector<const Value*>& items) {
  if (std::holds_alternative<Foreign>(to)) return;
  auto& list = expect<List>(to, "a list");
  list.items.insert(list.items.end(), items.begin(), items.end());
}

void Reader::set_items(Value& to, const std::vector<const Value*>& items) {
  if (items.size() % 2 != 0) refuse("a key without a value");
  if (std::holds_alternative<Foreign>(to)) return;
  auto& dict = expect<Dict>(to, "a dict");
  for (std::size_t i = 0; i < items.size(); i += 2) dict.entries.emplace_back(items[i], items[i + 1]);
}

void Reader::build() {
  const Value* state = pop();
  Value& object = top();
  if (auto* foreign = std::get_if<Foreign>(&object)) {
    foreign->state = state;
  } else if (!std::holds_alternative<Dict>(object) && !std::holds_alternative<Tensor>(object)) {
    // An OrderedDict's _metadata and a tensor's Python attributes are dropped; nothing else known has a state.
    refuse("sets a state on {}", describe(object));
  }
}

// PyTorch's persistent ids: ("storage", class, key, location, elements), in legacy files with a view or None behind.
void Reader::load_persistent() {
  const Value* id_value = pop();
  const auto& id = expect<Tuple>(*id_value, "a storage's tuple").items;
  if (id.size() < 5 || id.size() > 6 || expect<Text>(*id[0], "the word storage").utf8 != "storage") {
    refuse("a persistent id that is not a storage");
  }
  const auto& storage_class = expect<Global>(*id[1], "a storage class");
  auto dtype = storage_dtype(storage_class);
  if (!dtype) return push_new(Foreign{storage_class, place_ + step_at_});
  Storage storage{expect<Text>(*id[2], "a storage's key").utf8, *dtype, 0, integer(*id[4])};
  if (id.size() == 6 && !std::holds_alternative<None>(*id[5])) {
    const auto& view = expect<Tuple>(*id[5], "a storage's view").items;
    if (view.size() != 3) refuse("a storage's view of {} values, expected 3", view.size());
    storage.first = integer(*view[1]);
    storage.elements = integer(*view[2]);
  }
  if (storage.elements < 0 || storage.first < 0) refuse("a storage of {} elements", storage.elements);
  push_new(storage);
}

void Reader::call(const Value& callee, const Value& arguments) {
  if (const auto* foreign = std::get_if<Foreign>(&callee)) return push_new(Foreign{foreign->maker, place_ + step_at_});
  const auto& global = expect<Global>(callee, "a function or class");
  if (const auto* tuple = std::get_if<Tuple>(&arguments)) {
    if (auto known = build_known(global, *tuple)) return push_new(*std::move(known));
  }
  push_new(Foreign{global, place_ + step_at_});
}

std::optional<Value> Reader::build_known(const Global& global, const Tuple& arguments) {
  const auto& [module, name] = global;
  const auto& items = arguments.items;
  if (module == "collections" && name == "OrderedDict") return rebuild_dict(arguments);
  if (module == "collections" && name == "defaultdict") return Dict{};
  if (module == "torch._utils" && (name == "_rebuild_tensor_v2" || name == "_rebuild_tensor")) {
    if (items.size() >= 4 && std::holds_alternative<Storage>(*items[0])) return rebuild_tensor(arguments);
  }
  if (module == "torch._utils" && (name == "_rebuild_parameter" || name == "_rebuild_parameter_with_state")) {
    if (!items.empty() && std::holds_alternative<Tensor>(*items[0])) return *items[0];
  }
  // A tensor with Python attributes: (function, type, its arguments, the attributes).
  if (module == "torch._tensor" && name == "_rebuild_from_type_v2" && items.size() == 4) {
    const auto* inner = std::get_if<Global>(items[0]);
    const auto* inner_arguments = std::get_if<Tuple>(items[2]);
    if (inner != nullptr && inner_arguments != nullptr && inner->module == "torch._utils") {
      return build_known(*inner, *inner_arguments);
    }
  }
  return std::nullopt;
}

Tensor Reader::rebuild_tensor(const Tuple& arguments) const {
  const auto& items = arguments.items;
  Tensor tensor{std::get<Storage>(*items[0]), integer(*items[1]), integers(*items[2]), integers(*items[3])};
  if (tensor.shape.size() != tensor.strides.size()) {
    refuse("a tensor of {} sizes and {} strides", tensor.shape.size(), tensor.strides.size());
  }
  return tensor;
}

// OrderedDict() is filled later; OrderedDict([[key, value], …]) is Python 2's way.
Dict Reader::rebuild_dict(const Tuple& arguments) {
  Dict dict;
  if (arguments.items.empty()) return dict;
  const auto& pairs = expect<List>(*arguments.items[0], "a list of pairs").items;
  charge(pairs.size());
  for (const Value* pair : pairs) {
    const auto* list = std::get_if<List>(pair);
    const auto& items = list != nullptr ? list->items : expect<Tuple>(*pair, "a pair").items;
    if (items.size() != 2) refuse("expected a pair, found {} values", items.size());
    dict.entries.emplace_back(items[0], items[1]);
  }
  return dict;
}

std::vector<std::int64_t> Reader::integers(const Value& value) const {
  const auto& items = expect<Tuple>(value, "a tuple of integers").items;
  if (items.size() > kMostDimensions) refuse("a tensor of {} dimensions", items.size());
  std::vector<std::int64_t> numbers;
  for (const Value* item : items) numbers.push_back(integer(*item));
  return numbers;
}

}  // namespace

const Value* find(const Dict& dict, std::string_view key) {
  for (const auto& [name, value] : dict.entries) {
    const auto* text = std::get_if<Text>(name);
    if (text != nullptr && text->utf8 == key) return value;
  }
  return nullptr;
}

std::string name_of(const Global& global) {
  return fmt::format("{}.{}", global.module, global.name);
}

std::string describe(const Value& value) {
  struct Words {
    std::string operator()(None) const { return "None"; }
    std::string operator()(bool) const { return "a bool"; }
    std::string operator()(std::int64_t) const { return "an integer"; }
    std::string operator()(double) const { return "a float"; }
    std::string operator()(const Text&) const { return "a string"; }
    std::string operator()(const Raw&) const { return "bytes"; }
    std::string operator()(const Tuple&) const { return "a tuple"; }
    std::string operator()(const List&) const { return "a list"; }
    std::string operator()(const Dict&) const { return "a dict"; }
    std::string operator()(const Global& global) const { return "the name " + quote(name_of(global)); }
    std::string operator()(const Storage&) const { return "a storage"; }
    std::string operator()(const Tensor&) const { return "a tensor"; }
    std::string operator()(const Foreign& foreign) const {
      return fmt::format("a {} object (byte {} of the pickle)", quote(name_of(foreign.maker)), foreign.place);
    }
  };
  return std::visit(Words{}, static_cast<const Value::variant&>(value));
}

Pickle read(Bytes bytes, std::uint64_t place) {
  return Reader(bytes, place).read();
}

}  // namespace pipit::weights::pickle
