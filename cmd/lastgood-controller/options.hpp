// The flags of lastgood-controller. An environment variable can set each flag too. The flag has
// precedence.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace lastgood {

struct Options {
  std::string kubeconfig;               // empty: the service account of the pod
  std::string context;                  // empty: current-context
  std::vector<std::string> namespaces;  // empty: all
  std::string listen = "0.0.0.0:8080";
  std::string log_format = "json";
  std::string log_level = "info";
  std::string lease_namespace;  // empty: the namespace of the pod or of the context, or "default"
  std::string lease_name = "lastgood";
  std::string identity;  // empty: host name and process id
  int breaker_rollbacks = 5;
  int breaker_percent = 10;
  Duration breaker_within{300'000};  // 5 min
  bool read_secrets = false;
};

struct Parsed {
  bool run = false;  // false for --help, --version and invalid flags: exit with exit_code
  int exit_code = 0;
  Options options;
};

// Prints the help, the version or the error, if there is one to print.
[[nodiscard]] Parsed parse_options(int argc, char** argv);

}  // namespace lastgood
