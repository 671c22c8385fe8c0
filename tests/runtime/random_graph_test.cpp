// Random pipelines of the tests' operators: whatever the graph accepts must finish, with one result an item, in order,
// equal to what a plain evaluation row by row gives. Queues of one row make a deadlock show.
#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "pipelines.h"

namespace {

#ifdef PIPIT_TEST_ISOLATED
constexpr bool kIsolated = true;  // of some nodes the operators run in processes of their own
#else
constexpr bool kIsolated = false;
#endif

/// Where a row stands: its number among its siblings in each domain from the item down.
using Path = std::vector<int>;
/// The rows of a column, in order.
using Rows = std::map<Path, std::string>;

struct Column {
  std::string name;
  std::vector<int> domain;  // the domains that it lies in, outermost first; the item itself is empty
  Rows rows;                // of the item that is evaluated
};

bool inside(const std::vector<int>& domain, const std::vector<int>& outer) {
  return domain.size() >= outer.size() && std::equal(outer.begin(), outer.end(), domain.begin());
}

Path prefix(const Path& path, std::size_t depth) {
  return {path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth)};
}

const std::string& value_at(const Column& column, const Path& path) {
  return column.rows.at(prefix(path, column.domain.size()));
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// One node of a random pipeline. The operators: text.upper (which fails on "bad"), text.words, text.longer, text.pair,
/// text.join, text.zip, text.tag, text.every_second.
struct Node {
  std::string op;
  std::vector<int> in;  // columns
  std::vector<int> keep;
  std::vector<int> out;
  int size = 0;  // of windows by count, 0: all rows
  int step = 0;
  std::string keys;  // more of its YAML
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) { columns_.push_back({"text", {}, {}}); }

  void make() {
    const int nodes = 2 + pick(7);
    for (int i = 0; i < nodes; ++i) add_node();
  }

  /// With the hold that each node needs, as the graph tells it, or with none.
  std::string yaml(const std::set<std::size_t>& holds) const {
    std::string text = "\ninputs: {text: string}\nnodes:\n";
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      text += fmt::format("  - {{name: n{}, op: test/text.{}, in: [{}], out: [{}]{}{}", i, node.op, names(node.in),
                          names(node.out), node.keys, holds.contains(i) ? ", hold: {mib: 1}" : "");
      if (!node.keep.empty()) text += fmt::format(", keep: [{}]", names(node.keep));
      text += "}\n";
    }
    text += "outputs: [";
    for (std::size_t c = 0; c < columns_.size(); ++c) text += (c > 0 ? ", " : "") + columns_[c].name;
    return text + "]\n";
  }

  std::size_t nodes() const { return nodes_.size(); }

  /// The outcome of one item, as test::text_of prints it.
  std::string evaluate(const std::string& text) {
    for (Column& column : columns_) column.rows.clear();
    columns_[0].rows = {{{}, text}};
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (const std::string bad = evaluate(nodes_[i]); !bad.empty())
        return fmt::format("n{}: bad_text: '{}' is bad", i, bad);
    }
    std::string line;
    for (const Column& column : columns_) {
      line += fmt::format("{}{}=", line.empty() ? "" : " ", column.name);
      if (column.domain.empty()) {
        line += column.rows.begin()->second;
        continue;
      }
      std::string list = "[";
      for (const auto& [path, value] : column.rows) list += (list.size() > 1 ? " " : "") + value;
      line += list + "]";
    }
    return line;
  }

 private:
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  Column& at(int column) { return columns_[static_cast<std::size_t>(column)]; }

  std::string names(const std::vector<int>& columns) const {
    std::string text;
    for (int c : columns) text += (text.empty() ? "" : ", ") + columns_[static_cast<std::size_t>(c)].name;
    return text;
  }

  int new_column(std::vector<int> domain) {
    columns_.push_back({fmt::format("c{}", columns_.size()), std::move(domain), {}});
    return static_cast<int>(columns_.size()) - 1;
  }

  /// What collecting a domain's rows returns to: a filter's rows are collected as those that it read would be.
  std::vector<int> enclosing(std::vector<int> domain) const {
    while (!domain.empty() && selections_.contains(domain.back())) domain.pop_back();
    if (!domain.empty()) domain.pop_back();
    return domain;
  }

  /// Any column that lies around `domain`, or in it.
  int around(const std::vector<int>& domain) {
    for (;;) {
      const int column = pick(static_cast<int>(columns_.size()));
      if (inside(domain, at(column).domain)) return column;
    }
  }
  int in_domain(const std::vector<int>& domain) {
    for (;;) {
      const int column = pick(static_cast<int>(columns_.size()));
      if (at(column).domain == domain) return column;
    }
  }

  void add_node() {
    const char* ops[] = {"upper", "words", "words", "longer", "pair", "pair", "join", "zip", "tag", "every_second"};
    Node node;
    node.op = ops[pick(10)];
    const int first = pick(static_cast<int>(columns_.size()));
    const std::vector<int> domain = at(first).domain;
    const std::vector<int> parent = enclosing(domain);
    std::vector<int> opened = domain;
    node.in = {first};
    if (node.op == "upper") {
      node.out = {new_column(domain)};
    } else if (node.op == "words" || node.op == "every_second") {
      if (domain.size() > 2) return;
      if (node.op == "every_second") opened = parent;
      opened.push_back(next_domain_++);
      node.out = {new_column(opened)};
    } else if (node.op == "longer") {
      if (domain.size() > 2) return;
      node.keep = {first};
      for (int more = pick(3); more > 0; --more) node.keep.push_back(around(domain));
      selections_.insert(next_domain_);
      opened.push_back(next_domain_++);
      for (std::size_t k = 0; k < node.keep.size(); ++k) node.out.push_back(new_column(opened));
      node.keys = fmt::format(", args: {{than: {}}}", pick(4));
    } else if (node.op == "pair") {
      node.in.push_back(around(domain));
      if (pick(2) == 0) std::swap(node.in[0], node.in[1]);
      node.out = {new_column(domain)};
    } else {  // zip, join, tag
      node.in.push_back(node.op == "zip" ? in_domain(domain) : around(parent));
      opened = parent;
      if (node.op != "tag" && parent.size() < 3 && pick(2) == 0) {
        node.size = 1 + pick(4);
        node.step = 1 + pick(5);
        node.keys = fmt::format(", window: {{size: {}, step: {}}}", node.size, node.step);
        opened.push_back(next_domain_++);
      }
      node.out = {new_column(opened)};
    }
    if (pick(4) == 0) node.keys += fmt::format(", batch: {{max: {}, wait_ms: {}}}", 1 + pick(9), pick(3) == 0 ? 1 : 0);
    if (pick(4) > 0) node.keys += ", queue: {items: 1}";
    if (pick(4) == 0) node.keys += fmt::format(", replicas: {}", 2 + pick(2));
    if (kIsolated && pick(3) == 0) node.keys += ", isolate: process";
    nodes_.push_back(std::move(node));
  }

  /// Rows of a domain grouped by the row that encloses them; every row of the enclosing domain has its group, be it
  /// empty. Its rows are those of any column in it.
  std::map<Path, std::vector<Path>> groups(const Column& column) {
    std::map<Path, std::vector<Path>> groups;
    if (column.domain.empty()) return {{{}, {{}}}};
    const std::vector<int> parent = enclosing(column.domain);
    for (const Column& other : columns_) {
      if (other.domain != parent) continue;
      for (const auto& [path, value] : other.rows) groups[path];
      if (!other.rows.empty()) break;
    }
    for (const auto& [path, value] : column.rows) groups[prefix(path, parent.size())].push_back(path);
    return groups;
  }

  /// Empty, or the text that made the node fail.
  std::string evaluate(const Node& node) {
    const Column first = at(node.in[0]);
    Rows& out = at(node.out[0]).rows;
    if (node.op == "upper") {
      for (const auto& [path, value] : first.rows) {
        if (value.find("bad") != std::string::npos) return value;
        std::string loud = value;
        for (char& c : loud) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        out[path] = loud;
      }
    } else if (node.op == "words") {
      for (const auto& [path, value] : first.rows) {
        int n = 0;
        for (const std::string& word : split(value)) {
          Path inner = path;
          inner.push_back(n++);
          out[inner] = word;
        }
      }
    } else if (node.op == "longer") {
      const std::size_t than = static_cast<std::size_t>(node.keys[node.keys.find("than: ") + 6] - '0');
      for (const auto& [path, value] : first.rows) {
        if (value.size() <= than) continue;
        Path inner = path;
        inner.push_back(0);
        for (std::size_t k = 0; k < node.keep.size(); ++k) {
          at(node.out[k]).rows[inner] = value_at(columns_[static_cast<std::size_t>(node.keep[k])], path);
        }
      }
    } else if (node.op == "pair") {
      const Column a = at(node.in[0]);
      const Column b = at(node.in[1]);
      for (const auto& [path, value] : (a.domain.size() >= b.domain.size() ? a : b).rows) {
        out[path] = value_at(a, path) + "+" + value_at(b, path);
      }
    } else {
      const Column second = node.in.size() > 1 ? at(node.in[1]) : first;
      for (const auto& [group, rows] : groups(first)) {
        std::string text;
        int n = 0;
        for (std::size_t start = 0; node.size > 0 && start < rows.size();
             start += static_cast<std::size_t>(node.step)) {
          Path inner = group;
          inner.push_back(n++);
          for (std::size_t r = start; r < std::min(rows.size(), start + static_cast<std::size_t>(node.size)); ++r) {
            out[inner] += "/" + first.rows.at(rows[r]) + (node.op == "zip" ? ":" + second.rows.at(rows[r]) : "");
          }
          if (node.op == "join") out[inner] = value_at(second, group) + out[inner];
        }
        if (node.size > 0) continue;
        for (const Path& row : rows) {
          const std::string& value = first.rows.at(row);
          if (node.op == "zip") text += "/" + value + ":" + second.rows.at(row);
          if (node.op == "join" || node.op == "tag") text += "/" + value;
          if (node.op == "every_second" && n++ % 2 == 0) {
            Path inner = group;
            inner.push_back(n);
            out[inner] = value;
          }
        }
        if (node.op == "every_second") {
          Path inner = group;
          inner.push_back(n + 1);
          out[inner] = fmt::format("of {}", n);
        } else {
          const bool prefixed = node.op == "join" || (node.op == "tag" && !rows.empty());
          out[group] = (prefixed ? value_at(second, group) : "") + text;
        }
      }
    }
    return "";
  }

  std::mt19937 random_;
  std::vector<Column> columns_;
  std::vector<Node> nodes_;
  int next_domain_ = 0;
  std::set<int> selections_;  // domains that a filter opened
};

