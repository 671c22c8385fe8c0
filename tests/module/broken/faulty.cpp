// An operator that breaks one rule, as its argument says.
#include <pipit/operator.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <unistd.h>

namespace {

std::atomic<int> shared_rows{0};
char* volatile leaked = nullptr;

class Faulty {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Gives its text back, but for one fault.")
        .input("text", "string")
        .output("text", "string")
        .argument("fault",
                  "enum(none|crash_on_empty|exit|prints|remembers|shares|random|leaks|keeps|loops|message|size|ends|"
                  "throws|refuses|space)",
                  "none", "what it does wrong")
        .argument("size", "int", "1", "how large")
        .argument("how", "string", "", "how it ends the process, or with which code it fails every row")
        .refuses("shelf_full", "when there is no room");
  }
  ~Faulty() {
    if (fault_ == "ends" && how_ == "exit in the destructor") std::exit(0);
  }
  Faulty(const pipit::Arguments& arguments, pipit::Context&) : fault_(arguments.string("fault")) {
    if (fault_ == "size" && arguments.string("how").empty() && arguments.integer("size") < 0) std::abort();
    if (fault_ == "leaks") leaked = new char[1000];
    how_ = arguments.string("how");
    if (fault_ == "ends" && how_ == "exit in the constructor") std::exit(0);
    if (fault_ == "size" && how_ == "throws" && arguments.integer("size") < 0) throw std::length_error("too long");
  }
  std::string space() const {
    if (fault_ != "space") return "";
    if (how_ == "throws") throw std::runtime_error("no idea");
    return "space " + std::to_string(shared_rows++);
  }
  pipit::Value process(const pipit::Row& row) {
    std::string text(row[0].string());
    ++rows_;
    if (fault_ == "crash_on_empty" && text.empty()) std::abort();
    if (fault_ == "exit") std::exit(3);
    if (fault_ == "ends") end();
    if (fault_ == "throws") throw std::runtime_error("no such luck");
    if (fault_ == "refuses") throw pipit::Error(how_, "not today");
    if (fault_ == "prints") std::printf("debug: %s\n", text.c_str());
    if (fault_ == "remembers") text += std::to_string(rows_);
    if (fault_ == "shares") {
      const int mine = ++shared_rows;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (shared_rows != mine) text += "!";
      return text;
    }
    if (fault_ == "random") text += std::to_string(shared_rows++);
    if (fault_ == "keeps") (new pipit::Value(row[0]))->kind();
    if (fault_ == "message" && text.empty()) throw pipit::Error("", "");
    while (fault_ == "loops" && text.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return text;
  }

 private:
  void end() const {
    if (how_ == "exit") std::exit(0);
    if (how_ == "_exit") _exit(0);
    if (how_ == "quick_exit") std::quick_exit(0);
    if (how_ == "exit in a thread") std::thread([] { std::exit(0); }).join();
    if (how_ == "segfault") std::raise(SIGSEGV);
    if (how_ == "terminate") std::terminate();
    if (how_ == "kill") std::raise(SIGKILL);
    if (how_ == "exec") execl("/bin/true", "true", nullptr);
  }

  std::string fault_;
  std::string how_;
  int rows_ = 0;
};

}  // namespace

PIPIT_OPERATOR("test/faulty.worker", "1.0.0", "breaks one rule", Faulty);
