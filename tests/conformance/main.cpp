// Asks a real API server for everything that the one in memory claims. Writes only into one namespace, which must be there.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <ctime>
#include <map>
#include <string_view>

#include "conformance/suite.hpp"
#include "net/kube_client.hpp"
#include "net/kubeconfig.hpp"

namespace {

using lastgood::conformance::Finding;

int report(const std::vector<Finding>& findings) {
  std::size_t wrong = 0;
  for (const Finding& finding : findings) {
    wrong += finding.wrong.empty() ? 0 : 1;
    std::printf("%s  %s%s%s\n", finding.wrong.empty() ? "ok    " : "FAILED", finding.claim.c_str(),
                finding.wrong.empty() ? "" : ": ", finding.wrong.c_str());
  }
  std::printf("conformance: %zu of %zu claims hold\n", findings.size() - wrong, findings.size());
  return wrong == 0 && !findings.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string_view, std::string> options{{"--kubeconfig", ""}, {"--context", ""}, {"--namespace", "conformance"}};
  for (int i = 1; i < argc; i += 2) {
    if (!options.contains(argv[i]) || i + 1 == argc) {
      std::fprintf(stderr, "usage: %s --kubeconfig FILE [--context NAME] [--namespace NAME]\n", argv[0]);
      return 2;
    }
    options[argv[i]] = argv[i + 1];
  }
  auto credentials = lastgood::net::load_kubeconfig(options["--kubeconfig"], options["--context"]);
  if (!credentials) {
    std::fprintf(stderr, "%s\n", credentials.error().message.c_str());
    return 2;
  }
  boost::asio::io_context io(1);
  auto client = lastgood::net::KubeClient::create(io.get_executor(), std::move(*credentials), nullptr);
  if (!client) {
    std::fprintf(stderr, "%s\n", client.error().message.c_str());
    return 2;
  }
  int code = 1;
  const std::string run = "run-" + std::to_string(std::time(nullptr));
  boost::asio::co_spawn(io, lastgood::conformance::examine(**client, options["--namespace"], run),
                        [&](const std::exception_ptr& error, const std::vector<Finding>& findings) {
                          if (!error) code = report(findings);
                          (*client)->stop();
                        });
  io.run();
  return code;
}
