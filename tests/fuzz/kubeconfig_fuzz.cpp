// A kubeconfig, which is YAML.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "codec/http_header.hpp"
#include "fuzz.hpp"
#include "net/http_message.hpp"
#include "net/kubeconfig.hpp"

using namespace lastgood;
using namespace lastgood::fuzz;

namespace {

// A file in memory with a path.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : file_(::memfd_create("kubeconfig", MFD_CLOEXEC)) {
    if (file_ < 0 || ::write(file_, text.data(), text.size()) != std::ssize(text))
      throw std::system_error(errno, std::generic_category());
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(file_); }

  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

void require_usable(const net::Credentials& credentials) {
  require(!credentials.host.empty() && credentials.port != 0, "the server has an address");
  require(codec::valid_header_value(codec::host_header(credentials.host, credentials.port, true)),
          "the host is a valid header");
  require(net::valid_target(credentials.base_path + "/"), "the path of the server is valid");
  require(credentials.certificate_pem.empty() == credentials.key_pem.empty(),
          "a client certificate has a key");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(text_of(data, size));
  for (const char* context : {"", "dev"}) {
    const auto credentials = net::load_kubeconfig(file.path(), context);
    if (credentials) {
      require_usable(*credentials);
    } else {
      require_message(credentials.error().message, 16 * 1024);
      require(credentials.error().kind == ErrorKind::BadInput, "an invalid file is BadInput");
    }
  }
  return 0;
}
