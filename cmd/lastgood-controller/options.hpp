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
  // The breaker opens if the Deployments that fail or were rolled back are more than this number
  // and more than this percentage of the guarded Deployments. 0 Deployments: there is no breaker.
  int breaker_rollbacks = 5;
  int breaker_percent = 10;
  // How long a failure or a rollback counts. The breaker closes this long after both limits were
  // last exceeded.
  Duration breaker_within{300'000};  // 5 min
  // A release can be held if other Deployments began to fail within a minute of it: at least this
  // number, and at least this percentage of the guarded Deployments. 0 Deployments: other
  // Deployments never hold a release.
  int shared_cause_deployments = 2;
  int shared_cause_percent = 1;
  bool read_secrets = false;
  std::string alerts_listen;       // ADDRESS:PORT for Alertmanager's webhook; empty: no receiver
  std::string alerts_token_file;   // the bearer token that Alertmanager must send
  std::string prometheus_address;  // of the checks `prometheus` without an address; empty: none
  std::string prometheus_credentials;  // folder with the credentials for it; empty: none
};

struct Parsed {
  bool run = false;  // false: exit with exit_code
  int exit_code = 0;
  Options options;
};

// Returns run = false for --help, for --version, and if a flag or environment variable is invalid.
// Then the function has printed the help, the version or the error.
[[nodiscard]] Parsed parse_options(int argc, char** argv);

}  // namespace lastgood
