// Where the API server is and who we are there: from a kubeconfig file, or from what every pod is given.
// Reads files and the environment once; knows nothing of connections.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace lastgood::net {

struct Credentials {
  bool tls = true;
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 443;
  std::string base_path;        // what comes before every target, without a slash at its end; usually empty
  std::string server_name;      // the name the certificate must bear; empty: host
  bool verify = true;           // false only where insecure-skip-tls-verify is said
  std::string ca_pem;           // empty: the machine's own authorities
  std::string certificate_pem;  // the client's; empty: none
  std::string key_pem;
  std::string token;       // bearer token that never changes; empty: none
  std::string token_file;  // one that is rotated: read again as it ages; wins over token
  std::string namespace_;  // of the context, or the pod's own; empty: not said
  std::string source;      // for messages: "context \"dev\" of /root/.kube/config", "the pod's service account"
};

// `context` empty: the file's current-context. Errors are BadInput and name the file, the field, and where a name is not
// found the nearest one. Files that it names are read now (but the token file), relative to the file's own folder.
[[nodiscard]] Result<Credentials> load_kubeconfig(const std::string& file, const std::string& context);

// What kubelet gives to a pod. The defaults are the real ones; a test gives its own.
struct PodEnvironment {
  std::optional<std::string> host;  // KUBERNETES_SERVICE_HOST
  std::optional<std::string> port;  // KUBERNETES_SERVICE_PORT
  std::string directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};
[[nodiscard]] PodEnvironment pod_environment();
[[nodiscard]] Result<Credentials> load_in_cluster(const PodEnvironment& pod);

}  // namespace lastgood::net