/// Ends the test program with a word when a pipeline takes too long.
class Watchdog {
 public:
  Watchdog(unsigned seed, const std::string& yaml)
      : thread_([this, seed, yaml] {
          std::unique_lock lock(mutex_);
          if (changed_.wait_for(lock, std::chrono::seconds(60), [this] { return done_; })) return;
          fmt::print(stderr, "seed {} did not finish:{}", seed, yaml);
          std::_Exit(1);
        }) {}
  ~Watchdog() {
    {
      const std::scoped_lock lock(mutex_);
      done_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_;
};

/// The YAML with the holds that the graph asks for.
std::string accepted(const Generator& generator) {
  std::set<std::size_t> holds;
  for (;;) {
    const std::string yaml = generator.yaml(holds);
    try {
      test::open(yaml);
      return yaml;
    } catch (const pipit::Error& e) {
      const std::size_t before = holds.size();
      std::istringstream lines(e.what());
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("    ")) continue;  // the source and the caret
        INFO(yaml);
        INFO(line);
        REQUIRE(line.find("say how much memory they may take") != std::string::npos);
        holds.insert(std::stoul(line.substr(line.find("node 'n") + 7)));
      }
      REQUIRE(holds.size() > before);
    }
  }
}

std::vector<std::string> random_texts(std::mt19937& random) {
  std::vector<std::string> texts;
  const int count = 3 + static_cast<int>(random() % 6);
  for (int i = 0; i < count; ++i) {
    std::string text;
    const auto words = random() % 4 == 0 ? random() % 150 : random() % 6;
    for (unsigned w = 0; w < words; ++w) {
      text += (w > 0 ? " " : "") + std::string(1 + random() % 5, static_cast<char>('a' + random() % 26));
      if (random() % 200 == 0) text += " bad";
    }
    texts.push_back(text);
  }
  return texts;
}

