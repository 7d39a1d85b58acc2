// What the controller may be told: flags, each also an environment variable.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace lastgood {

struct Options {
  std::string kubeconfig;
  std::string context;
  std::vector<std::string> namespaces;
  std::string listen = "0.0.0.0:8080";
  std::string log_format = "json";
  std::string log_level = "info";
  std::string lease_namespace;
  std::string lease_name = "lastgood";
  std::string identity;
  int breaker_rollbacks = 5;
  int breaker_percent = 10;
  Duration breaker_within{300'000};
  bool read_secrets = false;
};

// Nothing: the exit code is set, because of --help, --version or what could not be understood.
struct Parsed {
  bool run = false;
  int exit_code = 0;
  Options options;
};
[[nodiscard]] Parsed parse_options(int argc, char** argv);

}  // namespace lastgood
