#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "test_operators.h"

namespace test {

/// Does what the text says, as code that nobody trusts might, and tells how that went.
class Stranger {
 public:
  static pipit::Signature signature() {
    return pipit::Signature("Tries what the text says.").input("text", "string").output("text", "string");
  }
  Stranger(const pipit::Arguments&, pipit::Context& context) : context_(context) {}
  pipit::Value process(const pipit::Row& row) {
    std::istringstream words{std::string(row[0].string())};
    std::string what;
    std::string file;
    words >> what >> file;
    if (what == "hang") {
      for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    if (what == "hog")
      return static_cast<std::int64_t>(std::string(std::size_t{1} << 30, 'x').size()) > 0 ? "had it" : "";
    if (what == "crash") std::abort();
    if (what == "print") std::printf("printed\n");
    if (what == "warn") context_.warn("a warning");
    if (what == "thread") std::thread([] {}).join();
    if (what == "environment") return std::string(std::getenv("PIPIT_STRANGER") == nullptr ? "" : "there");
    if (what == "process") return static_cast<std::int64_t>(getpid()) > 0 ? std::to_string(getpid()) : "";
    return attempt(what, file);
  }

 private:
  static std::string attempt(const std::string& what, const std::string& file) {
    const int status = tried(what, file);
    return status < 0 ? std::strerror(errno) : "done";
  }
  static int tried(const std::string& what, const std::string& file) {
    if (what == "read") return open(file.c_str(), O_RDONLY);
    if (what == "write") return open(file.c_str(), O_WRONLY);
    if (what == "create") return open(file.c_str(), O_CREAT | O_RDONLY, 0600);
    if (what == "append") return std::fopen(file.c_str(), "a") == nullptr ? -1 : 0;
    if (what == "truncate") return truncate(file.c_str(), 0);
    if (what == "remove") return unlink(file.c_str());
    if (what == "rename") return rename(file.c_str(), (file + "2").c_str());
    if (what == "chmod") return chmod(file.c_str(), 0777);
    if (what == "folder") return mkdir(file.c_str(), 0700);
    if (what == "link") return symlink("/", file.c_str());
    if (what == "socket") return socket(AF_INET, SOCK_STREAM, 0);
    if (what == "fork") return fork();
    if (what == "program") return execl("/bin/true", "true", nullptr);
    if (what == "shell") return std::system("true") == 0 ? 0 : -1;
    if (what == "signal") return kill(getppid(), 0);
    if (what == "type") return ioctl(0, TIOCSTI, "x");
    if (what == "limit") {
      const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
      return setrlimit(RLIMIT_DATA, &all);
    }
    return 0;
  }

  pipit::Context& context_;
};

}  // namespace test

PIPIT_OPERATOR("test/text.stranger", "1.0.0", "for tests", test::Stranger);
