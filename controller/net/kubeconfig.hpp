// The address of the API server and the credentials for it, from a kubeconfig file or from the
// service account of a pod. KubeIdentity calls these functions again, because files are rotated.
//
// https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace lastgood::net {

struct Credentials {
  bool tls = true;
  std::string host;  // a DNS name, or an IP address without brackets
  std::uint16_t port = 443;
  std::string base_path;        // precedes the path of every request; no slash at the end
  std::string server_name;      // expected in the server's certificate; empty: host
  bool verify = true;           // false if insecure-skip-tls-verify is true
  std::string ca_pem;           // trusted authorities; empty: those of the operating system
  std::string certificate_pem;  // of the client; empty: none
  std::string key_pem;
  std::string token;       // a fixed bearer token; empty: none
  std::string token_file;  // a token that is rotated; takes precedence over token
  std::string namespace_;  // of the context or of the pod; empty: unknown
  // For messages: "context \"dev\" of /root/.kube/config", "the pod's service account".
  std::string source;

  bool operator==(const Credentials&) const = default;
};

// An empty `context` means current-context. Reads the certificates and the key that the kubeconfig
// names, but not the token file. Relative paths begin at the folder of the kubeconfig. Returns
// BadInput if something is missing or invalid. The message has the file and the field, and suggests
// the nearest name if a context, cluster or user does not exist.
[[nodiscard]] Result<Credentials> load_kubeconfig(const std::string& file,
                                                  const std::string& context);

// The environment variables and the folder that kubelet gives to each pod.
struct PodEnvironment {
  std::optional<std::string> host;  // KUBERNETES_SERVICE_HOST
  std::optional<std::string> port;  // KUBERNETES_SERVICE_PORT
  std::string directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};
[[nodiscard]] PodEnvironment pod_environment();

// BadInput if the host, the token file or ca.crt is missing, or if the port is invalid. Without a
// port, the port is 443. Without a namespace file, the namespace is unknown.
[[nodiscard]] Result<Credentials> load_in_cluster(const PodEnvironment& pod);

}  // namespace lastgood::net