void run(unsigned seed) {
  Generator generator(seed);
  generator.make();
  if (generator.nodes() == 0) return;
  const std::string yaml = accepted(generator);
  const Watchdog watchdog(seed, yaml);
  CAPTURE(seed);
  CAPTURE(yaml);
  std::mt19937 random(seed);
  const std::vector<std::string> texts = random_texts(random);
  pipit::Pipeline pipeline = test::open(yaml);
  std::thread feeder([&] {
    for (const std::string& text : texts) pipeline.push({{"text", text}});
    pipeline.close();
  });
  std::size_t item = 0;
  while (const auto result = pipeline.next()) {
    CHECK(result->item == static_cast<std::int64_t>(item));
    if (item < texts.size()) {
      CAPTURE(texts[item]);
      const std::string expected = generator.evaluate(texts[item]);
      if (expected.find(": bad_text: ") == std::string::npos) {
        CHECK(test::text_of(*result) == expected);
      } else {
        // Of several nodes that would fail, the one that does so first stops the others.
        REQUIRE(result->error);
        CHECK(result->error->code == "bad_text");
      }
    }
    ++item;
  }
  feeder.join();
  CHECK(item == texts.size());
}

}  // namespace

TEST_CASE("random graphs: each finishes with the results of a plain evaluation") {
  const char* from = std::getenv("PIPIT_TEST_SEED");
  const char* count = std::getenv("PIPIT_TEST_GRAPHS");
  const unsigned first = from ? static_cast<unsigned>(std::strtoul(from, nullptr, 10)) : 1;
  const unsigned graphs = count ? static_cast<unsigned>(std::strtoul(count, nullptr, 10)) : kIsolated ? 60 : 300;
  for (unsigned seed = first; seed < first + graphs; ++seed) run(seed);
}
