// Checks the behaviors of the suite on a real API server. Writes only into one namespace, which
// must exist. Exit codes: 0 all checks passed, 1 a check failed or an exception ended the suite,
// 2 the arguments or the kubeconfig are not valid.
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

using lastgood::conformance::BehaviorResult;

int report(const std::vector<BehaviorResult>& results) {
  std::size_t failed = 0;
  for (const BehaviorResult& result : results) {
    failed += result.failure.empty() ? 0 : 1;
    std::printf("%s  %s%s%s\n", result.failure.empty() ? "ok    " : "FAILED",
                result.description.c_str(), result.failure.empty() ? "" : ": ",
                result.failure.c_str());
  }
  std::printf("conformance: %zu of %zu behaviors passed\n", results.size() - failed,
              results.size());
  return failed == 0 && !results.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string_view, std::string> options{
      {"--kubeconfig", ""}, {"--context", ""}, {"--namespace", "conformance"}};
  for (int i = 1; i < argc; i += 2) {
    if (!options.contains(argv[i]) || i + 1 == argc) {
      std::fprintf(stderr, "usage: %s --kubeconfig FILE [--context NAME] [--namespace NAME]\n",
                   argv[0]);
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
  auto client =
      lastgood::net::KubeClient::create(io.get_executor(), std::move(*credentials), nullptr);
  if (!client) {
    std::fprintf(stderr, "%s\n", client.error().message.c_str());
    return 2;
  }
  int code = 1;
  const std::string name_prefix = "run-" + std::to_string(std::time(nullptr));
  boost::asio::co_spawn(
      io, lastgood::conformance::check_behaviors(**client, options["--namespace"], name_prefix),
      [&](const std::exception_ptr& error, const std::vector<BehaviorResult>& results) {
        if (!error) code = report(results);
        (*client)->stop();
      });
  io.run();
  return code;
}
